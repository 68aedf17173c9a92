import type { AbortedTransactions } from './aborted-transactions';
import type { BatchFault } from './batch-fault';
import { CODEC, inflate } from './inflate';
import { HEADERS_AT, KEY_AT, KEY_LENGTH, LogRecords, OFFSET, STRIDE, TIMESTAMP, VALUE_AT, VALUE_LENGTH } from './log-records';
import { RecordReader, UnreadableRecord } from './record-reader';

/** Bytes of a batch before its records (Kafka's record format 2). */
export const BATCH_HEADER_BYTES = 61;
/** Most records and record headers of one batch: whatever its own size, each takes some bytes of ours. */
export const MAX_BATCH_ITEMS = 200_000;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** Longest part of an unreadable batch that is kept for quarantine. */
const KEPT_BYTES = 1024 * 1024;

/** What a batch says of itself. */
export interface BatchHeader {
  readonly codec: number;
  readonly baseOffset: number | bigint;
  readonly baseTimestamp: number | bigint;
  readonly maxTimestamp: number | bigint;
  readonly lastOffsetDelta: number;
  readonly producerId: bigint;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  /** All records have the time at which the broker took them. */
  readonly isAppendTime: boolean;
  readonly count: number;
}

/**
 * What kafkajs takes for a message: all of a batch. Its offset is the batch's last one, so that a consumer gets past it, whatever compaction took of it. Control batches and batches of aborted
 * transactions have no records that anybody sees; kafkajs passes over them by itself.
 */
export interface FetchedBatch {
  readonly offset: string;
  readonly isControlRecord: boolean;
  /** The greatest of its records, or what the batch says that it is, milliseconds. */
  readonly timestamp: number;
  readonly records: LogRecords;
}

export interface DecodedBatch {
  readonly batch: FetchedBatch;
  /** Bytes that its records hold on to beyond the response they came in. */
  readonly inflatedBytes: number;
}

/**
 * Decodes one whole record batch of format 2. A batch that cannot be read gives substitutes in place of its records: as many as its header says, one alone when that is more than
 * MAX_BATCH_ITEMS; the last has the batch's last offset.
 */
export async function decodeRecordBatch(bytes: Buffer, aborted?: AbortedTransactions): Promise<DecodedBatch> {
  const header = readHeader(bytes);
  if (header.count === 0 || aborted?.hides(header)) return { batch: hidden(header), inflatedBytes: 0 };
  const inflated = header.count > MAX_BATCH_ITEMS ? 'too_many_records' : await inflate(header.codec, bytes.subarray(BATCH_HEADER_BYTES));
  const records = typeof inflated === 'string' ? inflated : readRecords(inflated, header);
  if (typeof records === 'string') return { batch: { ...seen(header), records: substitutes(header, records, bytes) }, inflatedBytes: 0 };
  if (header.isControlBatch) {
    aborted?.ended(header, records.record(records.length - 1).key);
    return { batch: hidden(header), inflatedBytes: 0 };
  }
  return { batch: { ...seen(header), records }, inflatedBytes: header.codec === CODEC.none || typeof inflated === 'string' ? 0 : inflated.length };
}

/** Substitutes for the records of a batch whose bytes are not those that were written. */
export function damagedBatch(bytes: Buffer): DecodedBatch {
  const header = readHeader(bytes);
  return { batch: { ...seen(header), records: substitutes(header, 'records_corrupt', bytes) }, inflatedBytes: 0 };
}

function seen(header: BatchHeader): Omit<FetchedBatch, 'records'> {
  return { offset: String(sum(header.baseOffset, lastDelta(header))), isControlRecord: false, timestamp: Number(header.maxTimestamp) };
}

function hidden(header: BatchHeader): FetchedBatch {
  return { ...seen(header), isControlRecord: true, records: NONE };
}

const NONE = new LogRecords(Buffer.alloc(0), new Float64Array(0));

function lastDelta({ lastOffsetDelta }: BatchHeader): number {
  return Math.max(0, lastOffsetDelta);
}

function readHeader(batch: Buffer): BatchHeader {
  const attributes = batch.readInt16BE(21);
  return {
    codec: attributes & CODEC_MASK,
    baseOffset: narrow(batch.readBigInt64BE(0)),
    baseTimestamp: narrow(batch.readBigInt64BE(27)),
    maxTimestamp: narrow(batch.readBigInt64BE(35)),
    lastOffsetDelta: batch.readInt32BE(23),
    producerId: batch.readBigInt64BE(43),
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
    isControlBatch: (attributes & CONTROL) !== 0,
    isAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    count: batch.readInt32BE(57),
  };
}

/** A number where it can take any delta exactly: every real offset and time. Bigints would be most of the cost of a record. */
function narrow(value: bigint): number | bigint {
  return value > -(2n ** 52n) && value < 2n ** 52n ? Number(value) : value;
}

function readRecords(bytes: Buffer, header: BatchHeader): LogRecords | BatchFault {
  if (header.count < 1) return 'records_corrupt';
  const reader = new RecordReader(bytes);
  const table = new Float64Array(STRIDE * header.count);
  let items = MAX_BATCH_ITEMS - header.count;
  let previous = -1;
  try {
    for (let at = 0; at < table.length; at += STRIDE) {
      const { offsetDelta, headers } = readRecord(reader, header, { table, at, items });
      // Positions rest on offsets: they rise, and stay inside the batch. Compaction may leave gaps.
      if (offsetDelta <= previous || offsetDelta > header.lastOffsetDelta) return 'records_corrupt';
      previous = offsetDelta;
      items -= headers;
    }
  } catch (error) {
    if (error instanceof UnreadableRecord) return error.reason;
    throw error;
  }
  return reader.atEnd ? new LogRecords(bytes, table) : 'records_corrupt';
}

/** Reads one record into the table at `at`; it may have so many `items` of headers. */
function readRecord(reader: RecordReader, header: BatchHeader, { table, at, items }: { table: Float64Array; at: number; items: number }): { offsetDelta: number; headers: number } {
  const end = reader.end();
  // The attributes of a record are not used by Kafka.
  reader.skip();
  const timestampDelta = reader.varlong();
  const offsetDelta = reader.varint();
  const keyLength = reader.pass(end);
  table[at + KEY_AT] = reader.at - Math.max(0, keyLength);
  table[at + KEY_LENGTH] = keyLength;
  const valueLength = reader.pass(end);
  table[at + VALUE_AT] = reader.at - Math.max(0, valueLength);
  table[at + VALUE_LENGTH] = valueLength;
  const headersAt = reader.at;
  const headers = reader.passHeaders(end, items);
  if (reader.at !== end) throw new UnreadableRecord();
  table[at + HEADERS_AT] = headers === 0 ? -1 : headersAt;
  table[at + OFFSET] = sum(header.baseOffset, offsetDelta);
  table[at + TIMESTAMP] = header.isAppendTime ? Number(header.maxTimestamp) : sum(header.baseTimestamp, timestampDelta);
  return { offsetDelta, headers };
}

function substitutes(header: BatchHeader, reason: BatchFault, batch: Buffer): LogRecords {
  const last = lastDelta(header);
  const count = header.count < 1 || header.count > MAX_BATCH_ITEMS ? 1 : Math.min(header.count, last + 1);
  const offsets = Array.from({ length: count }, (_, i) => sum(header.baseOffset, i === count - 1 ? last : i));
  return substituteRecords(offsets, Number(header.baseTimestamp), reason, batch);
}

/** Records without key and value at the offsets given, in place of what could not be read. */
export function substituteRecords(offsets: readonly number[], timestamp: number, reason: BatchFault, batch: Buffer): LogRecords {
  const table = new Float64Array(STRIDE * offsets.length);
  for (const [index, offset] of offsets.entries()) table.set([offset, timestamp, 0, -1, 0, -1, -1], STRIDE * index);
  // A copy: the batch is a part of a fetch response that should not be kept whole.
  return new LogRecords(EMPTY, table, { reason, bytes: Buffer.from(batch.subarray(0, KEPT_BYTES)), firstOffset: offsets[0] ?? 0 });
}

const EMPTY = Buffer.alloc(0);

/** Base and delta in 64 bits; exact up to 2^53, which no real offset or time reaches. */
function sum(base: number | bigint, delta: number | bigint): number {
  if (typeof base === 'number' && typeof delta === 'number') return base + delta;
  return Number(BigInt.asIntN(64, BigInt(base) + BigInt(delta)));
}
