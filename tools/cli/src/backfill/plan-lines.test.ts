import type { IntervalReasonWord, PlannedGrain } from '@weir/orchestrator';
import { countsLine, instant, planTable, stretchName, stretches, takeLine } from './plan-lines';

const NONE = { missing: 0, failed: 0, stale: 0, done: 0, running: 0 };

/** Days of January 2011, a grain each. */
function days(from: number, to: number, reason: IntervalReasonWord, detail?: string): PlannedGrain[] {
  const day = (number: number) => new Date(Date.UTC(2011, 0, number)).toISOString().replace('.000Z', 'Z');
  return Array.from({ length: to - from + 1 }, (_, index) => ({ start: day(from + index), end: day(from + index + 1), reason, detail }));
}

const text = (lines: readonly string[]) => lines.join('\n').split('\n').map((line) => line.trimEnd());

describe('the intervals of a plan', () => {
  const planned = [...days(1, 2, 'missing'), ...days(3, 9, 'stale', 'model silver.lines'), ...days(10, 10, 'stale', 'contract'), ...days(12, 13, 'stale', 'contract')];

  test('that follow each other for one reason and detail are one line', () => {
    expect(stretches(planned).map((one) => `${stretchName(one)}, ${one.intervals}, ${one.reason}: ${one.detail}`)).toEqual([
      '2011-01-01 … 2011-01-02, 2, missing: ',
      '2011-01-03 … 2011-01-09, 7, stale: model silver.lines',
      '2011-01-10, 1, stale: contract',
      '2011-01-12 … 2011-01-13, 2, stale: contract',
    ]);
  });

  test('are joined as well with the newest first, and named from the oldest on', () => {
    expect(stretches(planned.toReversed()).map(stretchName)).toEqual(['2011-01-12 … 2011-01-13', '2011-01-10', '2011-01-03 … 2011-01-09', '2011-01-01 … 2011-01-02']);
    expect(stretches(planned.toReversed())[2]).toMatchObject({ start: '2011-01-03T00:00:00Z', end: '2011-01-10T00:00:00Z', intervals: 7 });
  });

  test('shorter than a day have their time', () => {
    expect(instant('2011-01-03T05:00:00Z')).toBe('2011-01-03T05:00Z');
    expect(instant('2011-01-03T05:00:30Z')).toBe('2011-01-03T05:00:30Z');
    expect(instant('2011-01-03T00:00:00Z')).toBe('2011-01-03');
  });

  test('are a table that says how many more there are', () => {
    expect(text(planTable(planned.slice(0, 9), 12))).toEqual([
      '  interval                 intervals  reason',
      '  2011-01-01 … 2011-01-02          2  missing',
      '  2011-01-03 … 2011-01-09          7  stale    model silver.lines',
      '  … and 3 intervals more',
    ]);
    expect(planTable([], 0)).toEqual([]);
  });

  test('stay within a screen however scattered they are', () => {
    const scattered = Array.from({ length: 500 }, (_, index) => days(1 + index * 2, 1 + index * 2, 'failed', 'CHECK_FAILED')).flat();
    const lines = text(planTable(scattered, 5_000));
    expect(lines).toHaveLength(42);
    expect(lines.at(-1)).toBe('  … and 4,960 intervals more');
  });
});

describe('what a plan says', () => {
  const interval = { start: '2010-12-01T00:00:00Z', end: '2011-12-10T00:00:00Z' };

  test('counts by reason, without those that have none', () => {
    expect(countsLine({ ...NONE, missing: 1_200, failed: 3, done: 102 })).toBe('1,305 intervals: 1,200 missing, 3 failed, 102 done');
    expect(countsLine({ ...NONE, running: 1 })).toBe('1 interval: 1 running');
    expect(countsLine({ ...NONE, done: 2, not_addressable: 3 })).toBe('5 intervals: 2 done, 3 not addressable');
  });

  test('is the command that takes them, with the options that are not the default', () => {
    const counts = { ...NONE, stale: 7, done: 298 };
    expect(takeLine('retail', interval, { only: 'stale', order: 'newest', selected: 7, counts })).toBe('`weir backfills start retail --interval 2010-12-01/2011-12-10 --only stale --order newest` would take 7 of 305 intervals, newest first.');
    expect(takeLine('retail', interval, { only: 'missing', order: 'oldest', selected: 2, counts: { ...NONE, missing: 2 } })).toBe('`weir backfills start retail --interval 2010-12-01/2011-12-10` would take 2 of 2 intervals, oldest first.');
  });

  test('is that nothing is to do', () => {
    expect(takeLine('retail', interval, { only: 'missing', order: 'oldest', selected: 0, counts: { ...NONE, done: 5 } })).toBe('Nothing to do: no interval is missing.');
    expect(takeLine('retail', interval, { only: 'all', order: 'oldest', selected: 0, counts: { ...NONE, running: 5 } })).toBe('Nothing to do: no interval is free.');
  });
});
