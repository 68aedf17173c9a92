import fc from 'fast-check';
import { partitionsOf } from './interval';
import { scheduledInterval } from './schedule';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z');

describe('the interval of a scheduled run', () => {
  test.each([
    ['2010-12-02T00:00:00Z', '1d', 0, '2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z'],
    ['2010-12-01T23:59:59Z', '1d', 0, '2010-11-30T00:00:00Z', '2010-12-01T00:00:00Z'],
    ['2010-12-02T00:05:00+01:00', '1d', 0, '2010-11-30T00:00:00Z', '2010-12-01T00:00:00Z'],
    ['2024-03-01T00:00:00.000000001Z', '1d', 0, '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2024-01-01T00:59:59.999Z', '1h', 2, '2023-12-31T21:00:00Z', '2024-01-01T00:00:00Z'],
    ['2024-01-01T00:17:00Z', '5m', 3, '2023-12-31T23:55:00Z', '2024-01-01T00:15:00Z'],
    ['1969-12-31T12:00:00Z', '1d', 0, '1969-12-30T00:00:00Z', '1969-12-31T00:00:00Z'],
    // Weeks are counted from 1 January 1970, a Thursday.
    ['2024-03-06T09:00:00Z', '7d', 0, '2024-02-22T00:00:00Z', '2024-02-29T00:00:00Z'],
  ])('at %s by %s with %i before is %s to %s', (at, grain, lookback, start, end) => {
    expect(scheduledInterval(at, grain, lookback)).toEqual({ start, end });
  });

  test.each([
    ['2010-12-01T00:00:00Z', '2010-12-01T00:00:00Z'],
    ['2010-11-29T00:00:00Z', '2010-11-29T00:00:00Z'],
    // The first day that begins at or after it.
    ['2010-11-29T06:00:00Z', '2010-11-30T00:00:00Z'],
    ['2010-01-01T00:00:00Z', '2010-11-28T00:00:00Z'],
    // Its own grain is taken whatever the start.
    ['2011-01-01T00:00:00Z', '2010-12-01T00:00:00Z'],
  ])('looks back no further than a start of %s', (startDate, start) => {
    expect(scheduledInterval('2010-12-02T00:00:00Z', '1d', 3, startDate)).toEqual({ start, end: '2010-12-02T00:00:00Z' });
  });

  test.each(['yesterday', '', '2024-02-30T00:00:00Z'])('is none at %j', (at) => {
    expect(() => scheduledInterval(at, '1h', 0)).toThrow(expect.objectContaining({ code: 'INVALID_INTERVAL' }) as Error);
  });

  test('ends within a grain before the tick, and its partitions are the grains and the lookback', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), fc.constantFrom(['5m', 300], ['1h', 3_600], ['1d', 86_400]), fc.integer({ min: 0, max: 50 }), (second, [grain, length], lookback) => {
        const interval = scheduledInterval(iso(second * 1_000), String(grain), lookback);
        const late = second - Date.parse(interval.end) / 1_000;
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThan(Number(length));
        expect(partitionsOf(interval, String(grain))).toHaveLength(lookback + 1);
      }),
    );
  });
});

/** How often each grain of a month is taken when a run is scheduled each time that a wall clock shows what `shows` wants; those taken once are left out. */
function unevenGrains(month: string, timezone: string, grain: string, length: number, shows: (clock: string) => boolean): [string, number][] {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const [year = 0, number = 0] = month.split('-').map(Number);
  const [first, last] = [Date.UTC(year, number - 1), Date.UTC(year, number)];
  const taken = new Map<string, number>();
  // The last grain is taken within a grain after the month.
  for (let at = first + MINUTE_MS; at < last + length; at += MINUTE_MS) {
    const partitions = shows(clock.format(at)) ? partitionsOf(scheduledInterval(iso(at), grain, 0), grain) : [];
    for (const partition of partitions) taken.set(partition, (taken.get(partition) ?? 0) + 1);
  }
  const grains = Array.from({ length: (last - first) / length }, (_, at) => iso(first + at * length));
  return grains.map((start): [string, number] => [start, taken.get(start) ?? 0]).filter(([, times]) => times !== 1);
}

describe('a month in which the clocks change', () => {
  const fullHour = (clock: string) => clock.endsWith(':00');

  test.each([
    ['2024-03', 'Europe/London'],
    ['2024-10', 'Europe/London'],
    ['2024-03', 'America/New_York'],
    ['2024-11', 'America/New_York'],
    ['2024-03', 'Asia/Kolkata'],
    ['2024-03', 'UTC'],
  ])('%s in %s by the hour: every hour is taken once', (month, timezone) => {
    expect(unevenGrains(month, timezone, '1h', HOUR_MS, fullHour)).toEqual([]);
  });

  // The server leaves out a time that the clocks skip, and comes twice at one that they repeat: what a tick takes does not depend on the ticks around it.
  test.each<[string, string, string, [string, number][]]>([
    ['2024-03', 'Europe/London', '02:30', []],
    ['2024-10', 'Europe/London', '02:30', []],
    ['2024-11', 'America/New_York', '02:30', []],
    ['2024-03', 'America/New_York', '03:30', []],
    ['2024-03', 'America/New_York', '02:30', [['2024-03-09T00:00:00Z', 0]]],
    ['2024-03', 'Europe/London', '01:30', [['2024-03-30T00:00:00Z', 0]]],
    ['2024-11', 'America/New_York', '01:30', [['2024-11-02T00:00:00Z', 2]]],
  ])('%s in %s by the day at %s: every day is taken once, save %j', (month, timezone, time, uneven) => {
    expect(unevenGrains(month, timezone, '1d', DAY_MS, (clock) => clock === time)).toEqual(uneven);
  });
});
