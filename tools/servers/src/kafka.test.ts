import { Kafka, logLevel } from 'kafkajs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planKafka, startKafka, type KafkaPlan } from './kafka';
import { PortPool } from './port';
import type { ServerContext } from './server';
import { Supervised } from './supervised';
import { waitUntil } from './wait';

const home = mkdtempSync(join(tmpdir(), 'weir-kafka-'));
const started: Supervised[] = [];
const context: ServerContext = {
  home,
  env: { WEIR_SERVERS: 'native' },
  ports: new PortPool({}, 6_500 + (process.pid % 500)),
  durable: true,
  say: () => undefined,
  signal: new AbortController().signal,
  supervise: (spec) => {
    const supervised = new Supervised(spec);
    started.push(supervised);
    return supervised;
  },
};
let plan: KafkaPlan;

beforeAll(async () => {
  plan = await planKafka(context);
  await startKafka(context, plan);
}, 120_000);
afterAll(async () => {
  await Promise.all(started.map((one) => one.stop()));
  rmSync(home, { recursive: true, force: true });
});

const client = () => new Kafka({ brokers: [...plan.brokers], logLevel: logLevel.NOTHING });

const produce = async (topic: string, value: string): Promise<void> => {
  const producer = client().producer();
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
};

/** The first value of a topic. */
const fetched = async (topic: string): Promise<string | undefined> => {
  const consumer = client().consumer({ groupId: `read-${topic}-${Date.now()}` });
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    return await new Promise<string | undefined>((resolve, reject) => {
      consumer.run({ eachMessage: async ({ message }) => resolve(message.value?.toString()) }).catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
};

test('a record acknowledged before a SIGKILL of the broker is there after its restart', async () => {
  const admin = client().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }], waitForLeaders: true });
  await admin.disconnect();
  await produce('kept', 'first');
  expect(await fetched('kept')).toBe('first');

  const [broker] = started;
  if (!broker?.reference) throw new Error('The broker has no process.');
  process.kill(broker.reference.pid, 'SIGKILL');
  expect(await waitUntil(() => broker.restarts > 0 && broker.condition === 'healthy', { timeoutMs: 30_000 })).toBe(true);
  expect(await fetched('kept')).toBe('first');
});
