import type { Interval } from '@weir/core';
import { RunStart, RunStatus, type BeginRunRequest } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { listPipelines } from './list-pipelines';
import { recordStage } from './record-stage';
import { resetSource } from './reset-source';
import { stageRecord } from './testing/runs';
import { beginTurn, publishTurn, takesOf, TRACKED, type Folder } from './testing/turns';
import { day, days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => (bench = await openWorkbench()));
afterAll(() => bench.dispose());

const request = (pipeline: string, n: number | string, interval: Interval, changes: Partial<BeginRunRequest> = {}): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-${n}`, interval), ...changes });
const folder = (...names: string[]): Folder => new Map(names.map((name) => [name, `content of ${name}`]));
const turn = async (pipeline: string, n: number, files: Folder, run: number | string = n): Promise<readonly string[]> => {
  const open = await beginTurn(bench, request(pipeline, run, days(n, n + 1)), files);
  await publishTurn(bench, open);
  return open.names;
};
const reset = (pipeline: string, changes: Partial<Parameters<typeof resetSource>[1]> = {}) => resetSource(bench, { pipeline, dataset: 'orders', dryRun: false, by: 'ada', ...changes });
const sourceOf = async (wanted: string) => (await listPipelines(bench, {})).pipelines.find(({ pipeline }) => pipeline === wanted)?.source;

test('the next interval takes all that is there; earlier ones keep what they took, and it counts from the beginning again', async () => {
  const pipeline = await givenPipeline(bench.pool, 'anew', TRACKED);
  expect(await sourceOf(pipeline)).toEqual({ dataset: 'orders', position: undefined });
  expect(await reset(pipeline)).toEqual({ position: undefined });
  await turn(pipeline, 0, folder('a', 'b'));
  await turn(pipeline, 1, folder('b', 'c'));
  const stood = { partition: day(1), end: day(2), source: 'files', from: '2', to: '3', newest: 'c', left: 0, more: false };
  expect(await sourceOf(pipeline)).toEqual({ dataset: 'orders', position: stood });
  expect(await reset(pipeline, { dryRun: true })).toEqual({ position: stood });
  expect(await sourceOf(pipeline)).toEqual({ dataset: 'orders', position: stood });
  expect(await reset(pipeline)).toEqual({ position: stood });
  expect(await sourceOf(pipeline)).toEqual({ dataset: 'orders', position: undefined });
  // Twice is once.
  expect(await reset(pipeline)).toEqual({ position: undefined });
  expect(await turn(pipeline, 2, folder('b', 'c', 'd'))).toEqual(['b', 'c', 'd']);
  expect((await takesOf(bench, { pipeline })).position).toMatchObject({ from: '', to: '3' });
  expect(await turn(pipeline, 3, folder('b', 'c', 'd', 'e'))).toEqual(['e']);
  const { files } = await takesOf(bench, { pipeline, interval: days(0, 9) });
  expect(files.map(({ partition, name }) => `${partition.slice(8, 10)} ${name}`)).toEqual(['01 a', '01 b', '02 c', '03 b', '03 c', '03 d', '04 e']);
  const again = await beginTurn(bench, request(pipeline, 'again', days(0, 1)), folder());
  expect(again.names).toEqual(['a', 'b']);
});

test('intervals that were passed by stay so', async () => {
  const pipeline = await givenPipeline(bench.pool, 'passed', TRACKED);
  await turn(pipeline, 3, folder('a'));
  await reset(pipeline);
  await expect(beginRun(bench, request(pipeline, 'early', days(1, 2)))).rejects.toMatchObject({ code: 'NOT_ADDRESSABLE', fix: expect.stringContaining(`new ones begin at ${day(4)}`) });
});

test('is refused while a run takes something; what that run had planned, when it failed, is not taken after it', async () => {
  const pipeline = await givenPipeline(bench.pool, 'busy', TRACKED);
  await turn(pipeline, 0, folder('a'));
  const open = await beginTurn(bench, request(pipeline, 1, days(1, 2)), folder('a', 'b'));
  await expect(reset(pipeline)).rejects.toMatchObject({ code: 'INTERVAL_BUSY', samples: ['busy-1', 'run/busy/busy-1'] });
  await expect(reset(pipeline, { dryRun: true })).rejects.toMatchObject({ code: 'INTERVAL_BUSY' });
  await recordStage(bench, { runId: 'busy-1', stage: stageRecord('extract', { output: open.staged[0] }) });
  await finishRun(bench, { runId: 'busy-1', status: RunStatus.FAILED, error: undefined });
  await reset(pipeline);
  const retried = await beginTurn(bench, request(pipeline, 2, days(1, 2), { startAt: RunStart.RAW, retryOf: 'busy-1' }), folder());
  await expect(publishTurn(bench, retried)).rejects.toMatchObject({ code: 'POSITION_MOVED' });
  await finishRun(bench, { runId: 'busy-2', status: RunStatus.FAILED, error: undefined });
  expect(await turn(pipeline, 1, folder('a', 'b'), 'anew')).toEqual(['a', 'b']);
});

test('who asks is kept, and questions that cannot be answered are refused', async () => {
  const pipeline = await givenPipeline(bench.pool, 'asked', TRACKED);
  await turn(pipeline, 0, folder('a'));
  await reset(pipeline);
  expect((await bench.pool.query(`select partition, reset_by from metadata.source_reset where pipeline = 'asked'`)).rows).toEqual([{ partition: day(0), reset_by: 'ada' }]);
  await expect(reset(pipeline, { dataset: 'lines' })).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', fix: 'Use orders.' });
  await expect(reset(await givenPipeline(bench.pool, 'dated'))).rejects.toMatchObject({ code: 'NOT_POSSIBLE', fix: expect.stringContaining('weir run dated --interval') });
  expect(await sourceOf('dated')).toBeUndefined();
  await expect(reset('nobody')).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
});
