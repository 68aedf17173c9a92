import fc from 'fast-check';
import { formatDuration, parseDuration, parseShare } from './duration';

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['0s', 0],
    ['5 m', undefined],
    ['5', undefined],
    ['m', undefined],
    ['1.5h', undefined],
    ['-5m', undefined],
    ['5w', undefined],
    ['5m5s', undefined],
  ])('%j is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test('are read back as they are written', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 999_999_999 }), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
    expect([formatDuration(5_400_000), formatDuration(86_400_000), formatDuration(0)]).toEqual(['90m', '1d', '0s']);
  });
});

describe('shares', () => {
  test.each([
    ['5%', 0.05],
    ['0.7%', 0.007],
    ['100 %', 1],
    ['0%', 0],
    [0.05, 0.05],
    [1, 1],
    [5, undefined],
    [-0.1, undefined],
    ['5', undefined],
    ['101%', undefined],
    ['%', undefined],
    [Number.NaN, undefined],
  ])('%j is %s', (text, share) => {
    expect(parseShare(text)).toBe(share);
  });
});
