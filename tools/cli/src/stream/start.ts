import { WeirError, type Definition } from '@weir/core';
import type { ConsumerProgress, pipelineStream, StreamRequest } from '@weir/orchestrator';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlreadyStarted, type Temporal } from '../temporal';
import { fromTemporal } from '../temporal-failure';
import { readConsumers } from './consumers';
import { progressOf, STREAM_WORKFLOW, streamIdOf, streamNotFound, type OpenStream } from './find-stream';

/** Most consumers of a group; the orchestrator refuses more. */
const MAX_CONSUMERS = 64;
/** A group forms within seconds; a first join waits for the brokers' own topics. */
const CONSUMING_MS = 60_000;
const POLL_MS = 200;

/** Throws INVALID_VALUE for a pipeline that has no stream. */
export function assertRealtime({ name, mode }: Pick<Definition, 'name' | 'mode'>): void {
  if (mode === 'realtime') return;
  throw new WeirError({ code: 'INVALID_VALUE', place: name, message: `${name} is of mode ${mode}, so it has no stream.`, fix: `Run it with \`weir run ${name}\`, or give it \`mode: realtime\` and a topic, and apply it.` });
}

/** The number of --consumers. Throws INVALID_VALUE. */
export function parseConsumers(text: string, place = '--consumers'): number {
  const consumers = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (consumers < 1 || consumers > MAX_CONSUMERS) throw new WeirError({ code: 'INVALID_VALUE', place, message: `\`${text}\` is not a number of consumers.`, fix: `Give a number from 1 to ${MAX_CONSUMERS}.` });
  return consumers;
}

/** Starts the stream of a pipeline. Throws NOT_POSSIBLE while it is at work. */
export async function startStream({ client, taskQueue }: Temporal, input: StreamRequest): Promise<OpenStream> {
  const { pipeline } = input;
  const workflowId = streamIdOf(pipeline);
  const options = { taskQueue, workflowId, workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE' } as const;
  const handle = await client.workflow.start<typeof pipelineStream>(STREAM_WORKFLOW, { ...options, args: [input] }).catch((error: unknown) => {
    if (!isAlreadyStarted(error)) throw error;
    throw new WeirError({ code: 'NOT_POSSIBLE', place: workflowId, message: `The stream of ${pipeline} is at work already.`, fix: `Look at it with \`weir streams show ${pipeline}\`, or change its consumers with \`weir streams scale ${pipeline} <n>\`.` });
  });
  return { pipeline, workflowId, runId: handle.firstExecutionRunId };
}

/**
 * Waits until all consumers of a stream have their partitions, and gives them; `told` gets the reason when one cannot yet. Gives what there is after a minute.
 * Throws what put the stream to rest or ended it meanwhile.
 */
export async function untilConsuming(temporal: Temporal, stream: OpenStream, told: (reason: string) => void): Promise<readonly ConsumerProgress[]> {
  let said = '';
  let consumers: readonly ConsumerProgress[] = [];
  for (const until = Date.now() + CONSUMING_MS; Date.now() < until; await sleep(POLL_MS)) {
    const [progress, found] = await Promise.all([progressOf(temporal, stream), readConsumers(temporal, stream)]);
    consumers = found.consumers;
    if (!found.open) await ended(temporal, stream);
    if (progress?.state === 'failed' || progress?.state === 'paused') throw atRest(stream, progress.lastError);
    const wanted = progress?.consumers.wanted ?? 0;
    if (wanted > 0 && consumers.length >= wanted && consumers.every(({ state }) => state === 'consuming')) return consumers;
    const error = consumers.find((consumer) => consumer.error)?.error;
    const reason = error ? `${error.code}: ${error.message}` : '';
    if (reason !== said && reason) told(reason);
    said = reason;
  }
  return consumers;
}

function atRest({ workflowId }: OpenStream, error: ConstructorParameters<typeof WeirError>[0] | undefined): WeirError {
  return new WeirError(error ?? { code: 'NOT_POSSIBLE', place: workflowId, message: 'The stream was paused before it consumed anything.', fix: `Let it go on with \`weir streams resume ${workflowId}\`.` });
}

/** A stream that could not begin has ended; its error says why. Throws it, or STREAM_NOT_FOUND for one that was stopped. */
async function ended({ asking }: Temporal, { pipeline, workflowId, runId }: OpenStream): Promise<never> {
  await asking.workflow
    .getHandle(workflowId, runId)
    .result()
    .catch((error: unknown) => {
      throw fromTemporal(error, workflowId);
    });
  throw streamNotFound(pipeline, true);
}
