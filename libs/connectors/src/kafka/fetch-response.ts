import { WeirError } from '@weir/core';
import { AbortedTransactions } from './aborted-transactions';
import { isIntact } from './damaged-batches';
import { Decoder, decodeMessageSet, type OldMessage } from './kafkajs-internals';
import { LogRecords, STRIDE } from './log-records';
import { BATCH_HEADER_BYTES, damagedBatch, decodeRecordBatch, substituteRecords, type DecodedBatch, type FetchedBatch } from './record-batch';

/** What the records of one response may take once they are decoded. What does not fit is left for the next fetch. */
export const MAX_DECODED_BYTES = 64 * 1024 * 1024;

/** A record's numbers; and a batch's own objects, measured: about this. */
const RECORD_BYTES = STRIDE * Float64Array.BYTES_PER_ELEMENT;
const BATCH_BYTES = 400;
const BATCH_PREFIX_BYTES = 12;
const MAGIC_AT = 16;
const RECORD_BATCH_MAGIC = 2;

/** A partition's records as they came, and the list that its batches go to. */
interface RecordSet {
  readonly topic: string;
  readonly partition: number;
  readonly records: Buffer;
  readonly aborted: AbortedTransactions;
  readonly messages: FetchedBatch[];
}

/**
 * Decodes fetch responses of one version (4 to 11) in kafkajs's stead. Its own decoder throws for a batch that it cannot read, and for a
 * batch of more than 120,000 records, which fails every fetch from that broker for ever; and it inflates all of a response at
 * once. This one holds batches against their checksums, gives substitutes for what cannot be read and stops at MAX_DECODED_BYTES, as though the response ended there. It leaves records of
 * aborted transactions out by itself, and tells kafkajs of none. For kafkajs a message is a whole record batch.
 */
export function fetchDecoder(version: number): (response: Buffer) => Promise<unknown> {
  return async (response) => {
    const decoder = new Decoder(response);
    const sets: RecordSet[] = [];
    const throttleTime = decoder.readInt32();
    const session = version < 7 ? {} : { errorCode: decoder.readInt16(), sessionId: decoder.readInt32() };
    const responses = decoder.readArray(() => readTopic(decoder, version, sets));
    await decodeSets(sets);
    // From version 8 on the broker expects the client to do the waiting.
    return { ...(version < 8 ? { throttleTime } : { throttleTime: 0, clientSideThrottleTime: throttleTime }), ...session, responses };
  };
}

function readTopic(decoder: Decoder, version: number, sets: RecordSet[]): object {
  const topicName = decoder.readString();
  return { topicName, partitions: decoder.readArray(() => readPartition(decoder, version, topicName, sets)) };
}

function readPartition(decoder: Decoder, version: number, topic: string, sets: RecordSet[]): object {
  const partition = decoder.readInt32();
  const errorCode = decoder.readInt16();
  const highWatermark = decoder.readInt64().toString();
  const lastStableOffset = decoder.readInt64().toString();
  const start = version < 5 ? {} : { lastStartOffset: decoder.readInt64().toString() };
  const abortedTransactions = decoder.readArray(() => ({ producerId: decoder.readInt64().toString(), firstOffset: decoder.readInt64().toString() }));
  const replica = version < 11 ? {} : { preferredReadReplica: decoder.readInt32() };
  const size = decoder.readInt32();
  const messages: FetchedBatch[] = [];
  if (size > 0) sets.push({ topic, partition, records: decoder.readBytes(size), aborted: new AbortedTransactions(abortedTransactions), messages });
  return { partition, errorCode, highWatermark, lastStableOffset, ...start, abortedTransactions: [], ...replica, messages };
}

/** Starts anywhere: where a response is more than the budget, no partition is always the last. */
async function decodeSets(sets: readonly RecordSet[]): Promise<void> {
  const start = Math.floor(Math.random() * sets.length);
  let spent = 0;
  for (const set of [...sets.slice(start), ...sets.slice(0, start)]) spent = await decodeSet(set, spent);
}

async function decodeSet({ topic, partition, records, aborted, messages }: RecordSet, before: number): Promise<number> {
  let spent = before;
  for (let at = 0; spent < MAX_DECODED_BYTES; ) {
    const end = entryEnd(records, at, partition);
    if (end === undefined) break;
    const { batch, inflatedBytes } = await decodeEntry(records.subarray(at, end), { topic, partition, aborted });
    messages.push(batch);
    spent += inflatedBytes + BATCH_BYTES + RECORD_BYTES * batch.records.length;
    at = end;
  }
  return spent;
}

/** Where the batch or message at `at` ends; undefined for one that the broker has cut off to keep to the size asked for. */
function entryEnd(records: Buffer, at: number, partition: number): number | undefined {
  if (at + MAGIC_AT >= records.length) return undefined;
  const length = records.readInt32BE(at + 8);
  const magic = records.readInt8(at + MAGIC_AT);
  const shortest = magic === RECORD_BATCH_MAGIC ? BATCH_HEADER_BYTES : MAGIC_AT + 1;
  if (magic > RECORD_BATCH_MAGIC || magic < 0 || BATCH_PREFIX_BYTES + length < shortest) {
    throw new WeirError({ code: 'INTERNAL', message: `The Kafka broker sent a record batch of format ${magic} and ${length} bytes at offset ${records.readBigInt64BE(at)}.`, place: `partition ${partition}` });
  }
  const end = at + BATCH_PREFIX_BYTES + length;
  return end <= records.length ? end : undefined;
}

async function decodeEntry(entry: Buffer, { topic, partition, aborted }: Pick<RecordSet, 'topic' | 'partition' | 'aborted'>): Promise<DecodedBatch> {
  if (entry.readInt8(MAGIC_AT) !== RECORD_BATCH_MAGIC) return decodeOldMessage(entry);
  return isIntact(entry, topic, partition) ? decodeRecordBatch(entry, aborted) : damagedBatch(entry);
}

/** One message of the formats before Kafka 0.11; a compressed one holds others, and has the offset of the last of them. */
async function decodeOldMessage(entry: Buffer): Promise<DecodedBatch> {
  // kafkajs gives an empty list, too, where what is inside is cut off.
  const messages = await decodeMessageSet(new Decoder(entry), entry.length).catch(() => []);
  const offset = Number(entry.readBigInt64BE(0));
  const records = messages.length > 0 ? oldRecords(messages) : substituteRecords([offset], NO_TIME, 'records_corrupt', entry);
  const timestamp = records.timestamp(records.length - 1);
  return { batch: { offset: messages.at(-1)?.offset ?? String(offset), isControlRecord: false, timestamp, records }, inflatedBytes: messages.reduce((bytes, { key, value }) => bytes + (key?.length ?? 0) + (value?.length ?? 0), 0) };
}

/** What Kafka itself says of a message without a time. */
const NO_TIME = -1;

function oldRecords(messages: readonly OldMessage[]): LogRecords {
  const pieces: Buffer[] = [];
  const table = new Float64Array(STRIDE * messages.length);
  let at = 0;
  const put = (bytes: Buffer | null): [at: number, length: number] => {
    if (bytes) pieces.push(bytes);
    at += bytes?.length ?? 0;
    return [at - (bytes?.length ?? 0), bytes?.length ?? -1];
  };
  for (const [index, { offset, timestamp, key, value }] of messages.entries()) table.set([Number(offset), Number(timestamp ?? NO_TIME), ...put(key), ...put(value), NO_HEADERS], STRIDE * index);
  return new LogRecords(Buffer.concat(pieces), table);
}

const NO_HEADERS = -1;
