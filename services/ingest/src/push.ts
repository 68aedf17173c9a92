import { WeirError, type Definition, type KafkaSource } from '@weir/core';
import { activeSpanContext, type StageGate } from '@weir/platform';
import type { LogPosition, PushRequest, PushResponse } from '@weir/rpc';
import type { AnsweredKeys } from './answered-keys';
import type { KafkaClients } from './kafka';
import type { Metadata } from './metadata';
import type { Producers } from './producers';
import { pushBatches } from './push-batches';

const MOST_KEY_LENGTH = 200;

/** What a call answers, save for whether it was repeated. */
export type PushAnswer = Pick<PushResponse, 'records' | 'positions'>;

/** What pushing takes. */
export interface PushDependencies extends Pick<Metadata, 'newest'>, Pick<KafkaClients, 'producers'> {
  readonly pushed: AnsweredKeys<PushAnswer>;
  /** Bounds the calls that send at a time. */
  readonly pushes: StageGate;
}

/**
 * Writes the records of a call to the topic of its pipeline, and answers when every replica in sync has them. A call that is repeated with its key within the hour gets the stored answer; after
 * a restart of the service its records come again, and the identity of the tables' rows makes them one. A call that fails may have written some of its records.
 * Throws INVALID_VALUE for a call, record or pipeline that cannot be pushed, PIPELINE_NOT_FOUND, TOPIC_MISSING, UNAVAILABLE, BUSY, CANCELLED.
 */
export async function push(deps: PushDependencies, requests: AsyncIterable<PushRequest>, signal: AbortSignal): Promise<PushResponse> {
  const messages = requests[Symbol.asyncIterator]();
  const first = await messages.next();
  if (first.done) throw invalid('The call has no message.', 'Send one with the pipeline and an idempotency key first.');
  const { pipeline, idempotencyKey } = first.value;
  assertKey(idempotencyKey);
  const source = topicOf(await deps.newest(pipeline, signal));
  const send = () => deps.pushes.run(signal, () => sendAll(deps.producers(source.connection), source.topic, idempotencyKey, withFirst(first.value, messages), signal));
  const { answer, repeated } = await deps.pushed.once(`${pipeline} ${idempotencyKey}`, signal, send);
  return { ...answer, repeatedKey: repeated };
}

function assertKey(key: string): void {
  if (key.length >= 1 && key.length <= MOST_KEY_LENGTH && /^[\x21-\x7e]+$/.test(key)) return;
  throw invalid(`\`${key.slice(0, MOST_KEY_LENGTH)}\` is no idempotency key.`, `Use 1 to ${MOST_KEY_LENGTH} characters such as those of a UUID, the same for each repetition of a call.`);
}

function topicOf({ name, source }: Definition): KafkaSource {
  if (source.type === 'kafka') return source;
  throw invalid(`The pipeline ${name} reads no topic.`, 'Push to a pipeline whose source is of type kafka.');
}

async function* withFirst(first: PushRequest, rest: AsyncIterator<PushRequest>): AsyncGenerator<PushRequest> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** One batch is on its way while the next one is read; no more of the call is taken meanwhile. */
async function sendAll(producers: Producers, topic: string, idempotencyKey: string, requests: AsyncIterable<PushRequest>, signal: AbortSignal): Promise<PushAnswer> {
  const positions = new Map<number, LogPosition>();
  let records = 0;
  await producers.use(topic, async (producer) => {
    let sending: Promise<void> = Promise.resolve();
    for await (const batch of pushBatches(requests, { idempotencyKey, traceparent: traceparent(), now: Date.now })) {
      await sending;
      if (signal.aborted) break;
      records += batch.length;
      sending = producer.send(batch).then((sent) => sent.forEach((range) => merge(positions, range)));
      // Awaited before the next one; until then its failure is nobody's.
      sending.catch(() => undefined);
    }
    await sending;
  });
  // What a caller that left had sent looks like a call that ended.
  if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'The caller cancelled; some of its records may be in the topic.' });
  return { records, positions: [...positions.values()].sort((one, other) => one.partition - other.partition) };
}

function merge(positions: Map<number, LogPosition>, range: LogPosition): void {
  const known = positions.get(range.partition);
  positions.set(range.partition, { partition: range.partition, next: Math.max(known?.next ?? 0, range.next), greatestTimestamp: Math.max(known?.greatestTimestamp ?? 0, range.greatestTimestamp) });
}

/** W3C's text of the active span. */
function traceparent(): string | undefined {
  const span = activeSpanContext();
  return span && `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

function invalid(message: string, fix: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message, fix });
}
