import type { CoveredRange } from '@weir/connectors';
import { parseLogSegment } from '@weir/core';

/** The records of a topic that raw segments hold, by their names; neighbours are one range. What is no segment of the topic is left out. */
export function coveredRanges(sources: readonly string[], topic: string): CoveredRange[] {
  const named = sources.flatMap((source) => {
    const named = parseLogSegment(source);
    return named?.topic === topic ? [{ partition: named.partition, from: named.from, to: named.to }] : [];
  });
  const covered: { partition: number; from: number; to: number }[] = [];
  for (const range of named.toSorted((one, other) => one.partition - other.partition || one.from - other.from)) {
    const last = covered.at(-1);
    if (last?.partition === range.partition && last.to >= range.from) last.to = Math.max(last.to, range.to);
    else covered.push({ ...range });
  }
  return covered;
}
