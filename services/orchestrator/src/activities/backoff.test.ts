import { backoffMs } from './backoff';

describe('backoffMs', () => {
  it('waits at least 1 s and at most a bound that doubles from 2 s to 30 s', () => {
    const longest = [0, 1, 2, 3, 4, 5, 50].map((retry) => backoffMs(retry, 0.999_999));
    expect(longest).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect([0, 5, 50].map((retry) => backoffMs(retry, 0))).toEqual([1_000, 1_000, 1_000]);
  });

  it('spreads waits evenly over the whole range', () => {
    expect(backoffMs(4, 0.5)).toBe(15_500);
  });
});
