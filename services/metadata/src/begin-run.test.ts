import { RunKind, RunStatus } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { storeDefinition } from './store-definition';
import { day, days, definitionOf, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

describe('beginRun', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const leases = async (pipeline: string) => {
    const { rows } = await bench.pool.query<{ partition: string; run_id: string }>('select partition, run_id from metadata.lease where pipeline = $1 order by partition', [pipeline]);
    return rows;
  };

  test('pins the newest definition and answers with its policy', async () => {
    const pipeline = await givenPipeline(bench.pool, 'pins');
    await storeDefinition(bench.pool, definitionOf(pipeline, { policy: { retries: 7, retryDelayMs: 1_000, executionTimeoutMs: 60_000, failAbove: { share: 0.5, minRows: 1 } } }));
    const begun = await beginRun(bench, runRequest(pipeline, 'pins-1', days(0, 2)));
    expect(begun).toEqual({
      definitionVersion: 2, fence: expect.any(Number), hasHistoryModels: true, hasIntervalModels: true, destinations: 1, retries: 7, retryDelayMs: 1_000, executionTimeoutMs: 60_000, snapshot: 0,
      interval: days(0, 2), raw: undefined, approvalOnWarning: false, upstream: [], topic: '', rawOnly: false,
    });
  });

  test('gives the same answer when it is repeated, also after a newer definition and after the end', async () => {
    const pipeline = await givenPipeline(bench.pool, 'repeats');
    const request = runRequest(pipeline, 'repeats-1', days(0, 3));
    const first = await beginRun(bench, request);
    await storeDefinition(bench.pool, definitionOf(pipeline, { description: 'newer' }));
    expect(await beginRun(bench, { ...request, interval: { start: '2010-12-01', end: '2010-12-04' } })).toEqual(first);
    await finishRun(bench, { runId: 'repeats-1', status: RunStatus.SUCCEEDED, error: undefined });
    expect(await beginRun(bench, request)).toEqual(first);
    expect(await leases(pipeline)).toEqual([]);
  });

  test('refuses to turn a run into another', async () => {
    const pipeline = await givenPipeline(bench.pool, 'turns');
    await beginRun(bench, runRequest(pipeline, 'turns-1', days(0, 1)));
    await expect(beginRun(bench, runRequest(pipeline, 'turns-1', days(0, 2)))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('leases every grain of the interval', async () => {
    const pipeline = await givenPipeline(bench.pool, 'grains');
    await beginRun(bench, runRequest(pipeline, 'grains-1', days(30, 33)));
    expect((await leases(pipeline)).map((lease) => lease.partition)).toEqual(['2010-12-31T00:00:00Z', '2011-01-01T00:00:00Z', '2011-01-02T00:00:00Z']);
  });

  test('leases 10,000 grains in less than two seconds and refuses one more', async () => {
    const pipeline = await givenPipeline(bench.pool, 'wide', { grain: '1h' });
    const end = (hours: number) => new Date(Date.UTC(2010, 11, 1, hours)).toISOString();
    const started = performance.now();
    await beginRun(bench, runRequest(pipeline, 'wide-1', { start: day(0), end: end(10_000) }));
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(await leases(pipeline)).toHaveLength(10_000);
    await expect(beginRun(bench, runRequest(pipeline, 'wide-2', { start: day(0), end: end(10_001) }))).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  });

  test('names the holder of a busy interval and leases nothing', async () => {
    const pipeline = await givenPipeline(bench.pool, 'busy');
    await beginRun(bench, runRequest(pipeline, 'busy-1', days(2, 5)));
    const refused = beginRun(bench, runRequest(pipeline, 'busy-2', days(0, 3)));
    await expect(refused).rejects.toMatchObject({
      code: 'INTERVAL_BUSY',
      samples: ['busy-1', 'run/busy/busy-1'],
      message: 'Cannot lease the interval 2010-12-01/2010-12-04 of busy: the workflow run/busy/busy-1 (run busy-1) holds the interval 2010-12-03/2010-12-06 of busy.',
    });
    expect((await leases(pipeline)).map((lease) => lease.run_id)).toEqual(['busy-1', 'busy-1', 'busy-1']);
    const { rows } = await bench.pool.query(`select 1 from metadata.run where run_id = 'busy-2'`);
    expect(rows).toEqual([]);
  });

  test('lets exactly one of many runs begin that overlap at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const pipeline = await givenPipeline(bench.pool, `race-${round}`);
      // All of them share day 5; the pool's connections are all open after the first round.
      const attempts = [0, 1, 2, 3, 4, 5, 0, 3].map((start, n) => beginRun(bench, runRequest(pipeline, `race-${round}-${n}`, days(start, 6 + n))));
      const outcomes = await Promise.allSettled(attempts);
      const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
      expect(refused.map((outcome) => outcome.reason as unknown)).toEqual(Array.from({ length: 7 }, () => expect.objectContaining({ code: 'INTERVAL_BUSY' })));
      expect(new Set((await leases(pipeline)).map((lease) => lease.run_id)).size).toBe(1);
    }
  });

  test('lets runs of neighbouring intervals and of other pipelines begin side by side', async () => {
    const [pipeline, other] = [await givenPipeline(bench.pool, 'side'), await givenPipeline(bench.pool, 'side-b')];
    const requests = [runRequest(pipeline, 'side-1', days(0, 2)), runRequest(pipeline, 'side-2', days(2, 4)), runRequest(other, 'side-3', days(0, 4))];
    const begun = await Promise.all(requests.map((request) => beginRun(bench, request)));
    expect(new Set(begun.map((answer) => answer.fence)).size).toBe(3);
  });

  test('gives a later holder a greater fence', async () => {
    const pipeline = await givenPipeline(bench.pool, 'fence');
    const first = await beginRun(bench, runRequest(pipeline, 'fence-1', days(0, 1)));
    await finishRun(bench, { runId: 'fence-1', status: RunStatus.FAILED, error: undefined });
    const second = await beginRun(bench, runRequest(pipeline, 'fence-2', days(0, 1)));
    expect(second.fence).toBeGreaterThan(first.fence);
  });

  test('lets one refresh at a time beside the runs', async () => {
    const pipeline = await givenPipeline(bench.pool, 'refresh');
    await beginRun(bench, runRequest(pipeline, 'refresh-run', days(0, 1)));
    await beginRun(bench, runRequest(pipeline, 'refresh-1', undefined, RunKind.REFRESH));
    await expect(beginRun(bench, runRequest(pipeline, 'refresh-2', undefined, RunKind.REFRESH))).rejects.toMatchObject({
      code: 'INTERVAL_BUSY',
      message: 'Cannot lease the history of refresh: the workflow run/refresh/refresh-1 (run refresh-1) holds the history of refresh.',
    });
    expect(await leases(pipeline)).toContainEqual({ partition: 'history', run_id: 'refresh-1' });
  });

  test.each([
    ['no interval where there is a grain', '1d', undefined, RunKind.MANUAL, /has the grain 1d/],
    ['an interval where there is no grain', undefined, days(0, 1), RunKind.MANUAL, /has no grain/],
    ['an interval off the grain', '1d', { start: '2010-12-01T05:00:00Z', end: '2010-12-02' }, RunKind.MANUAL, /not on a boundary of the grain 1d/],
    ['an interval for a refresh', '1d', days(0, 1), RunKind.REFRESH, /takes no interval/],
  ])('refuses %s', async (title, grain, interval, kind, message) => {
    const pipeline = await givenPipeline(bench.pool, title.replaceAll(' ', '-'), { grain });
    await expect(beginRun(bench, runRequest(pipeline, 'never', interval, kind))).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringMatching(message) });
  });

  test('leases all of a pipeline without a grain', async () => {
    const pipeline = await givenPipeline(bench.pool, 'whole', { grain: undefined });
    await beginRun(bench, runRequest(pipeline, 'whole-1'));
    expect(await leases(pipeline)).toEqual([{ partition: 'all', run_id: 'whole-1' }]);
    await expect(beginRun(bench, runRequest(pipeline, 'whole-2'))).rejects.toMatchObject({ code: 'INTERVAL_BUSY', message: expect.stringContaining('all of whole') });
  });

  test.each(['', '../x', 'a/b', 'a b', `a${'b'.repeat(128)}`])('refuses the run id %j', async (runId) => {
    await expect(beginRun(bench, runRequest('pins', runId, days(0, 1)))).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('refuses a pipeline that was never applied', async () => {
    await expect(beginRun(bench, runRequest('nobody', 'nobody-1', days(0, 1)))).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND', message: 'No pipeline `nobody` was applied.' });
  });
});
