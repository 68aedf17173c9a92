import type { Interval } from '@weir/core';
import { REASONS, type FailedInterval, type ReasonCounts } from './backfill-progress';
import type { RunEnd } from './run-end';

const MAX_FAILURES = 20;

/** Ends that the present rate is taken from. */
const WINDOW = 50;

/** What a backfill has behind it, as one execution hands it to the next. */
export interface TallyState {
  readonly counts: ReasonCounts;
  readonly selected: number;
  /** Intervals whose turn came. */
  readonly taken: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  readonly failures: readonly FailedInterval[];
  /** When the last ends came, milliseconds since 1970, ascending; the first is when their window began. */
  readonly ends: readonly number[];
  /** Whether something was published that no delivery has taken up since. */
  readonly undelivered: boolean;
}

const EMPTY: TallyState = {
  counts: Object.fromEntries(REASONS.map((reason) => [reason, 0])) as unknown as ReasonCounts,
  selected: 0,
  taken: 0,
  succeeded: 0,
  failed: 0,
  cancelled: 0,
  skipped: 0,
  failures: [],
  ends: [],
  undelivered: false,
};

/** Counts what became of the intervals of a backfill, and how fast. */
export class Tally {
  constructor(private state: TallyState = EMPTY) {}

  /** The first page fixes what the plan was when the backfill began. */
  planned(counts: ReasonCounts, selected: number): void {
    if (this.state.taken === 0) this.state = { ...this.state, counts, selected };
  }

  took(): void {
    const taken = this.state.taken + 1;
    // Something may have become missing or stale that was not when the backfill began.
    this.state = { ...this.state, taken, selected: Math.max(this.state.selected, taken) };
  }

  ended(interval: Interval & { readonly runId: string }, { how, code = '', undelivered }: RunEnd, now: number): void {
    const { state } = this;
    this.state = { ...state, [how]: state[how] + 1, undelivered: state.undelivered || undelivered, ends: [...state.ends, now].slice(-WINDOW - 1) };
    if (how === 'failed') this.noteFailure(interval, code);
  }

  /** A delivery takes up all that was published until now. */
  delivering(): void {
    this.state = { ...this.state, undelivered: false };
  }

  deliveryFailed(interval: Interval & { readonly runId: string }, code = ''): void {
    this.state = { ...this.state, undelivered: true };
    this.noteFailure(interval, code);
  }

  /** Time that passed without work, as in a pause, says nothing about the rate. */
  startClock(now: number): void {
    this.state = { ...this.state, ends: [now] };
  }

  /** At the end: what was selected and never came up was done by others meanwhile. */
  close(): void {
    const { selected, succeeded, failed, cancelled } = this.state;
    this.state = { ...this.state, taken: selected, skipped: selected - succeeded - failed - cancelled };
  }

  view(): TallyState {
    return this.state;
  }

  queued(): number {
    return this.state.selected - this.state.taken;
  }

  /** Ends per minute over the last 50 of them; 0 before the first. */
  ratePerMinute(): number {
    const { ends } = this.state;
    const [first = 0] = ends;
    const last = ends.at(-1) ?? 0;
    return last > first ? ((ends.length - 1) * 60_000) / (last - first) : 0;
  }

  private noteFailure({ start, end, runId }: Interval & { readonly runId: string }, code: string): void {
    this.state = { ...this.state, failures: [{ start, end, runId, code }, ...this.state.failures].slice(0, MAX_FAILURES) };
  }
}
