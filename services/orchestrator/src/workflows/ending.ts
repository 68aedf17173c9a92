import { CancellationScope, TemporalFailure, allHandlersFinished, condition, isCancellation } from '@temporalio/workflow';
import { WeirError, isWeirError } from '@weir/core';
import type { FinalStatus } from '../activities/finish';
import { errorOf, toApplicationFailure } from './failure';
import type { Hand } from './hand';
import type { Progress } from './progress';
import { Steps } from './steps';

/** Codes with which a stage says that its data was judged and refused. */
const REFUSALS: ReadonlySet<string> = new Set(['CHECK_FAILED', 'QUARANTINE_LIMIT']);

/**
 * Runs `body` as one run and records its end, whatever it is, in a scope that a cancellation does not reach:
 * SUCCEEDED, CANCELLED, DELIVERY_FAILED once something was published, FAILED before. A failed run ends the workflow
 * with the error's code as failure type; a defect of the workflow itself is thrown on, so that a corrected worker can resume.
 */
export async function asRun<T>(hand: Hand, progress: Progress, body: (steps: Steps) => Promise<T>): Promise<T> {
  const steps = new Steps(progress, hand);
  const outcome = await settle(body(steps));
  hand.close();
  if (outcome.ok) {
    await CancellationScope.nonCancellable(() => steps.finish('SUCCEEDED'));
    return outcome.value;
  }
  const { failure, error } = outcome;
  if (REFUSALS.has(error.code)) progress.judged({ verdict: 'failed' });
  // The first failure is what people need to see; one of the clean-up itself must not hide it.
  await settle(CancellationScope.nonCancellable(() => steps.finish(endingOf(failure, progress), isCancellation(failure) ? stopped(progress) : error)));
  // Whoever cancelled waits for an answer, which must not be lost with the workflow.
  if (!allHandlersFinished()) await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  throw isCancellation(failure) ? failure : toApplicationFailure(error);
}

/** What a cancelled run says about who stopped it and why. */
function stopped(progress: Progress): WeirError {
  const { by, reason } = progress.hands.cancelledBy() ?? { by: '', reason: '' };
  return new WeirError({ code: 'CANCELLED', message: `The run was cancelled${by && ` by ${by}`}${reason ? `: ${reason}` : '.'}` });
}

export type Settled<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: unknown; readonly error: WeirError };

/** Waits for a promise and gives its end as a value. Defects of workflow code are not ends: they are thrown. */
export async function settle<T>(promise: Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await promise };
  } catch (failure) {
    if (!isWeirError(failure) && !(failure instanceof TemporalFailure)) throw failure;
    return { ok: false, failure, error: errorOf(failure) };
  }
}

function endingOf(failure: unknown, progress: Progress): FinalStatus {
  if (isCancellation(failure)) return 'CANCELLED';
  return progress.view().snapshot === undefined ? 'FAILED' : 'DELIVERY_FAILED';
}
