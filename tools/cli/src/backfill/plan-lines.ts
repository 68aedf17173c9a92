import { formatInterval, type Interval } from '@weir/core';
import type { IntervalReasonWord, PlannedGrain, ReasonCounts } from '@weir/orchestrator';
import { colour, count, table } from '../output';

/** Neighbouring intervals of one reason and detail. */
export interface Stretch extends Interval {
  /** Start of the last interval in it. */
  readonly last: string;
  readonly intervals: number;
  readonly reason: IntervalReasonWord;
  readonly detail: string;
}

/** Joins intervals that follow each other, forwards or backwards, and have the same reason and detail. */
export function stretches(planned: readonly PlannedGrain[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const { start, end, reason, detail = '' } of planned) {
    const before = joined.at(-1);
    const follows = before?.end === start;
    if (before && before.reason === reason && before.detail === detail && (follows || before.start === end)) {
      joined[joined.length - 1] = { ...before, intervals: before.intervals + 1, ...(follows ? { end, last: start } : { start }) };
    } else {
      joined.push({ start, end, last: start, intervals: 1, reason, detail });
    }
  }
  return joined;
}

/** `2011-01-03 … 2011-01-09`, the first and the last interval by their starts; one alone by its own. */
export function stretchName({ start, last, intervals }: Stretch): string {
  return intervals === 1 ? instant(start) : `${instant(start)} … ${instant(last)}`;
}

/** The start of an interval as people write it: days as dates, the rest to the minute where seconds say nothing. */
export function instant(text: string): string {
  return text.replace('T00:00:00Z', '').replace(/(T\d\d:\d\d):00Z$/, '$1Z');
}

const REASONS: readonly IntervalReasonWord[] = ['missing', 'failed', 'stale', 'done', 'running', 'not_addressable'];

const PAINT: Readonly<Record<IntervalReasonWord, (text: string) => string>> = { missing: colour.name, failed: colour.bad, stale: colour.doubt, done: colour.good, running: colour.name, not_addressable: colour.faint };

function painted(reason: IntervalReasonWord): string {
  return PAINT[reason](reason.replace('_', ' '));
}

/** `305 intervals: 120 missing, 3 failed, 182 done`. */
export function countsLine(counts: ReasonCounts): string {
  const named = REASONS.filter((reason) => (counts[reason] ?? 0) > 0).map((reason) => `${count(counts[reason] ?? 0)} ${painted(reason)}`);
  return `${intervalCount(totalOf(counts))}: ${named.join(', ')}`;
}

/** All intervals of a plan's range. */
export function totalOf(counts: ReasonCounts): number {
  return REASONS.reduce((sum, reason) => sum + (counts[reason] ?? 0), 0);
}

/** `1 interval`, `7 intervals`. */
export function intervalCount(intervals: number): string {
  return `${count(intervals)} ${intervals === 1 ? 'interval' : 'intervals'}`;
}

/** Stretches that are shown before the rest is only counted: a screen of them. */
const MAX_LINES = 40;

/** The intervals of a plan as a table, a line for each stretch; `selected` is how many there are, of which `planned` may be the first. */
export function planTable(planned: readonly PlannedGrain[], selected: number): string[] {
  const all = stretches(planned);
  if (all.length === 0) return [];
  const shown = all.slice(0, MAX_LINES);
  const rows = shown.map((stretch) => [stretchName(stretch), count(stretch.intervals), painted(stretch.reason), stretch.detail]);
  const left = selected - shown.reduce((sum, { intervals }) => sum + intervals, 0);
  const drawn = table([{ title: 'interval' }, { title: 'intervals', align: 'right' }, { title: 'reason' }, { title: '' }], rows);
  return left > 0 ? [drawn, `  … and ${intervalCount(left)} more`] : [drawn];
}

/** What would be taken, in the words of the options that say so. */
export function takeLine(pipeline: string, interval: Interval, { only, order, selected, counts }: { only: string; order: string; selected: number; counts: ReasonCounts }): string {
  const command = `weir backfills start ${pipeline} --interval ${formatInterval(interval)}${only === 'missing' ? '' : ` --only ${only}`}${order === 'oldest' ? '' : ` --order ${order}`}`;
  if (selected === 0) return `Nothing to do: ${only === 'all' ? 'no interval is free' : `no interval is ${only}`}.`;
  return `\`${command}\` would take ${count(selected)} of ${intervalCount(totalOf(counts))}, ${order} first.`;
}
