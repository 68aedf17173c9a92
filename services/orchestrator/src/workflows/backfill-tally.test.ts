import { Tally } from './backfill-tally';
import { SKIPPED, failedEnd, type RunEnd } from './run-end';

const SUCCEEDED: RunEnd = { how: 'succeeded', undelivered: true };

const COUNTS = { missing: 100, failed: 0, stale: 0, done: 0, running: 0 };

function run(index: number) {
  return { start: `day ${index}`, end: `day ${index + 1}`, runId: `run ${index}` };
}

/** A failure as Temporal gives it: the code is its type, the error's fields its first detail. */
const applicationFailure = (type: string, stage: string) => ({ name: 'ApplicationFailure', type, message: `${type}: scripted`, details: [{ code: type, stage }] });

describe('the tally of a backfill', () => {
  it('takes its rate from the last 50 ends', () => {
    const tally = new Tally();
    tally.startClock(0);
    expect(tally.ratePerMinute()).toBe(0);
    // Ten slow ones, a minute each, then fifty that take a second: only those count.
    for (let index = 1; index <= 10; index += 1) tally.ended(run(index), SUCCEEDED, index * 60_000);
    expect(tally.ratePerMinute()).toBe(1);
    for (let index = 1; index <= 50; index += 1) tally.ended(run(index), SUCCEEDED, 600_000 + index * 1_000);
    expect(tally.ratePerMinute()).toBe(60);
  });

  it('forgets the time of a pause', () => {
    const tally = new Tally();
    tally.startClock(0);
    tally.ended(run(1), SUCCEEDED, 1_000);
    tally.startClock(3_601_000);
    tally.ended(run(2), SUCCEEDED, 3_602_000);
    expect(tally.ratePerMinute()).toBe(60);
  });

  it('counts as skipped what was selected and never came up', () => {
    const tally = new Tally();
    tally.planned(COUNTS, 5);
    for (let index = 0; index < 3; index += 1) tally.took();
    tally.ended(run(1), SUCCEEDED, 1);
    tally.ended(run(2), SKIPPED, 2);
    tally.ended(run(3), failedEnd(applicationFailure('SOURCE_MISSING', 'extract')), 3);
    expect(tally.queued()).toBe(2);
    tally.close();
    expect(tally.view()).toMatchObject({ selected: 5, succeeded: 1, failed: 1, skipped: 3 });
    expect(tally.queued()).toBe(0);
  });

  it('keeps the first plan, and the newest 20 failures', () => {
    const tally = new Tally();
    tally.planned(COUNTS, 100);
    for (let index = 0; index < 30; index += 1) {
      tally.took();
      tally.ended(run(index), failedEnd(applicationFailure('SOURCE_MISSING', 'extract')), index);
    }
    tally.planned({ ...COUNTS, missing: 70 }, 70);
    expect(tally.view().selected).toBe(100);
    expect(tally.view().failures.map(({ runId }) => runId)).toEqual(Array.from({ length: 20 }, (_, index) => `run ${29 - index}`));
  });

  it('needs a delivery after a run that published, also where that run could not deliver', () => {
    const tally = new Tally();
    tally.ended(run(1), failedEnd(applicationFailure('CHECK_FAILED', 'validate')), 1);
    tally.ended(run(2), failedEnd({ name: 'CancelledFailure' }), 2);
    tally.ended(run(3), failedEnd({ name: 'TerminatedFailure' }), 3);
    expect(tally.view()).toMatchObject({ failed: 2, cancelled: 1, undelivered: false });
    tally.ended(run(4), failedEnd(applicationFailure('DESTINATION_INCOMPATIBLE', 'load')), 4);
    expect(tally.view().undelivered).toBe(true);
    tally.delivering();
    expect(tally.view().undelivered).toBe(false);
    tally.ended(run(5), SUCCEEDED, 5);
    expect(tally.view().undelivered).toBe(true);
  });
});
