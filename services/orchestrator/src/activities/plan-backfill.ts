import type { Interval } from '@weir/core';
import { IntervalReason, type CompareSourceResult } from '@weir/rpc';
import { REASONS, type IntervalReasonWord, type ReasonCounts } from '../workflows/backfill-progress';
import type { BackfillOnlyWord, BackfillOrderWord } from '../workflows/backfill-request';
import { attemptStep, type Deps } from './attempt';
import { ONLY, ORDER } from './backfill-words';
import type { StageCall } from './stage-call';

export interface PlanBackfillInput {
  readonly pipeline: string;
  readonly interval: Interval;
  readonly only: BackfillOnlyWord;
  readonly order: BackfillOrderWord;
  /** Start of the last interval of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
  /** Workflow id of the backfill that asks; empty for a plan alone. */
  readonly backfill: string;
  /** Whether to look at the source too, which reads no data but every object's name. */
  readonly compareSource: boolean;
}

/** An interval of a plan. */
export interface PlannedGrain extends Interval {
  readonly reason: IntervalReasonWord;
  readonly detail?: string | undefined;
  readonly runId?: string | undefined;
}

/** A page of a plan. */
export interface PlannedPage {
  readonly counts: ReasonCounts;
  readonly selected: number;
  readonly intervals: readonly PlannedGrain[];
  readonly more: boolean;
  readonly definitionVersion: number;
  /** Whether intervals must be run one after the other. Absent in pages of before there were such sources. */
  readonly inSequence?: boolean | undefined;
}

const WORDS: Readonly<Record<IntervalReason, IntervalReasonWord>> = {
  [IntervalReason.UNSPECIFIED]: 'done',
  [IntervalReason.MISSING]: 'missing',
  [IntervalReason.FAILED]: 'failed',
  [IntervalReason.STALE]: 'stale',
  [IntervalReason.DONE]: 'done',
  [IntervalReason.RUNNING]: 'running',
  [IntervalReason.NOT_ADDRESSABLE]: 'not_addressable',
};

/** Longest detail that goes into a history. */
const MAX_DETAIL = 100;

/** A page of the intervals that a backfill takes, as the catalog, the runs and, where it matters, the source stand now. Starts nothing. */
export function planBackfill(deps: Deps) {
  return (input: PlanBackfillInput): Promise<PlannedPage> =>
    attemptStep('plan', { pipeline: input.pipeline, interval: input.interval }, async (call) => {
      const { pipeline, interval, after = '', limit, backfill } = input;
      const changedSources = input.compareSource ? await changed(deps, call, input) : [];
      const request = { pipeline, interval, only: ONLY[input.only], order: ORDER[input.order], after, limit, backfill, changedSources };
      const page = await deps.clients.backfills.planBackfill(request, call.options);
      return {
        counts: { ...NONE, ...Object.fromEntries(page.counts.map(({ reason, intervals }) => [WORDS[reason], intervals])) },
        selected: page.selected,
        intervals: page.intervals.flatMap(({ interval: grain, reason, detail, runId }) => (grain ? [{ ...grain, reason: WORDS[reason], detail: detail.slice(0, MAX_DETAIL) || undefined, runId: runId || undefined }] : [])),
        more: page.more,
        definitionVersion: page.definitionVersion,
        inSequence: page.inSequence || undefined,
      };
    });
}

const NONE = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as unknown as ReasonCounts;

/** Starts of published intervals whose source is another now; what earlier pages covered is not compared again. */
async function changed(deps: Deps, call: StageCall, { pipeline, interval, order, after }: PlanBackfillInput): Promise<string[]> {
  const rest = after === undefined ? interval : order === 'oldest' ? { start: after, end: interval.end } : { start: interval.start, end: after };
  if (rest.start === rest.end) return [];
  const { changes } = await call.result<CompareSourceResult>(deps.clients.ingest.compareSource({ pipeline, interval: rest }, call.options));
  return changes.map(({ partition }) => partition);
}
