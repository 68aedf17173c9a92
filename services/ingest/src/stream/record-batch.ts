import type { LogRecords } from '@weir/connectors';
import { VALUE_SEPARATOR, type PoisonReason } from '@weir/core';
import type { PoisonedRecord, RecordBatch, RecordHeader } from '@weir/rpc';
import { MAX_RECORD_BYTES, type Gathered } from './gatherer';

/** Originals up to this size travel with the batch; larger ones go to the lake first. */
const INLINE_BYTES = 64 * 1024;

/** Stores the original of a record that is too large to travel; gives its path below the lake's root. */
export type SetAside = (bytes: Buffer) => Promise<string>;

/** Writes a micro-batch in columns, each as one piece of bytes: nothing here but the copy of each record's bytes is done for each record. */
export async function recordBatch(topic: string, { parts, records: count }: Gathered, setAside: SetAside): Promise<RecordBatch> {
  const all = parts.flatMap(({ records }) => records);
  const keys = keyColumn(all, count);
  const values = valueColumn(all, count);
  return {
    topic,
    values: values.bytes,
    valueLengths: values.lengths,
    keys: keys.bytes,
    keyLengths: keys.lengths,
    timestamps: timestampsOf(all, count),
    ranges: parts.flatMap(({ ranges }) => ranges),
    headers: headersOf(all),
    poisoned: await poisonedRecords(all, setAside),
  };
}

/** Bytes one after the other, and their lengths as int32; −1 stands for null. */
interface Column {
  readonly bytes: Buffer;
  readonly lengths: Buffer;
}

function keyColumn(all: readonly LogRecords[], count: number): Column {
  const lengths = lengthColumn(all, count, (records, index) => records.keyLength(index));
  const bytes = Buffer.allocUnsafe(sumOf(lengths));
  let at = 0;
  for (const records of all) for (let index = 0; index < records.length; index++) at = records.copyKey(index, bytes, at);
  return { bytes, lengths };
}

/** Each value is followed by a separator. One that is poison is empty: it goes another way. */
function valueColumn(all: readonly LogRecords[], count: number): Column {
  const lengths = lengthColumn(all, count, (records, index) => (records.poisoned || isTooLarge(records, index) ? 0 : records.valueLength(index)));
  const bytes = Buffer.allocUnsafe(sumOf(lengths) + count);
  let at = 0;
  for (const records of all) {
    for (let index = 0; index < records.length; index++) {
      if (!isTooLarge(records, index)) at = records.copyValue(index, bytes, at);
      bytes[at++] = VALUE_SEPARATOR;
    }
  }
  return { bytes, lengths };
}

function lengthColumn(all: readonly LogRecords[], count: number, lengthAt: (records: LogRecords, index: number) => number): Buffer {
  const lengths = Buffer.allocUnsafe(4 * count);
  let at = 0;
  for (const records of all) for (let index = 0; index < records.length; index++) at = lengths.writeInt32LE(lengthAt(records, index), at);
  return lengths;
}

function sumOf(lengths: Buffer): number {
  let sum = 0;
  for (let at = 0; at < lengths.length; at += 4) sum += Math.max(0, lengths.readInt32LE(at));
  return sum;
}

function timestampsOf(all: readonly LogRecords[], count: number): Buffer {
  const bytes = Buffer.allocUnsafe(8 * count);
  let at = 0;
  for (const records of all) {
    for (let index = 0; index < records.length; index++) {
      const milliseconds = records.timestamp(index);
      bytes.writeUInt32LE(milliseconds % 2 ** 32 >>> 0, at);
      at = bytes.writeInt32LE(Math.floor(milliseconds / 2 ** 32), at + 4);
    }
  }
  return bytes;
}

function headersOf(all: readonly LogRecords[]): RecordHeader[] {
  const headers: RecordHeader[] = [];
  eachRecord(all, (records, index, ordinal) => {
    if (!records.hasHeaders(index)) return;
    for (const [name, value] of Object.entries(records.headers(index))) {
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null) headers.push({ ordinal, name, value: Buffer.from(one) });
    }
  });
  return headers;
}

async function poisonedRecords(all: readonly LogRecords[], setAside: SetAside): Promise<PoisonedRecord[]> {
  const found: { ordinal: number; reason: PoisonReason; bytes: Buffer }[] = [];
  eachRecord(all, (records, index, ordinal) => {
    if (!records.poisoned && !isTooLarge(records, index)) return;
    const { poison, value } = records.record(index);
    found.push({ ordinal, reason: poison?.reason ?? 'too_large', bytes: (poison ? poison.bytes : value) ?? EMPTY });
  });
  const poisoned: PoisonedRecord[] = [];
  for (const { ordinal, reason, bytes } of found) {
    const inline = bytes.length <= INLINE_BYTES;
    poisoned.push({ ordinal, reason, original: inline ? bytes : EMPTY, originalPath: inline ? '' : await setAside(bytes), length: bytes.length });
  }
  return poisoned;
}

const EMPTY = Buffer.alloc(0);

function isTooLarge(records: LogRecords, index: number): boolean {
  return records.valueLength(index) > MAX_RECORD_BYTES;
}

function eachRecord(all: readonly LogRecords[], see: (records: LogRecords, index: number, ordinal: number) => void): void {
  let ordinal = 0;
  for (const records of all) for (let index = 0; index < records.length; index++) see(records, index, ordinal++);
}
