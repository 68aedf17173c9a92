import { clockTime, fromNow, lasting } from './time-words';

const at = (text: string) => Date.parse(text);

describe('how long', () => {
  test.each([
    [-5, '0 s'],
    [400, '0 s'],
    [8_000, '8 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [59 * 60_000 + 59_000, '59 min'],
    [3_600_000, '1 h'],
    [3_600_000 * 3 + 60_000 * 20, '3 h 20 min'],
    [86_400_000, '1 d'],
    [86_400_000 * 2 + 3_600_000 * 5, '2 d 5 h'],
  ])('%d ms are said as %s', (milliseconds, words) => {
    expect(lasting(milliseconds)).toBe(words);
  });

  test('before and after now', () => {
    expect(fromNow(90_000, 30_000)).toBe('in 1 min');
    expect(fromNow(30_000, 38_000)).toBe('8 s ago');
  });
});

describe('a time on the clock', () => {
  const now = at('2026-03-24T10:00:00Z'); // a Tuesday

  test.each([
    ['2026-03-24T14:05:00Z', 'UTC', '14:05 UTC'],
    ['2026-03-27T14:05:00Z', 'UTC', 'Fri 14:05 UTC'],
    ['2026-04-07T14:05:00Z', 'UTC', 'Tue 7 Apr 14:05 UTC'],
    ['2026-03-24T14:05:00Z', 'Europe/Vienna', '15:05 (14:05 UTC)'],
    // Clocks go forward on 29 March 2026.
    ['2026-03-29T14:05:00Z', 'Europe/Vienna', 'Sun 16:05 (14:05 UTC)'],
    ['2026-03-24T23:30:00Z', 'Europe/Vienna', 'Wed 00:30 (Tue 23:30 UTC)'],
    ['2026-03-24T14:05:00Z', 'Asia/Kolkata', '19:35 (14:05 UTC)'],
    ['2026-03-24T00:00:00Z', 'UTC', '00:00 UTC'],
  ])('%s in %s is %s', (time, zone, words) => {
    expect(clockTime(at(time), now, zone)).toBe(words);
  });
});
