import { POISON_REASONS, VALUE_SEPARATOR, WeirError } from '@weir/core';
import type { PoisonedRecord, RecordBatch, RecordHeader, RecordRange } from '@weir/rpc';

/** Most records of a micro-batch. */
const MAX_RECORDS = 10_000;

/** The columns of a RecordBatch by the ordinal of the record, from 0. Bytes are views, nothing is copied. */
export interface RecordColumns {
  readonly count: number;
  readonly ranges: readonly PlacedRange[];
  /** All values, each followed by the separator. */
  readonly values: Buffer;
  /** Where each value begins, and at last where all end. */
  readonly starts: Int32Array;
  /** -1 for none. */
  readonly lengths: Int32Array;
  readonly poisoned: ReadonlyMap<number, PoisonedRecord>;
  readonly value: (ordinal: number) => Buffer | null;
  readonly key: (ordinal: number) => Buffer | null;
  /** Milliseconds since 1970, exact at any size. */
  readonly timestamp: (ordinal: number) => bigint;
  readonly headers: (ordinal: number) => readonly RecordHeader[];
  /** Such as `clicks:3:1234`. */
  readonly position: (ordinal: number) => string;
  /** The range that a record is of. */
  readonly rangeOf: (ordinal: number) => PlacedRange;
}

/** A range and where it stands in the batch. */
interface PlacedRange extends RecordRange {
  /** Topic and partition, such as `clicks:3`. */
  readonly name: string;
  /** Ordinal of its first record. */
  readonly start: number;
}

/** Reads a batch. Throws INVALID_VALUE for one whose columns do not fit each other, or with more than 10,000 records. */
export function recordColumns(batch: RecordBatch | undefined): RecordColumns {
  if (!batch || batch.topic === '') throw invalid('it has no records, or no topic');
  const { ranges, poisoned } = batch;
  const count = ranges.reduce((sum, range) => sum + range.count, 0);
  if (ranges.some((range) => range.count < 1 || range.offset < 0 || range.partition < 0 || range.grain === '') || count < 1) throw invalid('a range is empty, or says no place or grain');
  if (count > MAX_RECORDS) throw invalid(`it has ${count} records, and the most is ${MAX_RECORDS}`);
  const values = column(batch.values, batch.valueLengths, count, 1);
  const keys = column(batch.keys, batch.keyLengths, count, 0);
  const timestamps = asBuffer(batch.timestamps);
  if (timestamps.length !== 8 * count) throw invalid('there is not one timestamp for each record');
  for (let n = 1; n <= count; n++) if (values.bytes[(values.starts[n] ?? 0) - 1] !== VALUE_SEPARATOR) throw invalid('a value is not followed by the separator');
  const placed = placeRanges(batch.topic, ranges);
  const rangeOf = (ordinal: number) => rangeAt(placed, ordinal);
  return {
    count,
    ranges: placed,
    values: values.bytes,
    starts: values.starts,
    lengths: values.lengths,
    poisoned: poisonedBy(poisoned, count),
    value: values.at,
    key: keys.at,
    timestamp: (ordinal) => timestamps.readBigInt64LE(8 * ordinal),
    headers: headersBy(batch.headers),
    position: (ordinal) => {
      const { name, offset, start } = rangeOf(ordinal);
      return `${name}:${offset + ordinal - start}`;
    },
    rangeOf,
  };
}

interface Column {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  readonly at: (ordinal: number) => Buffer | null;
}

/** `separators`: bytes that follow each entry. */
function column(bytes: Uint8Array, lengthBytes: Uint8Array, count: number, separators: 0 | 1): Column {
  const buffer = asBuffer(bytes);
  const packed = asBuffer(lengthBytes);
  if (packed.length !== 4 * count) throw invalid('there is not one length for each record');
  const lengths = new Int32Array(count);
  const starts = new Int32Array(count + 1);
  let start = 0;
  for (let n = 0; n < count; n++) {
    const length = packed.readInt32LE(4 * n);
    if (length < -1) throw invalid(`a length is ${length}`);
    lengths[n] = length;
    start += Math.max(length, 0) + separators;
    starts[n + 1] = start;
  }
  if (start !== buffer.length) throw invalid(`the lengths say ${start} bytes, and there are ${buffer.length}`);
  return {
    bytes: buffer,
    starts,
    lengths,
    at: (ordinal) => {
      const [from, length] = [starts[ordinal] ?? 0, lengths[ordinal] ?? -1];
      return length < 0 ? null : buffer.subarray(from, from + length);
    },
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Sorted by record when the first one is asked for: most batches have nothing to tell of their headers. */
function headersBy(headers: readonly RecordHeader[]): (ordinal: number) => readonly RecordHeader[] {
  let sorted: Map<number, RecordHeader[]> | undefined;
  return (ordinal) => {
    sorted ??= byOrdinal(headers);
    return sorted.get(ordinal) ?? [];
  };
}

function byOrdinal(headers: readonly RecordHeader[]): Map<number, RecordHeader[]> {
  const sorted = new Map<number, RecordHeader[]>();
  for (const header of headers) {
    const list = sorted.get(header.ordinal);
    if (list) list.push(header);
    else sorted.set(header.ordinal, [header]);
  }
  return sorted;
}

function placeRanges(topic: string, ranges: readonly RecordRange[]): PlacedRange[] {
  let start = 0;
  return ranges.map((range) => {
    const placed = { ...range, name: `${topic}:${range.partition}`, start };
    start += range.count;
    return placed;
  });
}

/** By halves: a compacted topic has a range for every few records. */
function rangeAt(ranges: readonly PlacedRange[], ordinal: number): PlacedRange {
  let [low, high] = [0, ranges.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ranges[middle]?.start ?? 0) <= ordinal) low = middle;
    else high = middle - 1;
  }
  const found = ranges[low];
  if (!found) throw new WeirError({ code: 'INTERNAL', message: `No range has record ${ordinal}.` });
  return found;
}

const KNOWN: ReadonlySet<string> = new Set(POISON_REASONS.map(([reason]) => reason));

function poisonedBy(poisoned: readonly PoisonedRecord[], count: number): Map<number, PoisonedRecord> {
  for (const { ordinal, reason } of poisoned) {
    if (ordinal < 0 || ordinal >= count) throw invalid(`record ${ordinal} is poisoned, and there are ${count}`);
    if (!KNOWN.has(reason)) throw invalid(`\`${reason}\` is no reason for a record to be poisoned`);
  }
  return new Map(poisoned.map((record) => [record.ordinal, record]));
}

function invalid(what: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message: `The record batch cannot be read: ${what}.`, stage: 'validate' });
}
