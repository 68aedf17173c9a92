/** What a workflow and its activities agree on about one attempt of a stage. */

/** Failure type with which an activity gives its work back because its worker shuts down. */
export const WORKER_SHUTDOWN = 'WORKER_SHUTDOWN';

/** The activity ends by itself when the attempt's time is up; only one that hangs is cut by Temporal, this much later. */
export const GRACE_MS = 15_000;

/** A worker that does not report for this long is taken for dead. */
export const HEARTBEAT_TIMEOUT_MS = 10_000;
