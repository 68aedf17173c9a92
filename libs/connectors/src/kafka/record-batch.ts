import type { IHeaders } from 'kafkajs';
import type { AbortedTransactions } from './aborted-transactions';
import { CODEC, inflate } from './inflate';
import { markPoison } from './poison-batch';
import type { BatchFault } from './batch-fault';
import { RecordReader, UnreadableRecord } from './record-reader';

/** Bytes of a batch before its records (Kafka's record format 2). */
export const BATCH_HEADER_BYTES = 61;
/** Most records and record headers of one batch: each becomes an object of some hundred bytes, whatever its own size. */
export const MAX_BATCH_ITEMS = 200_000;

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** What kafkajs's consumer wants to know about a message's batch, to leave out control records and aborted transactions. */
export interface BatchContext {
  readonly firstOffset: string;
  readonly firstTimestamp: string;
  readonly partitionLeaderEpoch: number;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly maxTimestamp: string;
  readonly timestampType: number;
  readonly magicByte: number;
}

export interface FetchedMessage {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly timestamp: string;
  readonly offset: string;
  readonly attributes: number;
  readonly headers: IHeaders;
  readonly magicByte: number;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

export interface DecodedBatch {
  readonly messages: readonly FetchedMessage[];
  /** Bytes that the decoded messages hold on to beyond the response they came in. */
  readonly inflatedBytes: number;
}

interface Header {
  readonly context: BatchContext;
  readonly codec: number;
  readonly baseOffset: number | bigint;
  readonly baseTimestamp: number | bigint;
  readonly count: number;
}

/**
 * The messages of one whole record batch of format 2. A batch that cannot be read gives substitutes in place of its records, which
 * `poisonOf` knows: as many as its header says, one alone when that is more than MAX_BATCH_ITEMS. The last has the batch's last offset,
 * so that a consumer gets past it. Where nothing else has that offset, because compaction took the last records, or all, or because the batch
 * is of an aborted transaction, a control record stands there: nobody sees one, but a consumer that got nothing would ask for the same batch for ever.
 */
export async function decodeRecordBatch(batch: Buffer, aborted?: AbortedTransactions): Promise<DecodedBatch> {
  const header = readHeader(batch);
  if (header.count === 0 || aborted?.hides(header.context)) return { messages: [endOf(header)], inflatedBytes: 0 };
  const inflated = header.count > MAX_BATCH_ITEMS ? 'too_many_records' : await inflate(header.codec, batch.subarray(BATCH_HEADER_BYTES));
  const messages = typeof inflated === 'string' ? inflated : readRecords(inflated, header);
  if (typeof messages === 'string') return { messages: substitutes(header, messages, batch), inflatedBytes: 0 };
  const last = messages.at(-1);
  if (last?.isControlRecord) aborted?.ended(header.context, last.key);
  if (last?.offset !== lastOffset(header)) messages.push(endOf(header));
  return { messages, inflatedBytes: header.codec === CODEC.none || typeof inflated === 'string' ? 0 : inflated.length };
}

function endOf(header: Header): FetchedMessage {
  return { ...newMessage(header, lastOffset(header), header.context.maxTimestamp, null, null, {}), isControlRecord: true };
}

function lastOffset({ baseOffset, context }: Header): string {
  return sum(baseOffset, Math.max(0, context.lastOffsetDelta));
}

function readHeader(batch: Buffer): Header {
  const attributes = batch.readInt16BE(21);
  const baseOffset = batch.readBigInt64BE(0);
  const baseTimestamp = batch.readBigInt64BE(27);
  const context: BatchContext = {
    firstOffset: baseOffset.toString(),
    firstTimestamp: baseTimestamp.toString(),
    partitionLeaderEpoch: batch.readInt32BE(12),
    inTransaction: (attributes & TRANSACTIONAL) !== 0,
    isControlBatch: (attributes & CONTROL) !== 0,
    lastOffsetDelta: batch.readInt32BE(23),
    producerId: batch.readBigInt64BE(43).toString(),
    producerEpoch: batch.readInt16BE(51),
    firstSequence: batch.readInt32BE(53),
    maxTimestamp: batch.readBigInt64BE(35).toString(),
    timestampType: (attributes & LOG_APPEND_TIME) !== 0 ? 1 : 0,
    magicByte: batch.readInt8(16),
  };
  return { context, codec: attributes & CODEC_MASK, baseOffset: narrow(baseOffset), baseTimestamp: narrow(baseTimestamp), count: batch.readInt32BE(57) };
}

/** A number where it can take any delta exactly: every real offset and time. Bigints would be most of the cost of a record. */
function narrow(value: bigint): number | bigint {
  return value > -(2n ** 52n) && value < 2n ** 52n ? Number(value) : value;
}

function readRecords(records: Buffer, header: Header): FetchedMessage[] | BatchFault {
  const reader = new RecordReader(records);
  const messages: FetchedMessage[] = [];
  const budget = { items: MAX_BATCH_ITEMS - header.count };
  let previous = -1;
  try {
    for (let i = 0; i < header.count; i++) {
      const { message, offsetDelta } = readRecord(reader, header, budget);
      // Positions rest on offsets: they rise, and stay inside the batch. Compaction may leave gaps.
      if (offsetDelta <= previous || offsetDelta > header.context.lastOffsetDelta) return 'records_corrupt';
      previous = offsetDelta;
      messages.push(message);
    }
  } catch (error) {
    if (error instanceof UnreadableRecord) return error.reason;
    throw error;
  }
  return reader.atEnd && messages.length > 0 ? messages : 'records_corrupt';
}

function readRecord(reader: RecordReader, header: Header, budget: { items: number }): { message: FetchedMessage; offsetDelta: number } {
  const { context } = header;
  const end = reader.end();
  // The attributes of a record are not used by Kafka.
  reader.skip();
  const timestampDelta = reader.varlong();
  const offsetDelta = reader.varint();
  const key = reader.nullableBytes(end);
  const value = reader.nullableBytes(end);
  const headers = readHeaders(reader, end, budget);
  if (reader.at !== end) throw new UnreadableRecord();
  const timestamp = context.timestampType === 1 ? context.maxTimestamp : sum(header.baseTimestamp, timestampDelta);
  return { message: newMessage(header, sum(header.baseOffset, offsetDelta), timestamp, key, value, headers), offsetDelta };
}

function readHeaders(reader: RecordReader, end: number, budget: { items: number }): IHeaders {
  const headers: IHeaders = {};
  const count = reader.varint();
  // Before the loop, so that a count out of nowhere costs nothing.
  if (count < 0 || count > end - reader.at) throw new UnreadableRecord();
  budget.items -= count;
  if (budget.items < 0) throw new UnreadableRecord('too_many_records');
  for (let i = 0; i < count; i++) {
    const name = reader.text(end);
    // kafkajs's types have no null here, its own decoder gives one all the same.
    addHeader(headers, name, reader.nullableBytes(end) as Buffer);
  }
  return headers;
}

/** A name that stands twice has an array of its values, as in kafkajs. */
function addHeader(headers: IHeaders, name: string, value: Buffer): void {
  if (!Object.hasOwn(headers, name)) {
    // Not by assignment: `__proto__` would set the object's prototype.
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const before = headers[name] as Buffer | Buffer[];
  if (Array.isArray(before)) before.push(value);
  else headers[name] = [before, value];
}

function substitutes(header: Header, reason: BatchFault, batch: Buffer): readonly FetchedMessage[] {
  const { context, baseOffset } = header;
  const last = Math.max(0, context.lastOffsetDelta);
  const count = header.count < 1 || header.count > MAX_BATCH_ITEMS ? 1 : Math.min(header.count, last + 1);
  const messages = Array.from({ length: count }, (_, i) => newMessage(header, sum(baseOffset, i === count - 1 ? last : i), context.firstTimestamp, null, null, {}));
  markPoison(messages, reason, batch);
  return messages;
}

function newMessage(header: Header, offset: string, timestamp: string, key: Buffer | null, value: Buffer | null, headers: IHeaders): FetchedMessage {
  const { context } = header;
  return { magicByte: context.magicByte, attributes: 0, timestamp, offset, key, value, headers, isControlRecord: context.isControlBatch, batchContext: context };
}

/** Base and delta in 64 bits, as text. */
function sum(base: number | bigint, delta: number | bigint): string {
  if (typeof base === 'number' && typeof delta === 'number') return String(base + delta);
  return BigInt.asIntN(64, BigInt(base) + BigInt(delta)).toString();
}
