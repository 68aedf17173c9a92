import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { RunStatus } from '@weir/rpc';
import { until } from '@weir/testkit';
import { collectGarbage } from './collect-garbage';
import { finishRun } from './finish-run';
import { getSnapshot } from './get-snapshot';
import { publish } from './publish';
import { age, begin, collect, DAY_MS, failRun, filesOf, publishRun, stageRaw, stageRest } from './testing/garbage';
import { day, difference, givenPipeline, liveSegments, openWorkbench, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench?.dispose());

const DATASETS = ['raw.orders', 'bronze.orders', 'silver.lines', 'gold.revenue'];
const DAYS = [0, 1, 2, 3].map(day);
const ownFiles = (pipeline: string) => filesOf(bench.lake, pipeline);

test('a reader that polls while runs publish and garbage is collected finds every file that it is told of, all of one snapshot', async () => {
  const GRACE_MS = 1_500;
  const pipeline = await givenPipeline(bench.pool, 'read-while-collected', { retention: { bronze: 50 } });
  await publishRun(bench, pipeline, { runId: 'polled-0', partitions: DAYS, content: () => 'polled-0' });
  let [snapshots, reads, removed, expired] = [1, 0, 0, 0];
  const stop = new AbortController();
  const writer = async () => {
    // Half of the runs leave the source as it was, so their raw files are those of the run before.
    for (; !stop.signal.aborted; snapshots += 1) await publishRun(bench, pipeline, { runId: `polled-${snapshots}`, partitions: DAYS, wide: snapshots % 2 === 0, content: (partition) => `${partition} ${Math.floor(snapshots / 2)}` });
  };
  const collector = async () => {
    while (!stop.signal.aborted) {
      const { datasets } = await collect(bench, { pipeline, graceMs: GRACE_MS, passedSnapshot: Number.MAX_SAFE_INTEGER });
      removed += datasets.reduce((sum, { files }) => sum + files, 0);
      expired += datasets.reduce((sum, { partitions }) => sum + partitions, 0);
    }
  };
  const reader = async () => {
    for (; !stop.signal.aborted; reads += 1) {
      const runs = new Set<string>();
      const begun = performance.now();
      const told: { path: string; sha256: string; bytes: number; dataset: string; partitions: string[] }[] = [];
      await getSnapshot(bench, { pipeline, snapshot: 0, datasets: DATASETS }, async ({ dataset, segments }) => void told.push(...segments.map((segment) => ({ ...segment, dataset }))));
      for (const segment of told) {
        await bench.lake.verify(segment);
        if (!segment.dataset.startsWith('raw.')) runs.add(segment.path.split('/')[3] ?? '');
      }
      // A machine that stalls for as long as the grace says nothing of the collector.
      expect(performance.now() - begun).toBeLessThan(GRACE_MS);
      expect(runs.size).toBe(1);
      for (const dataset of ['raw.orders', 'silver.lines', 'gold.revenue']) expect(told.filter((one) => one.dataset === dataset).flatMap(({ partitions }) => partitions).sort()).toEqual(DAYS);
    }
  };
  const works = [writer(), collector(), reader()];
  await Promise.race([until(() => reads > 20 && snapshots > 6 && removed > 25 && expired > 0, { timeoutMs: 60_000, what: 'enough reads, publishes and removals' }), ...works]).finally(() => stop.abort());
  await Promise.all(works);
}, 90_000);

test('a run at work loses nothing of what it staged, found or began with, even without grace, and can publish', async () => {
  const pipeline = await givenPipeline(bench.pool, 'at-work', { retention: { raw: DAY_MS } });
  // A file that nothing names any more, and that the run's source happens to have again.
  await failRun(bench, pipeline, { runId: 'at-work-0', partitions: [day(0)], content: () => 'the same' });
  await age(bench, 'at-work-0', 9, await ownFiles(pipeline));
  const fence = await begin(bench, pipeline, 'at-work-1', [day(0), day(1)]);
  const scratch = await bench.lake.scratch('at-work-1', 'a1');
  await writeFile(`${scratch.dir}/half`, 'half');
  const staged = [await stageRaw(bench.lake, pipeline, 'at-work-1', [day(0), day(1)], () => 'the same'), await stageRest(bench.lake, pipeline, 'at-work-1', [day(0), day(1)], false)];
  const before = (await filesOf(bench.lake)).filter((path) => path.includes('at-work-1') || path.startsWith(`raw/${pipeline}/`));
  expect(before).toHaveLength(1 + 2 + 6 + 1);
  await age(bench, 'at-work-1', 5, before);
  expect((await collect(bench, { pipeline, graceMs: 0, passedSnapshot: 9 })).datasets).toEqual([{ dataset: '', partitions: 0, versions: 0, files: 1, bytes: expect.any(Number) }]);
  expect(await filesOf(bench.lake)).toEqual(expect.arrayContaining(before));
  await expect(publish(bench, { runId: 'at-work-1', fence, staged, moves: [] })).resolves.toEqual({ snapshot: 1 });
  await finishRun(bench, { runId: 'at-work-1', status: RunStatus.SUCCEEDED, error: undefined });
  await collect(bench, { pipeline, graceMs: 0, passedSnapshot: 1 });
  for (const dataset of DATASETS.slice(1)) for (const segment of await liveSegments(bench.pool, pipeline, dataset)) await bench.lake.verify(segment);
});

test('a collection that breaks off between catalog and files is finished by the next one', async () => {
  const pipeline = await givenPipeline(bench.pool, 'broken-off');
  for (const n of [1, 2, 3]) {
    await publishRun(bench, pipeline, { runId: `broken-off-${n}`, partitions: DAYS });
    await age(bench, `broken-off-${n}`, 30 - n, await ownFiles(pipeline));
  }
  const request = { pipeline, passedSnapshot: 3 };
  const dry = await collect(bench, { ...request, dryRun: true });
  // No file can be moved aside while this is in the way.
  await rm(bench.lake.absolute('tmp'), { recursive: true });
  await writeFile(bench.lake.absolute('tmp'), 'in the way');
  const files = await ownFiles(pipeline);
  await expect(collect(bench, request)).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(await ownFiles(pipeline)).toEqual(files);
  expect((await bench.pool.query('select 1 from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id where d.pipeline = $1 and v.to_snapshot is not null', [pipeline])).rowCount).toBe(0);
  await rm(bench.lake.absolute('tmp'));
  await mkdir(bench.lake.absolute('tmp'));
  const next = await collect(bench, request);
  const only = (what: 'files' | 'versions', { datasets }: typeof dry) => datasets.map((one) => [one.dataset, one[what]] as const).filter(([, n]) => n > 0);
  expect(only('files', next)).toEqual(only('files', dry));
  expect(only('versions', next)).toEqual([]);
  expect(next.forgottenBelow).toBe(3);
});

test('a difference from where the slowest destination stands is the same before and after; from below it is refused, by name', async () => {
  const pipeline = await givenPipeline(bench.pool, 'slow-destination');
  for (const n of [1, 2, 3, 4]) {
    await publishRun(bench, pipeline, { runId: `slow-${n}`, partitions: n % 2 === 0 ? DAYS : DAYS.slice(0, 2) });
    await age(bench, `slow-${n}`, 30 - n, []);
  }
  const from = (fromSnapshot: number) => difference(bench.pool, { pipeline, dataset: 'gold.revenue', fromSnapshot, toSnapshot: 4 });
  const [before, whole] = [await from(2), await from(0)];
  expect((await collect(bench, { pipeline, passedSnapshot: 2 })).forgottenBelow).toBe(2);
  expect([await from(2), await from(0)]).toEqual([before, whole]);
  for (const { path, sha256, bytes } of [...before.before, ...before.after]) await bench.lake.verify({ path, sha256, bytes });
  await expect(from(1)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: 'The snapshot 1 of slow-destination is no longer kept; the oldest that is kept is 2.' });
});

test('temporary files of ended runs go with their pipeline, those of nobody after a day, and those of running runs stay', async () => {
  const pipeline = await givenPipeline(bench.pool, 'temporary');
  await begin(bench, pipeline, 'temporary-open', [day(0)]);
  await publishRun(bench, pipeline, { runId: 'temporary-over', partitions: [day(1)] });
  const old = new Date(Date.now() - 2 * DAY_MS);
  const made: string[] = [];
  for (const runId of ['temporary-open', 'temporary-over', 'unknown.run']) {
    const { dir } = await bench.lake.scratch(runId, 'a1');
    await mkdir(`${dir}/spill`);
    await writeFile(`${dir}/spill/file`, runId);
    for (const path of [`${dir}/spill/file`, `${dir}/spill`, dir]) await utimes(path, old, old);
    made.push(dir.slice(dir.lastIndexOf('/') + 1));
  }
  const left = async () => (await filesOf(bench.lake)).filter((path) => path.startsWith('tmp/')).map((path) => made.indexOf(path.split('/')[1] ?? ''));
  expect((await collect(bench, { pipeline, dryRun: true })).datasets).toMatchObject([{ dataset: '', files: 1 }]);
  expect((await collect(bench, { pipeline })).datasets).toMatchObject([{ dataset: '', files: 1 }]);
  expect(new Set(await left())).toEqual(new Set([0, 2]));
  expect((await collect(bench, { pipeline: '', graceMs: 0 })).datasets).toEqual([{ dataset: '', partitions: 0, versions: 0, files: 1, bytes: 'unknown.run'.length }]);
  expect(await left()).toEqual([0]);
});

test('a collection refuses to work beside another of its pipeline, on an unknown pipeline and with less than no grace, and ends when it is cancelled', async () => {
  const pipeline = await givenPipeline(bench.pool, 'one-at-a-time');
  const holder = await bench.pool.connect();
  await holder.query(`select pg_advisory_lock(hashtextextended('weir garbage one-at-a-time', 0))`);
  await expect(collect(bench, { pipeline })).rejects.toMatchObject({ code: 'BUSY', retry: 'transient' });
  await expect(collect(bench, { pipeline, dryRun: true })).rejects.toMatchObject({ code: 'BUSY' });
  holder.release(true);
  await until(() => collect(bench, { pipeline }).then(() => true, () => false), { timeoutMs: 5_000, what: 'a collection once the lock is gone' });
  await expect(collect(bench, { pipeline: 'nowhere' })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  await expect(collect(bench, { pipeline, graceMs: -1 })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  await publishRun(bench, pipeline, { runId: 'one-at-a-time-1', partitions: DAYS });
  const cancelled = { signal: AbortSignal.abort(), report: () => undefined };
  await expect(collectGarbage(bench, { pipeline, dryRun: false, graceMs: 0, passedSnapshot: 0 }, cancelled)).rejects.toMatchObject({ message: expect.stringMatching(/abort/i) });
  expect(bench.pool.waitingCount).toBe(0);
});
