import { WHOLE, type Definition, type Interval } from '@weir/core';
import { RunStatus } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { listPartitionRows } from './list-partition-rows';
import { publish } from './publish';
import { day, days, givenPipeline, openWorkbench, runRequest, stageDataset, writeManifest, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => (bench = await openWorkbench()));
afterAll(() => bench.dispose());

const DATASETS = ['raw.orders', 'bronze.orders'];

/** Publishes so many rows for each partition of a run. */
async function published(pipeline: string, n: number, rows: Readonly<Record<string, number>>, interval?: Interval): Promise<void> {
  const runId = `${pipeline}-${n}`;
  const { fence } = await beginRun(bench, runRequest(pipeline, runId, interval));
  const datasets = await Promise.all(DATASETS.map((dataset) => stageDataset(bench.lake, pipeline, runId, dataset, Object.keys(rows), [rows])));
  await publish(bench, { runId, fence, staged: [await writeManifest(bench.lake, pipeline, runId, datasets)], moves: [] });
  await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
}

const rowsOf = async (pipeline: string, before: string, limit = 0): Promise<(readonly [string, number])[]> =>
  (await listPartitionRows(bench, { pipeline, dataset: 'bronze.orders', before, limit })).partitions.map(({ partition, rows }) => [partition, rows]);

test('rows of the partitions before a time are those that are live now, the newest first', async () => {
  const pipeline = await givenPipeline(bench.pool, 'graded', { models: [] });
  await published(pipeline, 1, { [day(0)]: 5, [day(1)]: 6 }, days(0, 2));
  await published(pipeline, 2, { [day(2)]: 7 }, days(2, 3));
  await published(pipeline, 3, { [day(0)]: 50 }, days(0, 1));
  expect(await rowsOf(pipeline, day(3))).toEqual([[day(2), 7], [day(1), 6], [day(0), 50]]);
  expect(await rowsOf(pipeline, day(2))).toEqual([[day(1), 6], [day(0), 50]]);
  expect(await rowsOf(pipeline, day(3), 1)).toEqual([[day(2), 7]]);
  expect(await rowsOf(pipeline, day(0))).toEqual([]);
});

test('of a dataset without grains they are those of its versions', async () => {
  const whole: Partial<Definition> = { models: [], grain: undefined };
  const pipeline = await givenPipeline(bench.pool, 'whole', whole);
  for (const [n, rows] of [3, 4, 5].entries()) await published(pipeline, n, { [WHOLE]: rows });
  expect(await rowsOf(pipeline, '')).toEqual([[WHOLE, 5], [WHOLE, 4], [WHOLE, 3]]);
  expect(await rowsOf(pipeline, '', 2)).toEqual([[WHOLE, 5], [WHOLE, 4]]);
});

test('of a dataset that was never published there are none; of an unknown pipeline, and above the limit, they are refused', async () => {
  const pipeline = await givenPipeline(bench.pool, 'fresh', { models: [] });
  expect(await rowsOf(pipeline, day(0))).toEqual([]);
  await expect(rowsOf('nobody', day(0))).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  await expect(rowsOf(pipeline, day(0), 1_001)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
});
