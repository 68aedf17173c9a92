import fc from 'fast-check';
import { WHOLE, formatInterval, grainMs, parseInstant, parseInterval, parseIntervalText, partitionsOf } from './interval';

const DAY_MS = 86_400_000;

/** Days since 1970-01-01 by counting, so that nothing but the rules of the calendar is believed. */
function dayNumber(year: number, month: number, day: number): number {
  const leap = (y: number) => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
  let days = day - 1;
  for (let y = 1970; y < year; y += 1) days += leap(y) ? 366 : 365;
  for (let m = 1; m < month; m += 1) days += m === 2 ? (leap(year) ? 29 : 28) : [4, 6, 9, 11].includes(m) ? 30 : 31;
  return days;
}

const pad = (value: number) => String(value).padStart(2, '0');

describe('instants', () => {
  test.each([
    ['2010-12-01', '2010-12-01T00:00:00Z'],
    ['2010-12-01T10', '2010-12-01T10:00:00Z'],
    ['2010-12-01T10:30', '2010-12-01T10:30:00Z'],
    ['2010-12-01 10:30:15', '2010-12-01T10:30:15Z'],
    ['2010-12-01T10:30:15.000Z', '2010-12-01T10:30:15Z'],
    ['2010-12-01T00:30:00+01:00', '2010-11-30T23:30:00Z'],
    ['2010-12-31T23:30:00-01:00', '2011-01-01T00:30:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    [' 2024-02-29 ', '2024-02-29T00:00:00Z'],
  ])('%j is %s', (text, instant) => {
    expect(parseInstant(text)).toBe(instant);
  });

  test.each(['', 'yesterday', '2010-13-01', '2010-00-10', '2023-02-29', '2024-02-30', '2010-12-1', '2010-12-01T24:00:00', '2010-12-01T10:60', '2010-12-01T10:00:00.5Z', '2010-12-01T10:00:00 Z', '20101201', '2010-12-01/2010-12-02', '2010-12-01T00:00:00+25:00'])('%j is refused', (text) => {
    expect(() => parseInstant(text)).toThrow(expect.objectContaining({ code: 'INVALID_INTERVAL' }) as Error);
  });
});

describe('grains', () => {
  test.each([
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['12h', 43_200_000],
    ['1d', DAY_MS],
    ['7d', 7 * DAY_MS],
    ['48h', 2 * DAY_MS],
  ])('%s is %i ms', (grain, length) => {
    expect(grainMs(grain)).toBe(length);
  });

  test.each(['', '0h', '5h', '7m', '36h', '1w', '1.5h', '-1d', 'd', '01h'])('%j is none', (grain) => {
    expect(() => grainMs(grain)).toThrow('is not a grain');
  });
});

describe('intervals', () => {
  test.each([
    ['2010-12-02/2010-12-01', 'is empty'],
    ['2010-12-01/2010-12-01', 'is empty'],
    ['2010-12-01/2010-12-02T12', 'not on a boundary'],
    ['2010-12-01', 'is not an interval'],
    ['2010-12-01/2010-12-02/2010-12-03', 'is not an interval'],
    ['/', 'is not an interval'],
    ['1900-01-01/2010-12-01', 'more than 10000 grains'],
  ])('%j of days is refused: %s', (text, message) => {
    expect(() => parseIntervalText(text, '1d')).toThrow(message);
  });

  test('names the boundaries around an instant that is on none', () => {
    expect(() => parseIntervalText('2010-12-01T00:20/2010-12-02', '1h')).toThrow(expect.objectContaining({ fix: 'The boundaries around it are 2010-12-01T00:00:00Z and 2010-12-01T01:00:00Z.' }) as Error);
  });

  test('the days of any range are those that the calendar has, leap days among them', () => {
    const date = fc.record({ year: fc.integer({ min: 1971, max: 2199 }), month: fc.integer({ min: 1, max: 12 }), day: fc.integer({ min: 1, max: 28 }), days: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(date, ({ year, month, day, days }) => {
        const first = dayNumber(year, month, day);
        const start = `${year}-${pad(month)}-${pad(day)}`;
        const end = new Date((first + days) * DAY_MS).toISOString().slice(0, 10);
        const partitions = partitionsOf(parseInterval(start, end, '1d'), '1d');
        expect(partitions).toHaveLength(days);
        expect(partitions[0]).toBe(`${start}T00:00:00Z`);
        expect(partitions.map((partition) => Date.parse(partition) / DAY_MS)).toEqual(Array.from({ length: days }, (_, index) => first + index));
      }),
    );
  });

  test('a day has 24 hours on the days when clocks change, in whatever zone this runs', () => {
    for (const day of ['2024-03-31', '2024-10-27', '2024-03-10', '2024-11-03', '2024-02-29']) {
      const next = new Date(Date.parse(day) + DAY_MS).toISOString().slice(0, 10);
      const hours = partitionsOf(parseInterval(day, next, '1h'), '1h');
      expect(hours).toEqual(Array.from({ length: 24 }, (_, hour) => `${day}T${pad(hour)}:00:00Z`));
    }
  });

  test('cutting an interval at any boundary gives the same partitions', () => {
    const range = fc.tuple(fc.constantFrom('15m', '1h', '6h', '1d', '7d'), fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(range, ([grain, from, left, right]) => {
        const at = (grains: number) => new Date(grains * grainMs(grain)).toISOString();
        const parts = [parseInterval(at(from), at(from + left), grain), parseInterval(at(from + left), at(from + left + right), grain)];
        const whole = parseInterval(at(from), at(from + left + right), grain);
        expect(parts.flatMap((part) => partitionsOf(part, grain))).toEqual(partitionsOf(whole, grain));
      }),
    );
  });

  test('without a grain there is one partition', () => {
    expect(partitionsOf(undefined, undefined)).toEqual([WHOLE]);
    expect(partitionsOf(undefined, '1d')).toEqual(['all']);
  });

  test('are short for people', () => {
    expect(formatInterval({ start: '2010-12-01T00:00:00Z', end: '2010-12-02T01:00:00Z' })).toBe('2010-12-01/2010-12-02T01:00:00Z');
    expect(formatInterval(undefined)).toBe('all');
  });
});
