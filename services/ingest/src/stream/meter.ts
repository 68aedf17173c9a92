import type { Accounts, ConsumeResponse } from '@weir/rpc';
import type { Gathered } from './gatherer';

const WINDOW_MS = 10_000;
/** Latencies that are kept of a micro-batch, and of the window: enough for a 99th percentile. */
const KEPT_OF_BATCH = 50;
const KEPT = 5_000;

interface Loaded {
  readonly at: number;
  readonly records: number;
  readonly latencies: readonly number[];
}

/** What a member has done: counts since it began, and rate and latency over the last ten seconds. */
export class Meter {
  private readonly totals = { read: 0, admitted: 0, duplicate: 0, quarantined: 0, filtered: 0, refused: 0, batches: 0, rebalances: 0 };
  private recent: Loaded[] = [];
  private newest = 0;
  private readonly began: number;

  /** `now` is in milliseconds since 1970. */
  constructor(private readonly now: () => number = Date.now) {
    this.began = now();
  }

  rebalanced(): void {
    this.totals.rebalances += 1;
  }

  /** Counts a committed micro-batch; `refused`: rows that a table refused, the most of any. */
  loaded(accounts: Accounts, refused: number, { parts, ranges, records }: Gathered): void {
    const at = this.now();
    for (const name of ['read', 'admitted', 'duplicate', 'quarantined', 'filtered'] as const) this.totals[name] += accounts[name];
    this.totals.refused += refused;
    this.totals.batches += 1;
    const step = Math.max(1, Math.floor(records / KEPT_OF_BATCH));
    const latencies: number[] = [];
    for (const part of parts.flatMap((one) => one.records)) for (let index = 0; index < part.length; index += step) latencies.push(Math.max(0, at - part.timestamp(index)));
    this.recent.push({ at, records: accounts.read, latencies });
    for (const { greatestBeforeTo } of ranges) this.newest = Math.max(this.newest, greatestBeforeTo);
  }

  /** Where the member stands. */
  view(state: string, partitions: readonly number[], lag: number): ConsumeResponse {
    const now = this.now();
    this.recent = this.recent.filter(({ at }) => at > now - WINDOW_MS);
    const sorted = this.recent.flatMap(({ latencies }) => latencies).slice(-KEPT).sort((one, other) => one - other);
    const at = (share: number): number | undefined => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    const records = this.recent.reduce((sum, one) => sum + one.records, 0);
    const seconds = Math.min(WINDOW_MS, Math.max(1_000, now - this.began)) / 1_000;
    return {
      state,
      partitions: [...partitions],
      lag,
      ...this.totals,
      recordsPerSecond: records / seconds,
      latencyP50Ms: at(0.5),
      latencyP99Ms: at(0.99),
      newest: this.newest > 0 ? new Date(this.newest).toISOString() : '',
    };
  }
}
