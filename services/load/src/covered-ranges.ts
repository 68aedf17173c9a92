import type { CoveredRange } from '@weir/connectors';

/** Such as `clicks:00003:00000000000000001234-00000000000000005678`. */
const SEGMENT = /^(.+):(\d{1,10}):(\d{1,20})-(\d{1,20})$/;

/** The records of a topic that raw segments hold, by their names; neighbours are one range. What is no segment of the topic is left out. */
export function coveredRanges(sources: readonly string[], topic: string): CoveredRange[] {
  const named = sources.flatMap((source) => {
    const [, of, partition, from, to] = SEGMENT.exec(source) ?? [];
    return of === topic ? [{ partition: Number(partition), from: Number(from), to: Number(to) }] : [];
  });
  const covered: { partition: number; from: number; to: number }[] = [];
  for (const range of named.toSorted((one, other) => one.partition - other.partition || one.from - other.from)) {
    const last = covered.at(-1);
    if (last?.partition === range.partition && last.to >= range.from) last.to = Math.max(last.to, range.to);
    else covered.push({ ...range });
  }
  return covered;
}
