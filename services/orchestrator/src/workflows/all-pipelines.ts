import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { settle, type Settled } from './ending';
import { toApplicationFailure } from './failure';
import { UNATTENDED, runStage } from './stage';
import { within } from './steps';

/** Time for the list, services that are down at first included. */
const LIST_MS = 3_600_000;
const RETRY_MS = 60_000;

/** The names of all pipelines that were applied. Fails as the workflow does. */
export async function allPipelines(): Promise<string[]> {
  const outcome = await settle(runStage({ retries: 2, retryDelayMs: RETRY_MS, executionTimeoutMs: LIST_MS }, UNATTENDED, ({ timeoutMs }) => within(timeoutMs).listPipelines()));
  if (outcome.ok) return outcome.value;
  throw isCancellation(outcome.failure) ? outcome.failure : toApplicationFailure(outcome.error);
}

/** The end of a step, which for one pipeline of many is no end of the others; a cancellation is the end of all. */
export async function ended<T>(step: Promise<T>): Promise<Settled<T>> {
  const outcome = await settle(step);
  if (!outcome.ok && (isCancellation(outcome.failure) || CancellationScope.current().consideredCancelled)) throw outcome.failure;
  return outcome;
}
