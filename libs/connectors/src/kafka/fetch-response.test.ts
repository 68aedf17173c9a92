import { gzipSync } from 'node:zlib';
import { isWeirError } from '@weir/core';
import { registerCodecs } from './codecs';
import { fetchDecoder, MAX_DECODED_BYTES } from './fetch-response';
import { FETCH_RESPONSES } from './kafkajs-internals';
import type { LogRecord } from './log-records';
import type { FetchedBatch } from './record-batch';
import { batchOf, emptyRecords, encodeRecords, fetchResponse, recordsOf, type KafkaJsRecord } from '@weir/testkit';

interface Encoder {
  readonly buffer: Buffer;
}
const newMessageSet = require('kafkajs/src/protocol/messageSet') as (set: { messageVersion: number; compression: number; entries: readonly object[] }) => Encoder;

/** kafkajs's own decoders, as they were before ours took their place: the oracle for what they can read. */
const BY_KAFKAJS = new Map([...FETCH_RESPONSES].map(([version, { decode }]) => [version, decode]));
const VERSIONS = [...BY_KAFKAJS.keys()];

beforeAll(registerCodecs);

interface Response<Message> {
  readonly responses: readonly { readonly partitions: readonly { readonly messages: readonly Message[] }[] }[];
}

async function batchesOf(response: Buffer, version = 11): Promise<(readonly FetchedBatch[])[]> {
  const decoded = (await fetchDecoder(version)(response)) as Response<FetchedBatch>;
  return decoded.responses.flatMap(({ partitions }) => partitions.map(({ messages }) => messages));
}

async function recordsIn(response: Buffer, version = 11): Promise<LogRecord[][]> {
  return (await batchesOf(response, version)).map((batches) => batches.flatMap(({ records }) => [...records]));
}

/** A response with what both readers say of a record. Kafkajs lists aborted transactions; ours leaves their records out by itself. */
function comparable<Message>(decoded: Response<Message>, recordsOfMessage: (message: Message) => readonly (LogRecord | KafkaJsRecord)[]): object {
  const plain = ({ offset, timestamp, key, value, headers = {} }: LogRecord | KafkaJsRecord): object => ({ offset: Number(offset), timestamp: Number(timestamp ?? -1), key, value, headers });
  const responses = decoded.responses.map((topic) => ({ ...topic, partitions: topic.partitions.map((partition) => ({ ...partition, abortedTransactions: [], messages: partition.messages.flatMap((message) => recordsOfMessage(message).map(plain)) })) }));
  return { ...decoded, responses };
}

async function byKafkajs(version: number, response: Buffer): Promise<object> {
  return comparable((await BY_KAFKAJS.get(version)?.(response)) as Response<KafkaJsRecord>, (record) => [record]);
}

async function byOurs(version: number, response: Buffer): Promise<object> {
  return comparable((await fetchDecoder(version)(response)) as Response<FetchedBatch>, ({ records }) => [...records]);
}

function values(records: readonly LogRecord[] | undefined): (string | undefined)[] | undefined {
  return records?.map(({ poison, value }) => poison?.reason ?? value?.toString());
}

/** A batch of the values given, from an offset on. */
function batch(baseOffset: number, ...of: readonly string[]): Buffer {
  return batchOf({ baseOffset: BigInt(baseOffset), payload: encodeRecords(recordsOf(...of)), count: of.length });
}

describe('a fetch response', () => {
  it('reaches kafkajs through its own protocol objects', () => {
    for (const [version, { decode }] of FETCH_RESPONSES) expect(decode).not.toBe(BY_KAFKAJS.get(version));
  });

  it.each(VERSIONS)('of version %i is what kafkajs makes of it', async (version) => {
    const compressed = batchOf({ baseOffset: 3n, payload: gzipSync(encodeRecords(recordsOf('d', 'e'))), count: 2, attributes: 1 });
    const cutOff = batch(5, 'f').subarray(0, -1);
    const response = fetchResponse(version, [Buffer.concat([batch(0, 'a', 'b', 'c'), compressed, cutOff]), Buffer.alloc(0), batch(9, 'g').subarray(0, 30)]);
    expect(await byOurs(version, response)).toEqual(await byKafkajs(version, response));
    expect((await recordsIn(response, version)).map(values)).toEqual([['a', 'b', 'c', 'd', 'e'], [], []]);
  });

  it('gives what is before and after a batch that cannot be read', async () => {
    const poison = batchOf({ baseOffset: 1n, payload: Buffer.from('?'), count: 2, attributes: 7 });
    expect((await recordsIn(fetchResponse(11, [Buffer.concat([batch(0, 'a'), poison, batch(3, 'd')])]))).map(values)).toEqual([['a', 'codec_unknown', 'codec_unknown', 'd']]);
  });

  it('gets a consumer past a batch whose last records compaction took, or all of them', async () => {
    const tail = batchOf({ baseOffset: 1n, payload: encodeRecords(recordsOf('b')), count: 1, lastOffsetDelta: 3 });
    const empty = batchOf({ baseOffset: 5n, payload: Buffer.alloc(0), count: 0, lastOffsetDelta: 4 });
    const [batches] = await batchesOf(fetchResponse(11, [Buffer.concat([batch(0, 'a'), tail, empty])]));
    expect(batches?.map(({ offset, isControlRecord, records }) => [offset, isControlRecord, [...records].map((record) => record.offset)])).toEqual([['0', false, [0]], ['4', false, [1]], ['9', true, []]]);
  });

  it('holds batches of more records than a call has arguments', async () => {
    const response = fetchResponse(11, [batchOf({ payload: encodeRecords(emptyRecords(150_000)), count: 150_000 })]);
    await expect(BY_KAFKAJS.get(11)?.(response)).rejects.toThrow('Maximum call stack size exceeded');
    expect((await recordsIn(response))[0]).toHaveLength(150_000);
  });

  it('stops between batches once they take 64 MiB, and gives every partition its turn', async () => {
    const large = (offset: number): Buffer => batchOf({ baseOffset: BigInt(offset), payload: gzipSync(encodeRecords(recordsOf('x'.repeat(20 * 1024 * 1024)))), count: 1, attributes: 1 });
    const five = Buffer.concat([0, 1, 2, 3, 4].map(large));
    const response = fetchResponse(11, [five, five, five]);
    const got = new Set<number>();
    for (let fetches = 0; fetches < 100 && got.size < 3; fetches++) {
      const counts = (await batchesOf(response)).map((batches) => batches.length);
      // One that crosses the line is let through.
      expect(counts.reduce((sum, count) => sum + count)).toBe(Math.ceil(MAX_DECODED_BYTES / (20 * 1024 * 1024)));
      counts.forEach((count, partition) => count > 0 && got.add(partition));
    }
    expect(got.size).toBe(3);
  });

  it('with a batch that was damaged on its way is fetched again; one that stays so gives substitutes, and what is before and after it', async () => {
    const damaged = (): Buffer => {
      const bytes = batch(1, 'b', 'c');
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 2) ^ 4, bytes.length - 2);
      return fetchResponse(11, [Buffer.concat([batch(0, 'a'), bytes, batch(3, 'd')])]);
    };
    const whole = fetchResponse(11, [Buffer.concat([batch(0, 'a'), batch(1, 'b', 'c'), batch(3, 'd')])]);
    await expect(recordsIn(damaged())).rejects.toMatchObject({ retriable: true, message: expect.stringContaining('topic:0:1') });
    expect((await recordsIn(whole)).map(values)).toEqual([['a', 'b', 'c', 'd']]);
    for (let fetches = 0; fetches < 2; fetches += 1) await expect(recordsIn(damaged())).rejects.toMatchObject({ retriable: true });
    expect((await recordsIn(damaged())).map(values)).toEqual([['a', 'records_corrupt', 'records_corrupt', 'd']]);
    expect((await recordsIn(whole)).map(values)).toEqual([['a', 'b', 'c', 'd']]);
  });

  it('has no byte behind the checksum of a batch that can be another one unnoticed', async () => {
    const bytes = batch(20, 'abcdefgh', 'i');
    for (let at = 17; at < bytes.length; at += 1) {
      const spoilt = Buffer.from(bytes);
      spoilt.writeUInt8(spoilt.readUInt8(at) ^ (1 << at % 8), at);
      await expect(recordsIn(fetchResponse(11, [spoilt]))).rejects.toMatchObject({ retriable: true });
      await recordsIn(fetchResponse(11, [bytes]));
    }
  });

  it('of a broker that sends what is no batch is an error', async () => {
    const tooShort = batch(0, 'a');
    tooShort.writeInt32BE(20, 8);
    const unknownFormat = batch(0, 'a');
    unknownFormat.writeInt8(3, 16);
    for (const records of [tooShort, unknownFormat]) expect(isWeirError(await batchesOf(fetchResponse(11, [records])).catch((error: unknown) => error))).toBe(true);
  });
});

describe('messages in the formats before Kafka 0.11', () => {
  /** A wrapper message at an offset, whose value is a compressed set of messages. */
  function wrapper(messageVersion: number, offset: number, value: Buffer, compression = 1): Buffer {
    const set = newMessageSet({ messageVersion, compression: 0, entries: [{ key: null, value, timestamp: 1_700_000_000_000, compression }] }).buffer;
    set.writeBigInt64BE(BigInt(offset), 0);
    return set;
  }

  it.each([0, 1])('of format %i are what kafkajs makes of them', async (messageVersion) => {
    const inner = newMessageSet({ messageVersion, compression: 1, entries: ['a', 'b'].map((value) => ({ key: null, value: Buffer.from(value), timestamp: 1_700_000_000_000 })) }).buffer;
    const response = fetchResponse(4, [Buffer.concat([wrapper(messageVersion, 11, gzipSync(inner)), wrapper(messageVersion, 12, Buffer.from('c'), 0)])]);
    expect(await byOurs(4, response)).toEqual(await byKafkajs(4, response));
    expect((await recordsIn(response, 4)).map(values)).toEqual([['a', 'b', 'c']]);
  });

  it.each([0, 1])('of format %i are substituted when they cannot be read', async (messageVersion) => {
    const cutOff = gzipSync(Buffer.from('no messages'));
    const response = fetchResponse(4, [Buffer.concat([wrapper(messageVersion, 3, Buffer.from('no gzip')), wrapper(messageVersion, 5, cutOff), wrapper(messageVersion, 6, Buffer.from('c'), 0)])]);
    const [records] = await recordsIn(response, 4);
    expect(values(records)).toEqual(['records_corrupt', 'records_corrupt', 'c']);
    expect(records?.map(({ offset }) => offset)).toEqual([3, 5, 6]);
  });
});
