import { existsSync } from 'node:fs';
import { RunStatus, type RunError } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { getRun } from './get-run';
import { publish } from './publish';
import { derived, extracted } from './testing/runs';
import { day, days, givenPipeline, openWorkbench, runRequest, stageWide, type Workbench } from './testing/workbench';

const ERROR: RunError = { code: 'CHECK_FAILED', stage: 'validate', place: 'orders.customer_id', message: 'Too few.', fix: 'Look.', samples: ['a:1', 'b:2\0'] };

describe('finishRun', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const begin = async (pipeline: string) => {
    await givenPipeline(bench.pool, pipeline);
    const { fence } = await beginRun(bench, runRequest(pipeline, `${pipeline}-1`, days(0, 2)));
    const staged = await stageWide(bench.lake, pipeline, `${pipeline}-1`, [day(0), day(1)]);
    return { runId: `${pipeline}-1`, fence, staged: [staged] };
  };
  const finish = (runId: string, status: RunStatus, error?: RunError) => finishRun(bench, { runId, status, error });

  test('releases the leases, so that the next run can begin', async () => {
    const { runId } = await begin('released');
    expect(await finish(runId, RunStatus.SUCCEEDED)).toEqual({ status: RunStatus.SUCCEEDED });
    await expect(beginRun(bench, runRequest('released', 'released-2', days(0, 2)))).resolves.toMatchObject({ definitionVersion: 1 });
  });

  test('keeps the first end and its error', async () => {
    const { runId } = await begin('first');
    await finish(runId, RunStatus.FAILED, ERROR);
    expect(await finish(runId, RunStatus.SUCCEEDED)).toEqual({ status: RunStatus.FAILED });
    expect((await getRun(bench, { run: runId })).run).toMatchObject({ status: RunStatus.FAILED, error: ERROR, endedAt: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  test('keeps one end when two arrive at once', async () => {
    const { runId } = await begin('both');
    const ends = await Promise.all([finish(runId, RunStatus.FAILED), finish(runId, RunStatus.CANCELLED)]);
    expect(ends[0]).toEqual(ends[1]);
  });

  test.each([RunStatus.FAILED, RunStatus.CANCELLED])('drops what a run staged that ended as %s before publishing', async (status) => {
    const pipeline = `dropped-${status === RunStatus.FAILED ? 'f' : 'c'}`;
    const { runId, staged } = await begin(pipeline);
    await finish(runId, status);
    expect(existsSync(bench.lake.absolute(staged[0]?.manifest ?? ''))).toBe(false);
    expect(existsSync(bench.lake.absolute(`silver/${pipeline}/lines/${runId}`))).toBe(false);
  });

  test.each([RunStatus.FAILED, RunStatus.CANCELLED])('keeps what a run extracted that ended as %s', async (status) => {
    const pipeline = await givenPipeline(bench.pool, `extracted-${status === RunStatus.FAILED ? 'f' : 'c'}`);
    const request = runRequest(pipeline, `${pipeline}-1`, days(0, 1));
    await beginRun(bench, request);
    const raw = await extracted(bench, request, [day(0)], { 'a.csv': day(0) });
    const rest = await derived(bench, request, [day(0)]);
    await finish(request.runId, status);
    expect([raw, rest].map(({ manifest }) => existsSync(bench.lake.absolute(manifest)))).toEqual([true, false]);
    expect(existsSync(bench.lake.absolute(`raw/${pipeline}/orders/${request.runId}/a1-0.parquet`))).toBe(true);
  });

  test('a run that was taken for dead and ends after its successor does not speak for the interval', async () => {
    const { runId } = await begin('late');
    await bench.pool.query('delete from metadata.lease where run_id = $1', [runId]);
    await beginRun(bench, runRequest('late', 'late-2', days(0, 2)));
    await finish('late-2', RunStatus.FAILED);
    await finish(runId, RunStatus.FAILED);
    const { rows } = await bench.pool.query(`select partition, run_id from metadata.outcome where pipeline = 'late' order by partition`);
    expect(rows).toEqual([{ partition: day(0), run_id: 'late-2' }, { partition: day(1), run_id: 'late-2' }]);
  });

  test('keeps what a failed run published', async () => {
    const { runId, staged, fence } = await begin('kept');
    await publish(bench, { runId, staged, fence, moves: [] });
    await finish(runId, RunStatus.FAILED, ERROR);
    expect(existsSync(bench.lake.absolute(`silver/kept/lines/${runId}/a1-0.parquet`))).toBe(true);
  });

  test('finishes a drop that was cut off when it is repeated', async () => {
    const { runId } = await begin('cutoff');
    await finish(runId, RunStatus.FAILED);
    await stageWide(bench.lake, 'cutoff', runId, [day(0), day(1)]);
    await finish(runId, RunStatus.FAILED);
    expect(existsSync(bench.lake.absolute(`silver/cutoff/lines/${runId}`))).toBe(false);
  });

  test.each([RunStatus.RUNNING, RunStatus.UNSPECIFIED])('refuses %s as an end', async (status) => {
    await expect(finish('any', status)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('does not know a run that never began', async () => {
    await expect(finish('nobody', RunStatus.FAILED)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });
});
