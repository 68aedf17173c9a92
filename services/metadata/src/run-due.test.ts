import type { Schedule } from '@weir/core';
import { RunKind, RunStatus } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { storeDefinition } from './store-definition';
import { ended, published, publishedOpen } from './testing/runs';
import { day, days, definitionOf, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

const SCHEDULE: Schedule = { cron: '5 0 * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 1, dependsOnPast: false };

describe('scheduled runs', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const scheduled = (pipeline: string, runId: string, at: string) => ({ ...runRequest(pipeline, runId, undefined, RunKind.SCHEDULED), scheduledFor: at });
  /** The run of a day's night. */
  const nightly = (pipeline: string, n: number) => scheduled(pipeline, `${pipeline}-${n}`, day(n + 1).replace('T00:00:00Z', 'T00:05:00.123Z'));
  const finish = (runId: string, status: RunStatus = RunStatus.SUCCEEDED) => finishRun(bench, { runId, status, error: undefined });

  test('take the last whole grain before their time, and the lookback', async () => {
    const pipeline = await givenPipeline(bench.pool, 'slots', { schedule: SCHEDULE });
    expect((await beginRun(bench, nightly(pipeline, 3))).interval).toEqual(days(3, 4));
    await finish('slots-3');
    await storeDefinition(bench.pool, definitionOf(pipeline, { schedule: SCHEDULE, lookbackGrains: 2 }));
    expect((await beginRun(bench, nightly(pipeline, 4))).interval).toEqual(days(2, 5));
    const { rows } = await bench.pool.query<{ partition: string }>(`select partition from metadata.lease where run_id = 'slots-4' order by partition`);
    expect(rows.map((row) => row.partition)).toEqual([day(2), day(3), day(4)]);
  });

  test('get the same interval again, also when the lookback was changed meanwhile', async () => {
    const pipeline = await givenPipeline(bench.pool, 'slots-again', { schedule: SCHEDULE, lookbackGrains: 1 });
    const first = await beginRun(bench, nightly(pipeline, 3));
    await storeDefinition(bench.pool, definitionOf(pipeline, { schedule: SCHEDULE, lookbackGrains: 5 }));
    expect(await beginRun(bench, nightly(pipeline, 3))).toEqual(first);
  });

  test('take the interval that they are given, and everything where there is no grain', async () => {
    const pipeline = await givenPipeline(bench.pool, 'slots-given', { schedule: SCHEDULE });
    expect((await beginRun(bench, { ...nightly(pipeline, 3), interval: days(0, 1) })).interval).toEqual(days(0, 1));
    await givenPipeline(bench.pool, 'slots-whole', { grain: undefined, schedule: SCHEDULE });
    expect((await beginRun(bench, nightly('slots-whole', 3))).interval).toBeUndefined();
  });

  test('need a time that is one', async () => {
    const pipeline = await givenPipeline(bench.pool, 'slots-bad', { schedule: SCHEDULE });
    await expect(beginRun(bench, scheduled(pipeline, 'slots-bad-1', 'soon'))).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    await expect(beginRun(bench, scheduled(pipeline, 'slots-bad-1', ''))).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  });

  test.each([1, 3])('wait while %i of them are open, runs of other kinds aside', async (maxActiveRuns) => {
    const pipeline = await givenPipeline(bench.pool, `limit-${maxActiveRuns}`, { schedule: { ...SCHEDULE, maxActiveRuns } });
    await beginRun(bench, runRequest(pipeline, `${pipeline}-manual`, days(20, 21)));
    for (let n = 0; n < maxActiveRuns; n += 1) await beginRun(bench, nightly(pipeline, n));
    await expect(beginRun(bench, nightly(pipeline, 9))).rejects.toMatchObject({
      code: 'RUN_LIMIT',
      samples: Array.from({ length: Math.min(2, maxActiveRuns) }, (_, n) => [`${pipeline}-${n}`, `run/${pipeline}/${pipeline}-${n}`]).flat(),
      message: expect.stringContaining(`${maxActiveRuns} scheduled runs of ${pipeline} are open`),
    });
    // One that was begun already is not in its own way.
    await expect(beginRun(bench, nightly(pipeline, 0))).resolves.toMatchObject({ interval: days(0, 1) });
    await beginRun(bench, runRequest(pipeline, `${pipeline}-other`, days(9, 10)));
    await finish(`${pipeline}-other`);
    await finish(`${pipeline}-0`, RunStatus.FAILED);
    await expect(beginRun(bench, nightly(pipeline, 9))).resolves.toMatchObject({ interval: days(9, 10) });
  });

  describe('that depend on their past', () => {
    const dependent = (name: string, changes: Partial<Schedule> = {}) => givenPipeline(bench.pool, name, { schedule: { ...SCHEDULE, maxActiveRuns: 9, dependsOnPast: true, ...changes } });

    test('begin when there was nothing earlier', async () => {
      const pipeline = await dependent('past-none');
      await published(bench, runRequest(pipeline, 'past-none-later', days(7, 8)));
      await expect(beginRun(bench, nightly(pipeline, 5))).resolves.toMatchObject({ interval: days(5, 6) });
    });

    test('begin when the grain before was published, by whomever', async () => {
      const pipeline = await dependent('past-done');
      await published(bench, runRequest(pipeline, 'past-done-wide', days(2, 5)));
      await expect(beginRun(bench, nightly(pipeline, 5))).resolves.toMatchObject({ interval: days(5, 6) });
    });

    test('begin while the run before still delivers', async () => {
      const pipeline = await dependent('past-open');
      await publishedOpen(bench, nightly(pipeline, 4));
      await expect(beginRun(bench, nightly(pipeline, 5))).resolves.toMatchObject({ interval: days(5, 6) });
    });

    test('wait for a grain that failed, and name its newest run', async () => {
      const pipeline = await dependent('past-failed');
      await published(bench, nightly(pipeline, 3));
      await ended(bench, { ...nightly(pipeline, 4), runId: 'past-failed-first' });
      await ended(bench, nightly(pipeline, 4));
      await expect(beginRun(bench, nightly(pipeline, 5))).rejects.toMatchObject({
        code: 'PAST_MISSING',
        message: '2010-12-06/2010-12-07 of past-failed waits for 2010-12-05/2010-12-06, which is not published: its newest run past-failed-4 (workflow run/past-failed/past-failed-4) is RUN_STATUS_FAILED.',
        samples: ['past-failed-4', 'run/past-failed/past-failed-4'],
      });
      await published(bench, runRequest(pipeline, 'past-failed-repaired', days(4, 5)));
      await expect(beginRun(bench, nightly(pipeline, 5))).resolves.toMatchObject({ interval: days(5, 6) });
    });

    test('wait for a grain that is being run', async () => {
      const pipeline = await dependent('past-running');
      await beginRun(bench, nightly(pipeline, 4));
      await expect(beginRun(bench, nightly(pipeline, 5))).rejects.toMatchObject({ code: 'PAST_MISSING', samples: ['past-running-4', 'run/past-running/past-running-4'] });
    });

    test('wait for a gap that nobody has run, before their lookback', async () => {
      const pipeline = await givenPipeline(bench.pool, 'past-gap', { schedule: { ...SCHEDULE, dependsOnPast: true }, lookbackGrains: 1 });
      await published(bench, runRequest(pipeline, 'past-gap-old', days(0, 1)));
      await expect(beginRun(bench, nightly(pipeline, 5))).rejects.toMatchObject({
        code: 'PAST_MISSING', samples: [], message: '2010-12-05/2010-12-07 of past-gap waits for 2010-12-04/2010-12-05, which is not published: no run has taken it.',
      });
    });

    test('do not wait for what lies before the start of the schedule', async () => {
      const pipeline = await dependent('past-start', { startDate: day(5) });
      await published(bench, runRequest(pipeline, 'past-start-old', days(0, 1)));
      await expect(beginRun(bench, nightly(pipeline, 5))).resolves.toMatchObject({ interval: days(5, 6) });
      await finish('past-start-5', RunStatus.FAILED);
      await expect(beginRun(bench, nightly(pipeline, 6))).rejects.toMatchObject({ code: 'PAST_MISSING' });
    });

    test('are not held back by runs that were cancelled, nor hold back runs that people start', async () => {
      const pipeline = await dependent('past-people');
      await ended(bench, nightly(pipeline, 2), RunStatus.CANCELLED);
      await expect(beginRun(bench, nightly(pipeline, 5))).resolves.toMatchObject({ interval: days(5, 6) });
      await expect(beginRun(bench, runRequest(pipeline, 'past-people-manual', days(8, 9)))).resolves.toMatchObject({ interval: days(8, 9) });
    });
  });
});
