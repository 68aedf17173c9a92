import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WeirError, toWeirError } from '@weir/core';
import type { CallOptions, Progress } from '@weir/rpc';
import { GRACE_MS, WAITS, WAIT_HERE_MS } from '../workflows/agreement';
import { backoffMs } from './backoff';
import { seenFromHere, stoppedFailure } from './failure';
import type { HeartbeatProgress } from './shapes';

const HEARTBEAT_MS = 800;

/** A stage reports at least once a second; a service that is silent for this long hangs or is gone. */
const SILENCE_MS = 30_000;

/** One rpc on behalf of a stage attempt. */
export interface StageCall {
  /** Unique for every call, so that a call that was lost half-way and its retry never write the same object. */
  readonly callId: string;
  /** Cancels with the activity; its deadline is what is left of the attempt's time. */
  readonly options: CallOptions & { readonly signal: AbortSignal };
  /** Reads a stage's stream to its end: progress goes into the heartbeat, `onResult` gets the result before any error that follows it. */
  result<R>(stream: AsyncIterable<StageEvent<R>>, onResult?: (result: R) => void): Promise<R>;
}

/** The common form of every stage rpc's messages. */
export interface StageEvent<R> {
  readonly event?: { $case: 'progress'; value: Progress } | { $case: 'result'; value: R } | undefined;
}

/**
 * Runs `body` inside an activity that began at `started` (performance.now()): heartbeats more than once a second, also while
 * waiting; repeats it after transient codes until the attempt's time is up. Throws its WeirError; when the activity was
 * stopped, the failure that says so.
 */
export async function withinAttempt<T>(started: number, body: (call: StageCall) => Promise<T>): Promise<T> {
  const context = Context.current();
  const deadline = started + Math.max(context.info.startToCloseTimeoutMs - GRACE_MS, 1_000);
  let progress: HeartbeatProgress = { step: 'waiting', done: 0, total: 0 };
  // Not at once: most attempts of small runs are over before the first one.
  const heart = setInterval(() => context.heartbeat(progress), HEARTBEAT_MS);
  try {
    for (let retry = 0; ; retry += 1) {
      const end = await once(body, deadline, context.cancellationSignal, (now) => (progress = now));
      if (end.ok) return end.value;
      // Other runs of the pipeline end at any moment: waiting for them is short, and not for long.
      const waits = WAITS.has(end.failure.code);
      const delay = backoffMs(waits ? 0 : retry, Math.random());
      const left = (waits ? Math.min(deadline, started + WAIT_HERE_MS) : deadline) - performance.now();
      if (end.failure.retry !== 'transient' || left <= delay) throw end.failure;
      progress = { step: `waiting: ${end.failure.code}`, done: retry + 1, total: 0 };
      await sleep(delay, undefined, { signal: context.cancellationSignal });
    }
  } catch (error) {
    if (context.cancellationSignal.aborted) throw stoppedFailure(context.cancellationSignal);
    throw error;
  } finally {
    clearInterval(heart);
  }
}

type Once<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: WeirError };

async function once<T>(body: (call: StageCall) => Promise<T>, deadline: number, cancelled: AbortSignal, report: (progress: HeartbeatProgress) => void): Promise<Once<T>> {
  const silence = new AbortController();
  const signal = AbortSignal.any([cancelled, silence.signal]);
  const options = { signal, timeoutMs: Math.max(deadline - performance.now(), 1) };
  const result = async <R>(stream: AsyncIterable<StageEvent<R>>, onResult?: (result: R) => void): Promise<R> => {
    let found: R | undefined;
    const watch = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      for await (const { event } of stream) {
        watch.refresh();
        if (event?.$case === 'progress') report({ step: event.value.step, done: event.value.done, total: event.value.total });
        if (event?.$case !== 'result') continue;
        found = event.value;
        onResult?.(found);
      }
    } finally {
      clearTimeout(watch);
    }
    if (found === undefined) throw new WeirError({ code: 'UNAVAILABLE', message: 'The service ended the call without a result.' });
    return found;
  };
  try {
    return { ok: true, value: await body({ callId: randomUUID(), options, result }) };
  } catch (error) {
    if (silence.signal.aborted) return { ok: false, failure: new WeirError({ code: 'UNAVAILABLE', message: `The service was silent for ${SILENCE_MS / 1_000} s.` }) };
    return { ok: false, failure: seenFromHere(toWeirError(error), cancelled) };
  }
}
