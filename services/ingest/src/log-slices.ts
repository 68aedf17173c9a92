import { type LogBounds, type TimedOffset, type TopicLog } from '@weir/connectors';
import { canonicalInstant, formatInterval, grainMs, WeirError, type Interval } from '@weir/core';
import type { Progress } from '@weir/rpc';

/** Where the records of a grain begin in a partition. */
export interface GrainStart {
  /** Canonical. */
  readonly grain: string;
  readonly offset: number;
}

/** What a partition has of an interval: offsets [from, to), and the grains in them, ascending; grains without records are not there. */
export interface IntervalSlice {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly grains: readonly GrainStart[];
}

/**
 * The offsets that the partitions of a topic have of an interval, by Kafka's own answer: a grain begins with the first record that is not before its start, and ends where the next
 * one begins. So each grain is the same in a wide run and in a narrow one. Only grains that have records are asked for. Throws POSITION_LOST where some of the interval's records are gone.
 */
export async function intervalSlices(log: TopicLog, interval: Interval, grain: string, report: (progress: Progress) => void): Promise<IntervalSlice[]> {
  const [start, end] = [Date.parse(interval.start), Date.parse(interval.end)];
  const bounds = await log.bounds();
  const walks = [...bounds].map(([partition, { end: last }]) => new GrainWalk(partition, last, end, grainMs(grain)));
  let times = new Map(walks.map(({ partition }) => [partition, start]));
  for (let rounds = 0; times.size > 0; rounds += 1) {
    report({ step: 'find offsets', done: rounds, total: 0 });
    const found = await log.firstFrom(times);
    const next = walks.flatMap((walk): [number, number][] => {
      const time = times.has(walk.partition) ? walk.step(found.get(walk.partition)) : undefined;
      return time === undefined ? [] : [[walk.partition, time]];
    });
    times = new Map(next);
  }
  const slices = walks.map((walk) => walk.slice());
  await assertWhole(log, interval, slices, bounds);
  return slices;
}

/** Finds the grains of one partition, one answer after the other. */
class GrainWalk {
  private readonly grains: GrainStart[] = [];
  private to: number;

  constructor(
    readonly partition: number,
    /** The end of the log when the walk began: what comes later is of the next run. */
    private readonly last: number,
    private readonly end: number,
    private readonly length: number,
  ) {
    this.to = last;
  }

  /** Takes the first record from the time that was asked for; gives the next time to ask for, or undefined when all is known. */
  step(found: TimedOffset | undefined): number | undefined {
    if (!found || found.offset >= this.last) return undefined;
    if (found.timestamp >= this.end) {
      this.to = found.offset;
      return undefined;
    }
    const begins = found.timestamp - (found.timestamp % this.length);
    this.grains.push({ grain: canonicalInstant(begins), offset: found.offset });
    return begins + this.length;
  }

  slice(): IntervalSlice {
    const { partition, grains, to } = this;
    return { partition, grains, from: grains[0]?.offset ?? to, to };
  }
}

/**
 * A topic that has removed records of the interval would silently give less than there was, and a run over it would replace what an earlier one had. That they are of the interval is possible
 * only where a partition has nothing from before it any more.
 */
async function assertWhole(log: TopicLog, interval: Interval, slices: readonly IntervalSlice[], bounds: ReadonlyMap<number, LogBounds>): Promise<void> {
  const suspects = slices.filter(({ partition, from }) => {
    const start = bounds.get(partition)?.start ?? 0;
    return start > 0 && from === start;
  });
  const [first] = suspects;
  if (!first) return;
  const { milliseconds, bytes } = await log.retention();
  const tooOld = milliseconds !== undefined && Date.parse(interval.start) < Date.now() - milliseconds;
  const cut = bytes !== undefined && suspects.some(({ from, to }) => from < to);
  if (!tooOld && !cut) return;
  throw new WeirError({
    code: 'POSITION_LOST',
    message: `${log.topic} may have lost records of ${formatInterval(interval)}: partition ${first.partition} begins at offset ${first.from} now, and its retention ${tooOld ? 'is shorter than the interval is old' : 'is by size'}.`,
    place: `${log.topic}:${first.partition}:${first.from}`,
    fix: 'Run the interval from raw if it was run before, or take one that the topic still has.',
  });
}
