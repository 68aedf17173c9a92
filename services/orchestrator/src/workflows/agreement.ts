import type { ErrorCode } from '@weir/core';

/** What workflows and activities agree on. */

/** Of live work: above Temporal's default of 3; backfills have 4. */
export const LIVE_PRIORITY = 2;

/** Failure type with which an activity gives its work back because its worker shuts down. */
export const WORKER_SHUTDOWN = 'WORKER_SHUTDOWN';

/** The activity ends by itself when the attempt's time is up; only one that hangs is cut by Temporal, this much later. */
export const GRACE_MS = 15_000;

/** A worker that does not report for this long is taken for dead. */
export const HEARTBEAT_TIMEOUT_MS = 10_000;

/**
 * What a scheduled run waits for before it begins: other runs of its pipeline. An activity that waits takes a worker's slot from those
 * that it waits for, so it does so for a minute only; then the workflow waits.
 */
export const WAITS: ReadonlySet<ErrorCode> = new Set(['PAST_MISSING', 'RUN_LIMIT']);
export const WAIT_HERE_MS = 60_000;
