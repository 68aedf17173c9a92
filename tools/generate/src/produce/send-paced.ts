import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Message, Producer } from 'kafkajs';

/** A record and when it is to be sent. */
export interface DueRecord {
  readonly key: string | null;
  readonly value: Buffer;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Milliseconds since 1970; a time that has passed means at once. Never before that of the record before it. */
  readonly due: number;
}

export interface SendOptions {
  readonly topic: string;
  /** Ends the sending after the batch that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Told after every batch how many records Kafka has. */
  readonly onSent?: ((records: number) => void) | undefined;
}

/** What was sent. */
export interface Sent {
  readonly records: number;
  /** Bytes of values. */
  readonly bytes: number;
  readonly tookMs: number;
  /** The most that a record was sent after it was due: above a second, Kafka or this process did not keep up. */
  readonly latestMs: number;
}

const MAX_BATCH_RECORDS = 2_000;
/** All records of a batch may be of one partition, whose share of a request is 1 MiB at most. */
const MAX_BATCH_BYTES = 512 * 1024;
/** At low rates a request for each record would keep broker and client busier than the records do. */
const LINGER_MS = 5;

/**
 * Sends records in their order when they are due, whatever the broker does meanwhile: one that is slow finds all that became due since in the next batches.
 * One batch is under way at a time and is acknowledged by all replicas, so that with an idempotent producer each record is in the topic once.
 * The records of a batch carry the context of its span, `send <topic>`, as `traceparent`, where telemetry runs.
 */
export async function sendPaced(producer: Producer, records: Iterable<DueRecord> | AsyncIterable<DueRecord>, { topic, signal, onSent }: SendOptions): Promise<Sent> {
  const started = Date.now();
  const sent = { records: 0, bytes: 0, latestMs: 0 };
  let batch = new Batch();
  const flush = async (): Promise<void> => {
    if (batch.size === 0) return;
    sent.latestMs = Math.max(sent.latestMs, Date.now() - batch.firstDue);
    await send(producer, topic, batch.messages);
    sent.records += batch.size;
    sent.bytes += batch.bytes;
    batch = new Batch();
    onSent?.(sent.records);
  };
  for await (const record of records) {
    if (signal?.aborted) break;
    if (record.due > Date.now() || batch.isFullWith(record)) await flush();
    await until(record.due, signal);
    if (signal?.aborted) break;
    batch.add(record);
  }
  if (!signal?.aborted) await flush();
  return { ...sent, tookMs: Date.now() - started };
}

class Batch {
  readonly messages: Message[] = [];
  bytes = 0;
  firstDue = 0;

  get size(): number {
    return this.messages.length;
  }

  isFullWith({ value }: DueRecord): boolean {
    return this.size >= MAX_BATCH_RECORDS || (this.size > 0 && this.bytes + value.length > MAX_BATCH_BYTES);
  }

  add({ key, value, timestamp, due }: DueRecord): void {
    if (this.size === 0) this.firstDue = due;
    this.messages.push({ key, value, timestamp: String(timestamp) });
    this.bytes += value.length;
  }
}

/** Waits for a time that is ahead, and a little longer so that the records after it are due as well. */
async function until(due: number, signal: AbortSignal | undefined): Promise<void> {
  const ahead = due - Date.now();
  // It rejects when the signal ends it, which the caller looks at.
  if (ahead > 0) await sleep(ahead + LINGER_MS, undefined, { signal }).catch(() => undefined);
}

async function send(producer: Producer, topic: string, messages: readonly Message[]): Promise<void> {
  const attributes = { 'messaging.system': 'kafka', 'messaging.operation.name': 'send', 'messaging.operation.type': 'send', 'messaging.destination.name': topic, 'messaging.batch.message_count': messages.length };
  const span = trace.getTracer('weir').startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes });
  const headers: Record<string, string> = {};
  const spanContext = trace.setSpan(context.active(), span);
  propagation.inject(spanContext, headers);
  try {
    await producer.send({ topic, acks: -1, messages: messages.map((message) => ({ ...message, headers })) });
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message.slice(0, 1_000) : 'not sent' });
    throw error;
  } finally {
    span.end();
  }
}
