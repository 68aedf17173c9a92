import { LogGrains } from './log-grain';

const HOUR = 3_600_000;
const T = Date.parse('2026-01-01T00:00:00Z');

test('a record belongs to the grain of the greatest timestamp so far in its partition', () => {
  const grains = new LogGrains('1h');
  const of = (partition: number, ...hours: readonly number[]) => hours.map((hour) => grains.next(partition, T + hour * HOUR).slice(11, 13));
  expect(of(0, 3, 3.99, 2, 4, 3.5, 7, 0, 6.9, 7.5, 8)).toEqual(['03', '03', '03', '04', '04', '07', '07', '07', '07', '08']);
  expect(of(1, 1, 0)).toEqual(['01', '01']);
  expect([grains.greatestOf(0), grains.greatestOf(1), grains.greatestOf(2)]).toEqual([T + 8 * HOUR, T + HOUR, 0]);
});

test('a partition goes on after records that came before', () => {
  const grains = new LogGrains('1d');
  grains.continueFrom(0, T + 5 * HOUR);
  expect(grains.next(0, T - HOUR)).toBe('2026-01-01T00:00:00Z');
  grains.continueFrom(0, 0);
  expect(grains.next(0, T - HOUR)).toBe('2025-12-31T00:00:00Z');
});

test('any number that a producer sends has a grain', () => {
  const grains = new LogGrains('1d');
  expect(grains.next(0, -1)).toBe('1970-01-01T00:00:00Z');
  for (const timestamp of [Number('9223372036854775807'), T]) expect(grains.next(0, timestamp)).toBe('9999-12-31T00:00:00Z');
  expect(grains.greatestOf(0)).toBe(Date.parse('9999-12-31T23:59:59.999Z'));
});
