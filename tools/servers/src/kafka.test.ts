import { Kafka, logLevel } from 'kafkajs';
import { kafkaAnswers, planKafka, startKafka, type KafkaPlan } from './kafka';
import { testHome } from './testing/server-context';
import { waitUntil } from './wait';

const { context, started, dispose } = testHome({ shift: 6_500 });
let plan: KafkaPlan;
let kafka: Kafka;

beforeAll(async () => {
  plan = await planKafka(context);
  await startKafka(context, plan);
  kafka = new Kafka({ brokers: [...plan.brokers], logLevel: logLevel.NOTHING });
  await createTopic('kept');
}, 120_000);
afterAll(dispose);

const createTopic = async (topic: string): Promise<void> => {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic }], waitForLeaders: false });
  expect(await waitUntil(async () => (await admin.fetchTopicOffsets(topic)).length === 1, { timeoutMs: 10_000 })).toBe(true);
  await admin.disconnect();
};

const produce = async (topic: string, value: string): Promise<void> => {
  const producer = kafka.producer({ retry: { retries: 1 } });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
};

/** The first record of a topic, by a consumer that nobody had before. */
const first = async (topic: string, groupId: string): Promise<string | undefined> => {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise((resolve, reject) => {
      consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
};

test('a record acknowledged before a SIGKILL of the broker is there after its restart, at the same address', async () => {
  await produce('kept', 'record');
  expect(await first('kept', 'before')).toBe('record');
  const [broker] = started;
  if (!broker?.reference) throw new Error('The broker has no process.');
  process.kill(broker.reference.pid, 'SIGKILL');
  expect(await waitUntil(() => broker.restarts > 0 && broker.condition === 'healthy', { timeoutMs: 30_000 })).toBe(true);
  expect(await first('kept', 'after')).toBe('record');
});

test('a topic that nobody made is an error and not a new topic', async () => {
  await expect(produce('nobody-made', 'lost')).rejects.toThrow(/does not host this topic-partition/);
});

test("a home's Kafka keeps its number of brokers: another one is INVALID_VALUE, none asked for takes the one it has", async () => {
  await expect(planKafka(context, 3)).rejects.toMatchObject({ code: 'INVALID_VALUE', place: '--brokers', fix: expect.stringContaining('Leave out --brokers') });
  expect((await planKafka(context, 1)).brokers).toHaveLength(1);
  expect((await planKafka(context)).brokers).toHaveLength(1);
});

test('brokers that were given are used as they are when they answer, and SERVER_FAILED with the variable when not', async () => {
  const given = { ...context, env: { WEIR_KAFKA_BROKERS: plan.brokers.join(' , ') } };
  const planned = await planKafka(given);
  expect(planned).toEqual({ brokers: plan.brokers, cluster: undefined });
  expect(await startKafka(given, planned)).toEqual({ how: 'given' });
  const gone = { ...context, env: { WEIR_KAFKA_BROKERS: `${plan.brokers[0]},127.0.0.1:1` } };
  await expect(startKafka(gone, await planKafka(gone))).rejects.toMatchObject({ code: 'SERVER_FAILED', fix: expect.stringContaining('WEIR_KAFKA_BROKERS') });
});

test.each(['localhost', 'localhost:9092,', '9092'])('the brokers `%s` are refused as INVALID_VALUE', async (text) => {
  await expect(planKafka({ ...context, env: { WEIR_KAFKA_BROKERS: text } })).rejects.toMatchObject({ code: 'INVALID_VALUE', place: 'WEIR_KAFKA_BROKERS' });
});

test('the number of brokers that were given cannot be chosen', async () => {
  await expect(planKafka({ ...context, env: { WEIR_KAFKA_BROKERS: 'localhost:9092' } }, 3)).rejects.toMatchObject({ code: 'INVALID_VALUE', place: '--brokers' });
});

test('what was stopped starts again on other ports with its records', async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()));
  expect(await kafkaAnswers(plan.brokers)).toBe(false);
  const again = await planKafka(context);
  expect(again.brokers).not.toEqual(plan.brokers);
  await startKafka(context, again);
  kafka = new Kafka({ brokers: [...again.brokers], logLevel: logLevel.NOTHING });
  expect(await first('kept', 'elsewhere')).toBe('record');
});
