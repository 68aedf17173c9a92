import { retryAfterMs } from './retry-after';

const DATE = 'Sat, 28 Nov 2026 12:00:00 GMT';

test.each<[string | undefined, string | undefined, number | undefined]>([
  [undefined, DATE, undefined],
  ['7', DATE, 7_000],
  [' 7 ', undefined, 7_000],
  ['0', DATE, undefined],
  ['301', DATE, 300_000],
  ['999999999999999', DATE, 300_000],
  ['-1', DATE, undefined],
  ['soon', DATE, undefined],
  ['Sat, 28 Nov 2026 12:00:09 GMT', DATE, 9_000],
  ['Saturday, 28-Nov-26 12:00:09 GMT', DATE, 9_000],
  ['Sat, 28 Nov 2026 13:00:00 GMT', DATE, 300_000],
  ['Sat, 28 Nov 2026 11:59:59 GMT', DATE, undefined],
])('Retry-After %j at %j is a wait of %j ms', (header, date, expected) => {
  expect(retryAfterMs({ 'retry-after': header, date }, 300_000)).toBe(expected);
});

test('a date is compared with the clock here where the answer has none', () => {
  const wait = retryAfterMs({ 'retry-after': new Date(Date.now() + 20_000).toUTCString() }, 300_000);
  expect(wait).toBeGreaterThan(15_000);
  expect(wait).toBeLessThanOrEqual(20_000);
});
