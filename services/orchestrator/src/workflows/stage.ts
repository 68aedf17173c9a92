import { CancellationScope, CancelledFailure, isCancellation, sleep } from '@temporalio/workflow';
import { WeirError } from '@weir/core';
import { WAITS } from './agreement';
import { endOf, type AttemptEnd } from './failure';

/**
 * The retry policy of stages, all of it. Two layers share the work: an activity retries transient codes by itself until
 * its stage's time is up, so what arrives here is either over for good, or worth a whole new attempt.
 */
export interface StagePolicy {
  /** How many attempts may follow the first one after `counted` codes. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** The clock of one attempt; a lost worker does not restart it. */
  readonly executionTimeoutMs: number;
}

/** The policy of `begin`, which runs before the pipeline's own policy is known: the documented defaults. */
export const DEFAULT_POLICY: StagePolicy = { retries: 2, retryDelayMs: 300_000, executionTimeoutMs: 3_600_000 };

/** Shortest time that a rescheduled attempt gets. */
const MIN_ATTEMPT_MS = 1_000;

/** Between the attempts of a run that waits for others. */
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 600_000;
const WAITS_OVER_MS = 7 * 24 * 3_600_000;

/** What the attempts so far have used up. */
export interface Spent {
  /** Retries after counted codes. */
  readonly counted: number;
  /** At work since the current attempt was first started, lost workers included; the time between attempts is not in it. */
  readonly elapsedMs: number;
  /** Waits for other runs of the pipeline, and how long ago the first attempt began. */
  readonly waits: number;
  readonly sinceFirstMs: number;
}

export type Decision =
  | { readonly action: 'retry'; readonly delayMs: number; readonly counts: boolean }
  | { readonly action: 'fail'; readonly error: WeirError };

/** What follows an attempt's end. Pure: the whole retry behaviour of a stage is this function. */
export function decide(end: AttemptEnd, spent: Spent, policy: StagePolicy): Decision {
  if (end.how === 'lost' && spent.elapsedMs < policy.executionTimeoutMs) return { action: 'retry', delayMs: 0, counts: false };
  const error = end.how === 'lost' ? overdue(policy) : end.error;
  if (WAITS.has(error.code) && spent.sinceFirstMs < WAITS_OVER_MS) {
    return { action: 'retry', delayMs: Math.min(FIRST_WAIT_MS * 2 ** Math.min(spent.waits, 10), LONGEST_WAIT_MS), counts: false };
  }
  // A transient code was retried inside the stage until the stage's time was up; another attempt would only repeat that.
  if (error.retry !== 'counted' || spent.counted >= policy.retries) return { action: 'fail', error };
  return { action: 'retry', delayMs: policy.retryDelayMs, counts: true };
}

/** One attempt as the workflow starts it. */
export interface Attempt {
  /** What is left of the attempt's clock. */
  readonly timeoutMs: number;
}

/** What stands between the attempts of a stage. */
export interface Between {
  /** Waited for before every attempt, also the first. */
  ready(): Promise<void>;
  /** The wait before another attempt. */
  delay(milliseconds: number): Promise<void>;
  /** Told about every end that is not a success, before the delay. */
  ended?(decision: Decision, end: AttemptEnd): void;
}

/** Of work on which nobody lays a hand: only the delay stands between its attempts. */
export const UNATTENDED: Between = { ready: () => Promise.resolve(), delay: (milliseconds) => sleep(milliseconds) };

/** Runs a stage until it succeeds or the policy gives up; throws the WeirError of the last attempt, or the cancellation. */
export async function runStage<R>(policy: StagePolicy, between: Between, call: (attempt: Attempt) => Promise<R>): Promise<R> {
  const first = Date.now();
  let spent: Spent = { counted: 0, elapsedMs: 0, waits: 0, sinceFirstMs: 0 };
  for (;;) {
    await between.ready();
    const began = Date.now();
    try {
      return await call({ timeoutMs: Math.max(policy.executionTimeoutMs - spent.elapsedMs, MIN_ATTEMPT_MS) });
    } catch (failure) {
      if (CancellationScope.current().consideredCancelled) throw cancellation(failure);
      const end = endOf(failure);
      spent = { ...spent, elapsedMs: spent.elapsedMs + Date.now() - began, sinceFirstMs: Date.now() - first };
      const decision = decide(end, spent, policy);
      between.ended?.(decision, end);
      if (decision.action === 'fail') throw decision.error;
      if (decision.delayMs > 0) await between.delay(decision.delayMs);
      spent = afterwards(spent, decision);
    }
  }
}

/** A lost attempt goes on with what is left of its clock; every other one begins with a whole one. */
function afterwards(spent: Spent, { delayMs, counts }: Extract<Decision, { action: 'retry' }>): Spent {
  if (counts) return { ...spent, counted: spent.counted + 1, elapsedMs: 0 };
  return delayMs > 0 ? { ...spent, waits: spent.waits + 1, elapsedMs: 0 } : spent;
}

/** A cancelled run stays cancelled even when its activity failed in another way while it was being stopped. */
function cancellation(failure: unknown): unknown {
  return isCancellation(failure) ? failure : new CancelledFailure('The run was cancelled.');
}

function overdue(policy: StagePolicy): WeirError {
  const minutes = Math.round(policy.executionTimeoutMs / 60_000);
  return new WeirError({ code: 'DEADLINE', message: `The worker was lost and the stage's ${minutes} min are over.` });
}
