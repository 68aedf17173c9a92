import { BackfillOnly, BackfillOrder, BackfillStatus, RunStatus, type Backfill } from '@weir/rpc';
import { until } from '@weir/testkit';
import { beginRun } from './begin-run';
import { getBackfill } from './get-backfill';
import { listBackfills } from './list-backfills';
import { listRuns } from './list-runs';
import { recordBackfill } from './record-backfill';
import { days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

describe('backfills', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const backfill = (pipeline: string, changes: Partial<Backfill> = {}): Backfill => ({
    workflowId: `backfill/${pipeline}/year`, runId: `${pipeline}-first`, pipeline, interval: days(0, 305), only: BackfillOnly.MISSING, order: BackfillOrder.NEWEST, parallelism: 8,
    status: BackfillStatus.RUNNING, reason: 'first load', selected: 305, succeeded: 0, failed: 0, cancelled: 0, skipped: 0, startedAt: '', updatedAt: '', endedAt: '', ...changes,
  });
  const record = async (pipeline: string, changes: Partial<Backfill> = {}) => (await recordBackfill(bench, { backfill: backfill(pipeline, changes) })).backfill;

  test('come back as they were recorded, with the times of the service', async () => {
    const pipeline = await givenPipeline(bench.pool, 'recorded');
    const stored = await record(pipeline, { startedAt: '1999-01-01T00:00:00Z', endedAt: '1999-01-01T00:00:00Z', interval: { start: '2010-12-01', end: '2010-12-03' } });
    const time = expect.stringMatching(/^20[^1].*Z$/) as string;
    expect(stored).toEqual({ ...backfill(pipeline), interval: days(0, 2), startedAt: time, updatedAt: time, endedAt: '' });
    expect(await getBackfill(bench, { workflowId: 'backfill/recorded/year' })).toEqual({ backfill: stored });
    expect(await getBackfill(bench, { workflowId: 'recorded/year' })).toEqual({ backfill: stored });
  });

  test('keep their start through pauses, and their first end', async () => {
    const pipeline = await givenPipeline(bench.pool, 'kept-end');
    const first = await record(pipeline);
    const paused = await record(pipeline, { status: BackfillStatus.PAUSED, succeeded: 7, reason: 'the source is down' });
    expect(paused).toMatchObject({ startedAt: first?.startedAt, status: BackfillStatus.PAUSED, succeeded: 7, reason: 'the source is down', endedAt: '' });
    const done = await record(pipeline, { status: BackfillStatus.DONE, succeeded: 300, failed: 3, cancelled: 1, skipped: 1 });
    expect(done).toMatchObject({ status: BackfillStatus.DONE, succeeded: 300, failed: 3, cancelled: 1, skipped: 1, endedAt: done?.updatedAt });
    expect(await record(pipeline, { status: BackfillStatus.RUNNING, succeeded: 299 })).toEqual(done);
    expect(await record(pipeline, { status: BackfillStatus.FAILED })).toEqual(done);
  });

  test.each([
    ['ended', BackfillStatus.DONE],
    ['was terminated', BackfillStatus.RUNNING],
  ])('that are started again after one that %s begin anew in the same row', async (title, status) => {
    const pipeline = await givenPipeline(bench.pool, title.replaceAll(' ', '-'));
    const first = await record(pipeline, { status, succeeded: 305 });
    // Both stand in milliseconds.
    await until(() => Date.now() > Date.parse(first?.startedAt ?? ''), { timeoutMs: 1_000, what: 'The next millisecond' });
    const second = await record(pipeline, { runId: `${pipeline}-second`, selected: 0, only: BackfillOnly.ALL });
    expect(second).toMatchObject({ runId: `${pipeline}-second`, status: BackfillStatus.RUNNING, selected: 0, succeeded: 0, only: BackfillOnly.ALL, endedAt: '' });
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThan(Date.parse(first?.startedAt ?? ''));
    expect((await listBackfills(bench, { pipeline, limit: 0 })).backfills).toEqual([second]);
  });

  test('are listed newest first, of one pipeline or all', async () => {
    const [pipeline, other] = [await givenPipeline(bench.pool, 'listed-backfills'), await givenPipeline(bench.pool, 'listed-others')];
    for (const name of ['a', 'b', 'c']) await record(pipeline, { workflowId: `backfill/${pipeline}/${name}` });
    await record(other);
    const ids = async (of: string, limit: number) => (await listBackfills(bench, { pipeline: of, limit })).backfills.map((one) => one.workflowId);
    expect(await ids(pipeline, 0)).toEqual(['c', 'b', 'a'].map((name) => `backfill/${pipeline}/${name}`));
    expect(await ids('', 2)).toEqual([`backfill/${other}/year`, `backfill/${pipeline}/c`]);
    await expect(ids('', 1_001)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(ids('', -1)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('that nobody recorded are not found', async () => {
    for (const workflowId of ['backfill/nobody/year', '', '\0']) await expect(getBackfill(bench, { workflowId })).rejects.toMatchObject({ code: 'BACKFILL_NOT_FOUND' });
  });

  test('are refused when they say too little', async () => {
    const pipeline = await givenPipeline(bench.pool, 'incomplete');
    const faults: Partial<Backfill>[] = [{ workflowId: '' }, { runId: '' }, { runId: 'a\0' }, { reason: 'x'.repeat(10_001) }, { only: BackfillOnly.UNSPECIFIED }, { order: BackfillOrder.UNSPECIFIED }, { status: BackfillStatus.UNSPECIFIED }, { parallelism: 0 }, { failed: -1 }];
    for (const fault of faults) await expect(record(pipeline, fault)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(record(pipeline, { interval: undefined })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
    await expect(recordBackfill(bench, { backfill: undefined })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(record('nobody')).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
    expect((await listBackfills(bench, { pipeline, limit: 0 })).backfills).toEqual([]);
  });

  test('give a list of their own runs', async () => {
    const pipeline = await givenPipeline(bench.pool, 'own-runs');
    for (const n of [0, 1, 2]) await beginRun(bench, { ...runRequest(pipeline, `own-runs-${n}`, days(n, n + 1)), backfill: n === 1 ? '' : 'backfill/own-runs/year' });
    const list = async (of: string) => (await listRuns(bench, { pipeline: '', limit: 0, status: RunStatus.UNSPECIFIED, backfill: of })).runs.map((run) => [run.runId, run.backfill]);
    expect(await list('backfill/own-runs/year')).toEqual([['own-runs-2', 'backfill/own-runs/year'], ['own-runs-0', 'backfill/own-runs/year']]);
    expect(await list('backfill/own-runs/other')).toEqual([]);
    expect((await list('')).slice(0, 3).map(([runId]) => runId)).toEqual(['own-runs-2', 'own-runs-1', 'own-runs-0']);
  });
});
