import { gzipSync } from 'node:zlib';
import { batchOf, emptyRecords, encodeRecords, produce, testTopic, type TestTopic, until } from '@weir/testkit';
import { CompressionTypes, type Consumer, type Message, Partitioners, type Producer } from 'kafkajs';
import { registerCodecs } from './codecs';
import type { FetchedBatch } from './record-batch';

const CODECS = [
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
] as const;
const LINES = Array.from({ length: 5000 }, (_, i) => JSON.stringify({ id: i, country: ['DE', 'FR'][i % 2], amount: (i * 7919) % 1000 }));

let topic: TestTopic;
let producer: Producer;
let consumer: Consumer | undefined;

beforeAll(registerCodecs);

async function open(config: Readonly<Record<string, string>>): Promise<void> {
  topic = await testTopic(1, config);
  producer = topic.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
}

afterEach(async () => {
  await consumer?.disconnect();
  await producer.disconnect();
  await topic.drop();
  consumer = undefined;
});

function send(messages: Message[], compression: CompressionTypes): Promise<unknown> {
  return producer.send({ topic: topic.name, messages, compression });
}

/** Each message of the topic's partition up to an offset: its offset with its value or the reason why it has none. */
async function read(end: number): Promise<[offset: number, what: string | undefined][]> {
  const read: [number, string | undefined][] = [];
  consumer = topic.kafka.consumer({ groupId: topic.name, maxWaitTimeInMs: 50, maxBytesPerPartition: 1024 * 1024 });
  await consumer.connect();
  await consumer.subscribe({ topic: topic.name, fromBeginning: true });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { records } of batch.messages as unknown as readonly FetchedBatch[]) for (const { offset, poison, value } of records) read.push([offset, poison?.reason ?? value?.toString()]);
    },
  });
  await until(() => read.length >= end || (read.at(-1)?.[0] ?? -1) >= end - 1, { timeoutMs: 30_000 });
  return read;
}

describe('with a real broker', () => {
  it.each(CODECS)('what we compress with %s is what Kafka accepts, and comes back', async (_, compression) => {
    await open({});
    await send(LINES.map((value) => ({ value })), compression);
    expect(await read(LINES.length)).toEqual(LINES.map((value, offset) => [offset, value]));
  });

  it.each(CODECS)('what Kafka compresses with %s can be read', async (name) => {
    await open({ 'compression.type': name });
    for (let from = 0; from < LINES.length; from += 1000) await send(LINES.slice(from, from + 1000).map((value) => ({ value })), CompressionTypes.None);
    expect(await read(LINES.length)).toEqual(LINES.map((value, offset) => [offset, value]));
  });

  it.each(CODECS)('a batch that %s makes too large is poison, and its neighbours arrive', async (_, compression) => {
    await open({ 'max.message.bytes': '5000000' });
    await send([{ value: 'before' }], compression);
    await send([{ value: Buffer.alloc(40 * 1024 * 1024) }], compression);
    await send([{ value: 'after' }], CompressionTypes.None);
    expect(await read(3)).toEqual([[0, 'before'], [1, 'inflated_too_large'], [2, 'after']]);
  });

  it('a batch of very many records arrives, one of more than 200,000 is poison', async () => {
    await open({});
    for (const count of [150_000, 200_001]) await produce(topic.brokers[0] ?? '', topic.name, batchOf({ payload: gzipSync(encodeRecords(emptyRecords(count))), count, attributes: 1, baseTimestamp: BigInt(Date.now()) }));
    await send([{ value: 'after' }], CompressionTypes.None);
    const messages = await read(350_002);
    expect(messages).toHaveLength(150_002);
    expect(messages.slice(-3)).toEqual([[149_999, undefined], [350_000, 'too_many_records'], [350_001, 'after']]);
  });
});
