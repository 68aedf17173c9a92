import { startTelemetry, stopTelemetry } from '@weir/platform';
import { testTopic, until, type TestTopic } from '@weir/testkit';
import type { KafkaMessage } from 'kafkajs';
import { clickOptions } from '../clickstream/click-options';
import { clickRecord } from '../clickstream/click-record';
import { produceClicks } from '../clickstream/produce-clicks';
import { produce } from './producer';
import type { DueRecord } from './send-paced';
import { openTopic } from './topic';

type Got = KafkaMessage & { readonly partition: number };

/** All records of a topic once there are `count` of them, in the order of each partition. */
async function readBack({ kafka, name }: TestTopic, count: number): Promise<Got[]> {
  const consumer = kafka.consumer({ groupId: name, maxWaitTimeInMs: 100 });
  const got: Got[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic: name, fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message, partition }) => void got.push({ ...message, partition }) });
    await until(() => got.length >= count, { timeoutMs: 20_000, what: `${count} records` });
  } finally {
    await consumer.disconnect();
  }
  return got;
}

let topic: TestTopic;
beforeEach(async () => {
  topic = await testTopic(3);
});
afterEach(() => topic.drop());

test('clicks are in the topic once each, with key, value and timestamp, in their order within a partition', async () => {
  const options = clickOptions({ startMs: Date.now(), rate: 100_000, site: 'test' });
  const counts: number[] = [];
  const sent = await produceClicks({ brokers: topic.brokers, topic: topic.name, partitions: 3 }, options, 5_000, { onSent: (records) => counts.push(records) });
  const got = await readBack(topic, 5_000);
  const wanted = Array.from({ length: 5_000 }, (_, n) => clickRecord(options, n));
  const text = (key: Buffer | string | null | undefined, value: Buffer | null, timestamp: number | string): string => `${String(key ?? null)} ${timestamp} ${value?.toString('latin1')}`;

  expect(got.map(({ key, value, timestamp }) => text(key, value, timestamp)).sort()).toEqual(wanted.map(({ key, value, timestamp }) => text(key, value, timestamp)).sort());
  expect(sent).toMatchObject({ records: 5_000, bytes: wanted.reduce((sum, { value }) => sum + value.length, 0) });
  expect(counts.at(-1)).toBe(5_000);
  for (const number of [0, 1, 2]) {
    const times = got.filter(({ partition }) => partition === number).map(({ timestamp }) => Number(timestamp));
    expect(times.length).toBeGreaterThan(1_000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});

test('a topic that is not there is made with its partitions and settings', async () => {
  const name = `${topic.name}-new`;
  const admin = topic.kafka.admin();
  await admin.connect();
  try {
    await produce({ brokers: topic.brokers, topic: name, partitions: 2, config: { 'retention.ms': '-1' } }, [], {});
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name, configNames: ['retention.ms'] }] });
    expect(resources[0]?.configEntries[0]?.configValue).toBe('-1');
    expect(await admin.fetchTopicOffsets(name)).toHaveLength(2);
    const target = { brokers: topic.brokers, topic: name, partitions: 5 };
    await produce(target, [{ key: 'a', value: Buffer.from('a'), timestamp: 1, due: 0 }], {});
    // One that is there stays as it is.
    await expect(openTopic(target)).resolves.toBe(1);
    expect(await admin.fetchTopicOffsets(name)).toHaveLength(2);
  } finally {
    await admin.deleteTopics({ topics: [name] });
    await admin.disconnect();
  }
});

test('records are sent when they are due, those of a time together, and none after the signal', async () => {
  const ending = new AbortController();
  const started = Date.now();
  function* records(): Generator<DueRecord> {
    for (let n = 0; ; n++) yield { key: `${n}`, value: Buffer.from(`${n}`), timestamp: started, due: started + Math.floor(n / 10) * 100 };
  }
  const batches: { readonly records: number; readonly at: number }[] = [];
  const onSent = (count: number): void => {
    batches.push({ records: count, at: Date.now() - started });
    if (count >= 50) ending.abort();
  };
  const sent = await produce({ brokers: topic.brokers, topic: topic.name, partitions: 3 }, records(), { signal: ending.signal, onSent });

  expect(sent.records).toBe(50);
  expect(batches.at(-1)?.at).toBeGreaterThanOrEqual(400);
  // None before its time: after n records, the tenth of them has been due.
  for (const { records: count, at } of batches) expect(at).toBeGreaterThanOrEqual((Math.floor((count - 1) / 10)) * 100);
  await expect(readBack(topic, 50)).resolves.toHaveLength(50);
});

test('the records of a batch carry the context of its span where telemetry runs, and nothing where it does not', async () => {
  const one = (value: string): DueRecord => ({ key: value, value: Buffer.from(value), timestamp: 1, due: 0 });
  const target = { brokers: topic.brokers, topic: topic.name, partitions: 3 };
  await produce(target, [one('before')], {});
  startTelemetry('generate-test');
  try {
    await produce(target, [one('a'), one('b')], {});
    await produce(target, [one('c')], {});
  } finally {
    await stopTelemetry();
  }
  const got = new Map((await readBack(topic, 4)).map(({ value, headers }) => [value?.toString() ?? '', headers?.['traceparent']?.toString()]));
  expect(got.get('before')).toBeUndefined();
  expect(got.get('a')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(got.get('b')).toBe(got.get('a'));
  expect(got.get('c')).toMatch(/^00-/);
  expect(got.get('c')).not.toBe(got.get('a'));
});
