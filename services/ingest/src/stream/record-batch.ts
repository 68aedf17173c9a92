import { poisonOf, type LogMessage } from '@weir/connectors';
import { VALUE_SEPARATOR, type PoisonReason } from '@weir/core';
import type { PoisonedRecord, RecordBatch, RecordHeader, RecordRange } from '@weir/rpc';
import { MAX_RECORD_BYTES, type Gathered } from './gatherer';

/** Originals up to this size travel with the batch; larger ones go to the lake first. */
const INLINE_BYTES = 64 * 1024;

/** Stores the original of a record that is too large to travel; gives its path below the lake's root. */
export type SetAside = (bytes: Buffer) => Promise<string>;

/** Writes a micro-batch in columns, each as one piece of bytes: nothing here but the copy of each record's bytes is done for each record. */
export async function recordBatch(topic: string, { parts, records }: Gathered, setAside: SetAside): Promise<RecordBatch> {
  const flat = parts.flatMap((part) => part.records);
  const poisoned = await poisonedRecords(flat, setAside);
  const empty = new Set(poisoned.map(({ ordinal }) => ordinal));
  const keys = packed(flat.map(({ key }) => key), 0);
  const values = packed(flat.map(({ value }, ordinal) => (empty.has(ordinal) ? EMPTY : value)), 1);
  return {
    topic,
    values: values.bytes,
    valueLengths: values.lengths,
    keys: keys.bytes,
    keyLengths: keys.lengths,
    timestamps: timestampsOf(flat, records),
    ranges: parts.flatMap(rangesOf),
    headers: headersOf(flat),
    poisoned,
  };
}

const EMPTY = Buffer.alloc(0);

/** The bytes one after the other, each followed by `separators` separators, and their lengths as int32. */
function packed(texts: readonly (Buffer | null)[], separators: 0 | 1): { bytes: Buffer; lengths: Buffer } {
  let size = 0;
  for (const text of texts) size += (text?.length ?? 0) + separators;
  const bytes = Buffer.allocUnsafe(size);
  const lengths = Buffer.allocUnsafe(4 * texts.length);
  let at = 0;
  for (const [ordinal, text] of texts.entries()) {
    lengths.writeInt32LE(text ? text.length : -1, 4 * ordinal);
    if (text) at += text.copy(bytes, at);
    if (separators) bytes[at++] = VALUE_SEPARATOR;
  }
  return { bytes, lengths };
}

function timestampsOf(records: readonly LogMessage[], count: number): Buffer {
  const bytes = Buffer.allocUnsafe(8 * count);
  for (const [ordinal, { timestamp }] of records.entries()) {
    const milliseconds = Number(timestamp);
    bytes.writeUInt32LE(milliseconds % 2 ** 32 >>> 0, 8 * ordinal);
    bytes.writeInt32LE(Math.floor(milliseconds / 2 ** 32), 8 * ordinal + 4);
  }
  return bytes;
}

/** A new range wherever an offset is missing or the grain changes. */
function rangesOf({ partition, records, grains }: Gathered['parts'][number]): RecordRange[] {
  const ranges: RecordRange[] = [];
  let open: RecordRange | undefined;
  for (const [at, record] of records.entries()) {
    const offset = Number(record.offset);
    const grain = grains[at] ?? '';
    if (open && open.grain === grain && open.offset + open.count === offset) open.count += 1;
    else ranges.push((open = { partition, offset, count: 1, grain }));
  }
  return ranges;
}

function headersOf(records: readonly LogMessage[]): RecordHeader[] {
  return records.flatMap(({ headers = {} }, ordinal) =>
    Object.entries(headers).flatMap(([name, value]) => {
      const values = Array.isArray(value) ? value : [value];
      return values.flatMap((one): RecordHeader[] => (one === undefined || one === null ? [] : [{ ordinal, name, value: Buffer.from(one) }]));
    }),
  );
}

async function poisonedRecords(records: readonly LogMessage[], setAside: SetAside): Promise<PoisonedRecord[]> {
  const poisoned: PoisonedRecord[] = [];
  for (const [ordinal, record] of records.entries()) {
    const found = poisonIn(record);
    if (!found) continue;
    const { reason, bytes } = found;
    const inline = bytes.length <= INLINE_BYTES;
    poisoned.push({ ordinal, reason, original: inline ? bytes : EMPTY, originalPath: inline ? '' : await setAside(bytes), length: bytes.length });
  }
  return poisoned;
}

function poisonIn(record: LogMessage): { reason: PoisonReason; bytes: Buffer } | undefined {
  if ((record.value?.length ?? 0) > MAX_RECORD_BYTES) return { reason: 'too_large', bytes: record.value ?? EMPTY };
  const found = poisonOf(record);
  return found && { reason: found.reason, bytes: found.bytes ?? EMPTY };
}
