import { WeirError, type Policy } from '@weir/core';

const WINDOW_MS = 60_000;
const BUCKET_MS = 1_000;

/** Records of micro-batches. */
export interface Counted {
  readonly read: number;
  /** By the contract. */
  readonly quarantined: number;
  /** By a table, the most of any. */
  readonly refused: number;
}

interface Bucket extends Counted {
  readonly second: number;
}

/** The breaker of a stream: more than a share of the last minute's records in quarantine, of at least so many, and the stream pauses. One bad record stops nothing. */
export class RollingBreaker {
  private buckets: Bucket[] = [];

  /** `now` is in milliseconds. */
  constructor(
    private readonly limit: Policy['failAbove'],
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts a micro-batch; gives QUARANTINE_LIMIT when the last minute is over the limit. `samples` are positions with reasons. */
  count(batch: Counted, samples: readonly string[]): WeirError | undefined {
    const second = Math.floor(this.now() / BUCKET_MS);
    this.buckets = this.buckets.filter((bucket) => bucket.second > second - WINDOW_MS / BUCKET_MS);
    const last = this.buckets.at(-1);
    if (last?.second === second) this.buckets[this.buckets.length - 1] = { second, ...sum(last, batch) };
    else this.buckets.push({ second, ...batch });
    const { read, quarantined, refused } = this.buckets.reduce(sum, NOTHING);
    const aside = quarantined + refused;
    if (read < this.limit.minRows || aside <= this.limit.share * read) return undefined;
    const share = Number(((100 * aside) / read).toFixed(2));
    const byTable = refused === 0 ? '' : `, ${refused === aside ? 'all' : refused} of them because a table refused them`;
    return new WeirError({
      code: 'QUARANTINE_LIMIT',
      stage: refused > quarantined ? 'load' : 'validate',
      message: `${aside} of the last minute's ${read} records (${share} %) went to quarantine${byTable}; the limit is ${Number((100 * this.limit.share).toFixed(2))} %.`,
      fix: `Look at the quarantine, correct the producer${refused === 0 ? ' or the contract' : ', the contract, or what the table demands'}, then resume the stream.`,
      samples,
    });
  }
}

const NOTHING: Counted = { read: 0, quarantined: 0, refused: 0 };

function sum(one: Counted, other: Counted): Counted {
  return { read: one.read + other.read, quarantined: one.quarantined + other.quarantined, refused: one.refused + other.refused };
}
