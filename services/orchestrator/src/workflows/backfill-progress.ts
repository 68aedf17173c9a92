import type { Interval } from '@weir/core';
import type { BackfillOnlyWord, BackfillOrderWord, BackfillRequest } from './backfill-request';
import type { Tally } from './backfill-tally';
import type { HandView } from './hand-state';

/** Where an interval stands, and so why a backfill would take it. */
export const REASONS = ['missing', 'failed', 'stale', 'done', 'running', 'not_addressable'] as const;
export type IntervalReasonWord = (typeof REASONS)[number];

/** Intervals by reason; what began before there were sources that are read in sequence has no count of `not_addressable`. */
export type ReasonCounts = Readonly<Record<Exclude<IntervalReasonWord, 'not_addressable'>, number>> & { readonly not_addressable?: number | undefined };

/** An interval whose run is open. */
export interface OpenInterval extends Interval {
  readonly workflowId: string;
  readonly runId: string;
  readonly stage?: string | undefined;
}

/** An interval whose run failed. */
export interface FailedInterval extends Interval {
  readonly runId: string;
  /** Code of the run's error. */
  readonly code: string;
}

/** Answer of the `progress` query of a backfill. */
export interface BackfillProgress {
  readonly pipeline: string;
  readonly interval: Interval;
  readonly only: BackfillOnlyWord;
  readonly order: BackfillOrderWord;
  readonly parallelism: number;
  /** Starts a minute at most; absent where nothing but parallelism bounds them. */
  readonly ratePerMinute?: number | undefined;
  /** `pausing` and `cancelling` while open runs come to a stop. */
  readonly state: 'planning' | 'running' | 'pausing' | 'paused' | 'cancelling' | 'refreshing' | 'done';
  /** Who paused or cancelled it, while that holds. */
  readonly hand?: HandView | undefined;
  /** Of the whole range, when the backfill began. */
  readonly counts: ReasonCounts;
  /** How many of them it takes. */
  readonly selected: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Selected, but done or held by others when their turn came. */
  readonly skipped: number;
  readonly open: readonly OpenInterval[];
  /** Selected, not yet taken. */
  readonly queued: number;
  /** RFC 3339. */
  readonly startedAt: string;
  /** Intervals that ended per minute, over the last 50; 0 before the first. */
  readonly ratePerMinuteNow: number;
  /** At that rate; absent while it is unknown. */
  readonly remainingMs?: number | undefined;
  /** The newest 20, newest first. */
  readonly failures: readonly FailedInterval[];
}

/** Puts the answer together. Of the open runs only what the query shows. */
export function progressOf({ pipeline, interval, only, order, parallelism, ratePerMinute }: BackfillRequest, tally: Tally, now: Pick<BackfillProgress, 'state' | 'hand' | 'open' | 'startedAt'>): BackfillProgress {
  const { counts, selected, succeeded, failed, cancelled, skipped, failures } = tally.view();
  const queued = tally.queued();
  // What ended in a burst says nothing about a backfill that may only start so many.
  const rate = Math.min(tally.ratePerMinute(), ratePerMinute ?? Number.POSITIVE_INFINITY);
  return {
    ...now,
    pipeline,
    interval,
    only,
    order,
    parallelism,
    ratePerMinute,
    counts,
    selected,
    succeeded,
    failed,
    cancelled,
    skipped,
    open: now.open.map(({ start, end, workflowId, runId }) => ({ start, end, workflowId, runId })),
    queued,
    ratePerMinuteNow: rate,
    remainingMs: rate > 0 ? Math.round(((queued + now.open.length) * 60_000) / rate) : undefined,
    failures,
  };
}
