import type { WeirError } from '@weir/core';
import type { ReconciledSchedule } from '../activities/reconcile-schedules';
import { errorOf, toApplicationFailure } from './failure';
import { readObject, readText } from './read-input';
import { within } from './steps';

/** Input of `reconcile`. */
export interface ReconcileRequest {
  /** Only its schedule; all pipelines' without it. */
  readonly pipeline?: string | undefined;
}

/** Time for everything, services that are down at first included. */
const RECONCILE_MS = 3_600_000;

const EXAMPLE = 'Give an object such as {"pipeline":"retail"}, or {} for all pipelines.';

/**
 * Brings the Temporal Schedules to the newest definitions, and says what changed. Started by `weir apply`, and whenever a worker starts.
 * An error has its code as failure type.
 */
export async function reconcile(input?: unknown): Promise<ReconciledSchedule[]> {
  try {
    const pipeline = readText(readObject(input ?? {}, 'the input', ['pipeline'], EXAMPLE), 'pipeline');
    return (await within(RECONCILE_MS).reconcileSchedules({ pipeline })).schedules;
  } catch (failure) {
    throw toApplicationFailure(errorOf(failure) satisfies WeirError);
  }
}
