import { CancellationScope, CancelledFailure, isCancellation, sleep } from '@temporalio/workflow';
import { WeirError } from '@weir/core';
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

/** What the attempts so far have used up. */
export interface Spent {
  /** Retries after counted codes. */
  readonly counted: number;
  /** Since the current attempt was first started, lost workers included. */
  readonly elapsedMs: number;
}

export type Decision =
  | { readonly action: 'retry'; readonly delayMs: number; readonly counts: boolean }
  | { readonly action: 'fail'; readonly error: WeirError };

/** What follows an attempt's end. Pure: the whole retry behaviour of a stage is this function. */
export function decide(end: AttemptEnd, spent: Spent, policy: StagePolicy): Decision {
  if (end.how === 'lost' && spent.elapsedMs < policy.executionTimeoutMs) return { action: 'retry', delayMs: 0, counts: false };
  const error = end.how === 'lost' ? overdue(policy) : end.error;
  // A transient code was retried inside the stage until the stage's time was up; another attempt would only repeat that.
  if (error.retry !== 'counted' || spent.counted >= policy.retries) return { action: 'fail', error };
  return { action: 'retry', delayMs: policy.retryDelayMs, counts: true };
}

/** One attempt as the workflow starts it. */
export interface Attempt {
  /** What is left of the attempt's clock. */
  readonly timeoutMs: number;
}

/** Told about every end that is not a success, before the delay. */
export type OnEnd = (decision: Decision, end: AttemptEnd) => void;

/** Runs a stage until it succeeds or the policy gives up; throws the WeirError of the last attempt, or the cancellation. */
export async function runStage<R>(policy: StagePolicy, call: (attempt: Attempt) => Promise<R>, onEnd?: OnEnd): Promise<R> {
  let counted = 0;
  let since = Date.now();
  for (;;) {
    const left = policy.executionTimeoutMs - (Date.now() - since);
    try {
      return await call({ timeoutMs: Math.max(left, MIN_ATTEMPT_MS) });
    } catch (failure) {
      if (CancellationScope.current().consideredCancelled) throw cancellation(failure);
      const end = endOf(failure);
      const decision = decide(end, { counted, elapsedMs: Date.now() - since }, policy);
      onEnd?.(decision, end);
      if (decision.action === 'fail') throw decision.error;
      if (decision.delayMs > 0) await sleep(decision.delayMs);
      if (!decision.counts) continue;
      counted += 1;
      since = Date.now();
    }
  }
}

/** A cancelled run stays cancelled even when its activity failed in another way while it was being stopped. */
function cancellation(failure: unknown): unknown {
  return isCancellation(failure) ? failure : new CancelledFailure('The run was cancelled.');
}

function overdue(policy: StagePolicy): WeirError {
  const minutes = Math.round(policy.executionTimeoutMs / 60_000);
  return new WeirError({ code: 'DEADLINE', message: `The worker was lost and the stage's ${minutes} min are over.` });
}
