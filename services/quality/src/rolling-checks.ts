import { judge, type Check, type CheckOutcome } from '@weir/core';

const WINDOW_SECONDS = 60;
/** Fewer rows say little about a share of them. */
const LEAST_ROWS = 100;
/** Windows that are kept; the one that got rows longest ago goes first. */
const MOST_WINDOWS = 256;

/** What the checks of a dataset counted in one micro-batch. */
export interface BatchMeasures {
  readonly pipeline: string;
  readonly contractVersion: string;
  /** Qualified, such as `bronze.clicks`. */
  readonly dataset: string;
  readonly checks: readonly Check[];
  /** Admitted rows that do not delete. */
  readonly rows: number;
  /** Of them, by check, those that fail, and those that it looks at. */
  readonly counts: readonly (readonly [failing: number, present: number])[];
}

/** A check that passes now and did not before, or the other way round. */
export interface CheckChange extends CheckOutcome {
  readonly pipeline: string;
  /** In the window. */
  readonly rows: number;
}

/** What the checks of a window came to. */
export interface Judgement {
  readonly outcomes: readonly CheckOutcome[];
  readonly changes: readonly CheckChange[];
}

interface Bucket {
  rows: number;
  readonly counts: Map<string, [failing: number, present: number]>;
}

interface Window {
  /** By second. */
  readonly buckets: Map<number, Bucket>;
  judged: number;
  readonly failing: Set<string>;
}

/**
 * The checks of streams over the rows of the last 60 s, a window for each pipeline and version of its contract: at most 60 sums a window, whatever flows through. They live in memory, because
 * what they say is about now.
 */
export class RollingChecks {
  private readonly windows = new Map<string, Window>();

  /** `now` is in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Adds a batch; judges the window at most once a second, and not before it has 100 rows. A check is taken to pass until it is seen to fail. */
  add(batch: BatchMeasures): Judgement {
    const second = Math.floor(this.now() / 1_000);
    const window = this.windowOf(`${batch.pipeline}\n${batch.contractVersion}`);
    const bucket = window.buckets.get(second) ?? { rows: 0, counts: new Map<string, [number, number]>() };
    window.buckets.set(second, bucket);
    bucket.rows += batch.rows;
    for (const [n, { id }] of batch.checks.entries()) bucket.counts.set(id, added(bucket.counts.get(id), batch.counts[n]));
    for (const old of window.buckets.keys()) if (old <= second - WINDOW_SECONDS) window.buckets.delete(old);
    if (window.judged === second) return NOTHING;
    const judgement = judgeWindow(window, batch);
    if (judgement !== NOTHING) window.judged = second;
    return judgement;
  }

  private windowOf(key: string): Window {
    const window = this.windows.get(key) ?? { buckets: new Map<number, Bucket>(), judged: Number.NEGATIVE_INFINITY, failing: new Set<string>() };
    this.windows.delete(key);
    this.windows.set(key, window);
    const [oldest] = this.windows.keys();
    if (this.windows.size > MOST_WINDOWS && oldest !== undefined) this.windows.delete(oldest);
    return window;
  }
}

/** How all checks of streams measure: what they count was counted already. */
const ROWS = { by: 'rows', failing: '' } as const;

const NONE: [number, number] = [0, 0];

function added([failing, present]: readonly [number, number] = NONE, [more, others]: readonly [number, number] = NONE): [number, number] {
  return [failing + more, present + others];
}

const NOTHING: Judgement = { outcomes: [], changes: [] };

function judgeWindow({ buckets, failing }: Window, { pipeline, dataset, checks }: BatchMeasures): Judgement {
  const sums = [...buckets.values()];
  const rows = sums.reduce((sum, bucket) => sum + bucket.rows, 0);
  if (rows < LEAST_ROWS) return NOTHING;
  const outcomes = checks.map((check) => {
    const [number, present] = sums.reduce((sum, { counts }) => added(sum, counts.get(check.id)), NONE);
    return judge({ check, measurement: ROWS }, dataset, { number, present, total: rows });
  });
  const changed = outcomes.filter(({ check, passed }) => passed === failing.has(check));
  for (const { check, passed } of changed) {
    if (passed) failing.delete(check);
    else failing.add(check);
  }
  return { outcomes, changes: changed.map((outcome) => ({ ...outcome, pipeline, rows })) };
}
