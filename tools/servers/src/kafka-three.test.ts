import { ConfigResourceTypes, Kafka, logLevel, type Admin, type Consumer, type Producer } from 'kafkajs';
import { kafkaAnswers, planKafka, startKafka, type KafkaPlan } from './kafka';
import { testHome } from './testing/server-context';
import { waitUntil } from './wait';

const { context, started, dispose } = testHome({ shift: 7_000 });
let plan: KafkaPlan;
let admin: Admin;
let producer: Producer;
let consumer: Consumer;

beforeAll(async () => {
  plan = await planKafka(context, 3);
  await startKafka(context, plan);
  const kafka = new Kafka({ brokers: [...plan.brokers], logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  producer = kafka.producer({ retry: { retries: 40, initialRetryTime: 100, maxRetryTime: 500 } });
  consumer = kafka.consumer({ groupId: 'reader' });
  await Promise.all([admin.connect(), producer.connect(), consumer.connect()]);
  await admin.createTopics({ topics: [{ topic: 'orders' }], waitForLeaders: false });
  expect(await waitUntil(async () => (await admin.fetchTopicOffsets('orders')).length > 0, { timeoutMs: 10_000 })).toBe(true);
}, 120_000);
afterAll(async () => {
  await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()]);
  await dispose();
}, 90_000);

const partition = async () => (await admin.fetchTopicMetadata({ topics: ['orders'] })).topics[0]?.partitions[0];
const send = (value: string) => producer.send({ topic: 'orders', acks: -1, messages: [{ value }] });

test('of three brokers every one keeps a topic, and two must have a record before it is acknowledged', async () => {
  expect((await partition())?.replicas.toSorted()).toEqual([1, 2, 3]);
  const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: 'orders', configNames: ['min.insync.replicas'] }] });
  expect(resources[0]?.configEntries[0]?.configValue).toBe('2');
});

test('when the broker that leads is killed, records are acknowledged again within 20 s, none is lost, and it comes back', async () => {
  await send('before');
  const leader = (await partition())?.leader;
  const killed = started.find(({ spec }) => spec.name === `kafka-${leader}`);
  if (!killed?.reference) throw new Error('The leader has no process.');
  const at = performance.now();
  process.kill(killed.reference.pid, 'SIGKILL');
  await send('after');
  expect(performance.now() - at).toBeLessThan(20_000);

  const read = new Set<string | undefined>();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void read.add(message.value?.toString()) });
  expect(await waitUntil(() => read.has('after'), { timeoutMs: 20_000 })).toBe(true);
  expect([...read]).toEqual(['before', 'after']);
  expect(await waitUntil(() => kafkaAnswers(plan.brokers), { timeoutMs: 30_000 })).toBe(true);
}, 90_000);
