import { WeirError, type Policy } from '@weir/core';

const WINDOW_MS = 60_000;
const BUCKET_MS = 1_000;

interface Bucket {
  readonly second: number;
  read: number;
  quarantined: number;
}

/** The breaker of a stream: more than a share of the last minute's records in quarantine, of at least so many, and the stream pauses. One bad record stops nothing. */
export class RollingBreaker {
  private readonly buckets: Bucket[] = [];

  /** `now` is in milliseconds. */
  constructor(
    private readonly limit: Policy['failAbove'],
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts a micro-batch; gives QUARANTINE_LIMIT when the last minute is over the limit. `samples` are positions with reasons. */
  count(read: number, quarantined: number, samples: readonly string[]): WeirError | undefined {
    const second = Math.floor(this.now() / BUCKET_MS);
    while (this.buckets[0] && this.buckets[0].second <= second - WINDOW_MS / BUCKET_MS) this.buckets.shift();
    const last = this.buckets.at(-1);
    if (last?.second === second) Object.assign(last, { read: last.read + read, quarantined: last.quarantined + quarantined });
    else this.buckets.push({ second, read, quarantined });
    const total = this.buckets.reduce((sum, bucket) => ({ read: sum.read + bucket.read, quarantined: sum.quarantined + bucket.quarantined }), { read: 0, quarantined: 0 });
    if (total.read < this.limit.minRows || total.quarantined <= this.limit.share * total.read) return undefined;
    const share = Number(((100 * total.quarantined) / total.read).toFixed(2));
    return new WeirError({
      code: 'QUARANTINE_LIMIT',
      stage: 'validate',
      message: `${total.quarantined} of the last minute's ${total.read} records (${share} %) went to quarantine; the limit is ${Number((100 * this.limit.share).toFixed(2))} %.`,
      fix: 'Look at the quarantine, correct the producer or the contract, then resume the stream.',
      samples,
    });
  }
}
