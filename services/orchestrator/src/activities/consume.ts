import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WeirError, toWeirError } from '@weir/core';
import { withoutSpans } from '@weir/platform';
import { describeSpan, failed, type Deps } from './attempt';
import { backoffMs } from './backoff';
import { beginning, broke, told, type ConsumerProgress } from './consumer-progress';
import { seenFromHere, stoppedFailure } from './failure';

export interface ConsumeInput {
  readonly pipeline: string;
  readonly definitionVersion: number;
  /** From 0. */
  readonly member: number;
  /** Of the stream. */
  readonly workflowId: string;
  readonly runId: string;
  /** Holds until the consumer has its partitions: what is lost later is a new question. */
  readonly skipLost: boolean;
}

const HEARTBEAT_MS = 800;

/** The service reports at least once a second; one that is silent this long hangs, and 15 s after its last word another call must be at work. */
const SILENCE_MS = 10_000;

/** A service that went away is back within seconds, or nothing else works either. */
const LONGEST_AWAY_MS = 10_000;

/** Every call has an end: Node's timers reach less than 25 days. */
const CALL_MS = 7 * 24 * 3_600_000;

/** Calls that break one after the other leave no more spans than these in the stream's trace. */
const TRACED_FAILURES = 100;

/**
 * Is one consumer of a stream until it is cancelled: calls ingest.Consume and passes what it tells on in heartbeats. A call that breaks, falls silent or
 * ends with a transient code is made again, 1 s to 30 s later, for ever; any other code ends the activity.
 */
export function consume(deps: Deps) {
  return async (input: ConsumeInput): Promise<void> => {
    const { cancellationSignal: stop, heartbeat } = Context.current();
    describeSpan('consume', { pipeline: input.pipeline });
    let progress = beginning(input.member, input.definitionVersion);
    let skipLost = input.skipLost;
    const tell = (now: ConsumerProgress) => {
      progress = now;
      if (now.state === 'consuming') skipLost = false;
    };
    heartbeat(progress);
    const heart = setInterval(() => heartbeat(progress), HEARTBEAT_MS);
    try {
      for (;;) {
        const call = () => callOnce(deps, { ...input, skipLost }, stop, (message) => tell(told(progress, message)));
        const error = await (progress.failures < TRACED_FAILURES ? call() : withoutSpans(call));
        if (stop.aborted) throw stoppedFailure(stop);
        if (error.retry !== 'transient' && error.code !== 'POSITION_MOVED') throw failed(error);
        deps.log.warn({ error, pipeline: input.pipeline, member: input.member }, 'A consumer lost its call and makes it again.');
        const delay = backoffMs(progress.failures, Math.random());
        tell(broke(progress, error));
        await sleep(error.code === 'UNAVAILABLE' ? Math.min(delay, LONGEST_AWAY_MS) : delay, undefined, { signal: stop });
      }
    } catch (error) {
      throw stop.aborted ? stoppedFailure(stop) : error;
    } finally {
      clearInterval(heart);
    }
  };
}

/** One call, to its end; gives why it ended. */
async function callOnce(deps: Deps, input: ConsumeInput, stop: AbortSignal, onMessage: (message: Parameters<typeof told>[1]) => void): Promise<WeirError> {
  const { pipeline, definitionVersion, member, workflowId, runId, skipLost } = input;
  const started = performance.now();
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(), SILENCE_MS);
  const request = { context: { pipeline, definitionVersion, commitId: '', workflowId, runId }, member, skipLost };
  try {
    for await (const message of deps.clients.ingest.consume(request, { signal: AbortSignal.any([stop, silence.signal]), timeoutMs: CALL_MS })) {
      watch.refresh();
      onMessage(message);
    }
    return away('The service ended the call.');
  } catch (error) {
    if (silence.signal.aborted) return away(`The service was silent for ${SILENCE_MS / 1_000} s.`);
    const seen = seenFromHere(toWeirError(error), stop);
    return seen.code === 'DEADLINE' && performance.now() - started > CALL_MS / 2 ? away('The call reached its end.') : seen;
  } finally {
    clearTimeout(watch);
  }
}

function away(message: string): WeirError {
  return new WeirError({ code: 'UNAVAILABLE', message });
}
