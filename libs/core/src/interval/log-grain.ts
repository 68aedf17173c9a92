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
  private readonly partitions = new Map<number, Standing>();

  constructor(grain: string) {
    this.length = grainMs(grain);
  }

  /** Continues a partition after records whose greatest timestamp was this, milliseconds; 0 when there were none. */
  continueFrom(partition: number, greatestTimestamp: number): void {
    this.partitions.set(partition, { greatest: greatestTimestamp, start: '', end: -Infinity });
  }

  /** Takes the next record of a partition, by its timestamp in milliseconds; gives the canonical start of its grain. */
  next(partition: number, timestamp: number): string {
    const standing = this.standing(partition);
    standing.greatest = Math.max(standing.greatest, Math.min(timestamp, LATEST_MS));
    if (standing.greatest < standing.end) return standing.start;
    const from = Math.floor(standing.greatest / this.length) * this.length;
    standing.start = canonicalInstant(from);
    standing.end = from + this.length;
    return standing.start;
  }

  /** The greatest timestamp so far, milliseconds; 0 when there was none. */
  greatestOf(partition: number): number {
    return this.partitions.get(partition)?.greatest ?? 0;
  }

  private standing(partition: number): Standing {
    const known = this.partitions.get(partition);
    if (known) return known;
    this.continueFrom(partition, 0);
    return this.standing(partition);
  }
}

/** Where a partition stands: its greatest timestamp, and the grain of that one once a record came. */
interface Standing {
  greatest: number;
  start: string;
  /** Milliseconds. */
  end: number;
}
