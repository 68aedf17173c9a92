import { RollingBreaker } from './rolling-breaker';

const LIMIT = { share: 0.5, minRows: 1_000 };

function breakerAt() {
  const clock = { now: 0 };
  return { clock, breaker: new RollingBreaker(LIMIT, () => clock.now) };
}

test('trips above its share of at least so many records, and says how many', () => {
  const { breaker } = breakerAt();
  expect(breaker.count(999, 999, [])).toBeUndefined();
  const error = breaker.count(1, 1, ['clicks:0:5: required:id']);
  expect(error?.code).toBe('QUARANTINE_LIMIT');
  expect(error?.message).toContain("1000 of the last minute's 1000 records (100 %)");
  expect(error?.samples).toEqual(['clicks:0:5: required:id']);
});

test('does not trip at its share', () => {
  const { breaker } = breakerAt();
  expect(breaker.count(2_000, 1_000, [])).toBeUndefined();
  expect(breaker.count(1, 1, [])?.code).toBe('QUARANTINE_LIMIT');
});

test('forgets what is a minute old', () => {
  const { breaker, clock } = breakerAt();
  breaker.count(900, 900, []);
  clock.now = 59_000;
  expect(breaker.count(90, 90, [])).toBeUndefined();
  clock.now = 60_500;
  expect(breaker.count(100, 100, [])).toBeUndefined();
  expect(breaker.count(810, 810, [])?.message).toContain("1000 of the last minute's 1000 records");
});
