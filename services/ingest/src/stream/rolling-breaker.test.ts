import { RollingBreaker } from './rolling-breaker';

const LIMIT = { share: 0.5, minRows: 1_000 };

function breakerAt() {
  const clock = { now: 0 };
  return { clock, breaker: new RollingBreaker(LIMIT, () => clock.now) };
}

test('trips above its share of at least so many records, and says how many', () => {
  const { breaker } = breakerAt();
  expect(breaker.count({ read: 999, quarantined: 999, refused: 0 }, [])).toBeUndefined();
  const error = breaker.count({ read: 1, quarantined: 1, refused: 0 }, ['clicks:0:5: required:id']);
  expect(error?.code).toBe('QUARANTINE_LIMIT');
  expect(error?.message).toContain("1000 of the last minute's 1000 records (100 %)");
  expect(error?.samples).toEqual(['clicks:0:5: required:id']);
});

test('does not trip at its share', () => {
  const { breaker } = breakerAt();
  expect(breaker.count({ read: 2_000, quarantined: 1_000, refused: 0 }, [])).toBeUndefined();
  expect(breaker.count({ read: 1, quarantined: 1, refused: 0 }, [])?.code).toBe('QUARANTINE_LIMIT');
});

test('forgets what is a minute old', () => {
  const { breaker, clock } = breakerAt();
  breaker.count({ read: 900, quarantined: 900, refused: 0 }, []);
  clock.now = 59_000;
  expect(breaker.count({ read: 90, quarantined: 90, refused: 0 }, [])).toBeUndefined();
  clock.now = 60_500;
  expect(breaker.count({ read: 100, quarantined: 100, refused: 0 }, [])).toBeUndefined();
  expect(breaker.count({ read: 810, quarantined: 810, refused: 0 }, [])?.message).toContain("1000 of the last minute's 1000 records");
});

test('counts what tables refuse, and says so', () => {
  const { breaker } = breakerAt();
  expect(breaker.count({ read: 999, quarantined: 200, refused: 300 }, [])).toBeUndefined();
  expect(breaker.count({ read: 1, quarantined: 0, refused: 1 }, [])).toMatchObject({
    stage: 'load',
    message: "501 of the last minute's 1000 records (50.1 %) went to quarantine, 301 of them because a table refused them; the limit is 50 %.",
    fix: 'Look at the quarantine, correct the producer, the contract, or what the table demands, then resume the stream.',
  });
});
