import { canonicalInstant, grainMs } from './interval';

/** The last millisecond with a year of four digits. A record from later counts as of then: producers send any number, and an instant has to be text. */
const LATEST_MS = 253_402_300_799_999;

/**
 * The grain that a record of a log belongs to: that of the greatest timestamp up to and with it in its partition. So the records of a grain are one range of
 * offsets, from the first record whose timestamp is not before its start, which is what Kafka answers when it is asked for a time; a record
 * that comes late belongs to the grain in which it came.
 */
export class LogGrains {
  private readonly length: number;
  private readonly greatest = new Map<number, number>();
  private readonly current = new Map<number, { readonly end: number; readonly start: string }>();

  constructor(grain: string) {
    this.length = grainMs(grain);
  }

  /** Continues a partition after records whose greatest timestamp was this, milliseconds; 0 when there were none. */
  continueFrom(partition: number, greatestTimestamp: number): void {
    this.greatest.set(partition, greatestTimestamp);
    this.current.delete(partition);
  }

  /** Takes the next record of a partition, by its timestamp in milliseconds; gives the canonical start of its grain. */
  next(partition: number, timestamp: number): string {
    const greatest = Math.max(this.greatest.get(partition) ?? 0, Math.min(timestamp, LATEST_MS));
    this.greatest.set(partition, greatest);
    const known = this.current.get(partition);
    if (known && greatest < known.end) return known.start;
    const from = Math.floor(greatest / this.length) * this.length;
    const start = canonicalInstant(from);
    this.current.set(partition, { start, end: from + this.length });
    return start;
  }

  /** The greatest timestamp so far, milliseconds; 0 when there was none. */
  greatestOf(partition: number): number {
    return this.greatest.get(partition) ?? 0;
  }
}
