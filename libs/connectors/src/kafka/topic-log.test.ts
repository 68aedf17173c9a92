import { testTopic, until, type TestTopic } from '@weir/testkit';
import { Kafka, logLevel } from 'kafkajs';
import { TopicLog } from './topic-log';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function given(partitions: number, config: Record<string, string> = {}): Promise<{ topic: TestTopic; log: TopicLog }> {
  const topic = await testTopic(partitions, config);
  const log = new TopicLog(topic.kafka, topic.name);
  closing.push(() => topic.drop(), () => log.close());
  return { topic, log };
}

async function send(topic: TestTopic, partition: number, timestamps: readonly number[]): Promise<void> {
  const producer = topic.kafka.producer({ idempotent: true });
  await producer.connect();
  await producer.send({ topic: topic.name, messages: timestamps.map((timestamp) => ({ partition, value: 'x', timestamp: String(timestamp) })) });
  await producer.disconnect();
}

const T = Date.parse('2026-01-01T00:00:00Z');

test('knows its cluster, partitions and both ends', async () => {
  const { topic, log } = await given(11);
  await send(topic, 10, [T, T + 1, T + 2]);
  const admin = topic.kafka.admin();
  await admin.connect();
  closing.push(() => admin.disconnect());
  await admin.fetchTopicOffsets(topic.name);
  await admin.deleteTopicRecords({ topic: topic.name, partitions: [{ partition: 10, offset: '1' }] });
  expect(await log.cluster()).toBe((await admin.describeCluster()).clusterId);
  expect(await log.partitions()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const bounds = await log.bounds();
  expect([bounds.get(3), bounds.get(10)]).toEqual([{ start: 0, end: 0 }, { start: 1, end: 3 }]);
});

test('says where a stream begins: at either end, or at the first record that is not before a time', async () => {
  const { topic, log } = await given(2);
  await send(topic, 0, [T, T + 5_000, T + 1_000, T + 9_000]);
  const starts = async (start: string) => [...(await log.startOffsets(start))];
  expect(await starts('earliest')).toEqual([[0, 0], [1, 0]]);
  expect(await starts('latest')).toEqual([[0, 4], [1, 0]]);
  expect(await starts('2026-01-01T00:00:01Z')).toEqual([[0, 1], [1, 0]]);
  expect(await starts('2026-01-01T00:00:10Z')).toEqual([[0, 4], [1, 0]]);
});

test('finds the first record from a time on, another time for each partition, with its own time', async () => {
  const { topic, log } = await given(3);
  await send(topic, 0, [T, T + 5_000, T + 1_000]);
  await send(topic, 1, [T + 7_000]);
  expect([...(await log.firstFrom(new Map([[0, T + 1], [1, T]])))]).toEqual([[0, { offset: 1, timestamp: T + 5_000 }], [1, { offset: 0, timestamp: T + 7_000 }]]);
  expect([...(await log.firstFrom(new Map([[0, T + 5_001], [2, T]])))]).toEqual([]);
});

test.each([
  [{ 'retention.ms': '1234', 'retention.bytes': '-1' }, { milliseconds: 1234, bytes: undefined }],
  [{ 'retention.ms': '-1', 'retention.bytes': '5000' }, { milliseconds: undefined, bytes: 5000 }],
  [{ 'retention.ms': '1234', 'cleanup.policy': 'compact' }, { milliseconds: undefined, bytes: undefined }],
  [{ 'retention.ms': '1234', 'cleanup.policy': 'compact,delete' }, { milliseconds: 1234, bytes: undefined }],
])('knows how long records stay with %j', async (config, retention) => {
  expect(await (await given(1, config)).log.retention()).toEqual(retention);
});

test('a topic that does not exist is TOPIC_MISSING and names it', async () => {
  const { topic } = await given(1);
  const log = new TopicLog(topic.kafka, `${topic.name}-not`);
  closing.push(() => log.close());
  await expect(log.bounds()).rejects.toMatchObject({ code: 'TOPIC_MISSING', place: `${topic.name}-not` });
});

test('without a broker a question is UNAVAILABLE within seconds', async () => {
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry: { retries: 1, initialRetryTime: 10 }, connectionTimeout: 500 });
  const log = new TopicLog(kafka, 'any');
  closing.push(() => log.close());
  await expect(log.bounds()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
}, 15_000);

test('sees partitions that were added when it is opened anew', async () => {
  const { topic } = await given(1);
  const admin = topic.kafka.admin();
  await admin.connect();
  closing.push(() => admin.disconnect());
  await admin.createPartitions({ topicPartitions: [{ topic: topic.name, count: 3 }] });
  const found = await until(
    async () => {
      const log = new TopicLog(topic.kafka, topic.name);
      closing.push(() => log.close());
      const bounds = await log.bounds();
      return bounds.size > 1 && bounds;
    },
    { timeoutMs: 10_000, what: 'The new partitions' },
  );
  expect([...found.keys()]).toEqual([0, 1, 2]);
});
