import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { ensureTopic } from '@weir/generate';
import { benchOrder } from './bench-orders';

/** What to send: all at once without a rate, else so many a second. */
export interface SendOrdersJob {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  /** Records a second; undefined for as fast as it goes. */
  readonly rate?: number | undefined;
}

const BATCH = 5_000;
const TICK_MS = 5;

/** Makes the topic and sends its records: an open loop, which never waits for what reads them. */
export async function sendOrders({ brokers, topic, partitions, records, rate }: SendOrdersJob): Promise<void> {
  const kafka = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.NOTHING });
  await ensureTopic(kafka, { topic, partitions });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, idempotent: true, maxInFlightRequests: 5 });
  await producer.connect();
  const started = performance.now();
  const open = new Set<Promise<unknown>>();
  for (let sent = 0; sent < records; ) {
    const due = rate === undefined ? sent + BATCH : Math.floor(((performance.now() - started) / 1_000) * rate);
    const until = Math.min(records, due, sent + BATCH);
    const now = Math.round((performance.timeOrigin + performance.now()) * 1_000);
    const messages = Array.from({ length: Math.max(0, until - sent) }, (_, at) => benchOrder(sent + at, now + at));
    sent = Math.max(sent, until);
    if (messages.length > 0) {
      const sending = producer.send({ topic, messages: messages.map((message) => ({ ...message, timestamp: String(Math.floor(now / 1_000)) })) }).finally(() => open.delete(sending));
      open.add(sending);
    }
    if (rate === undefined) await Promise.all(open);
    else await sleep(TICK_MS);
  }
  await Promise.all(open);
  await producer.disconnect();
}
