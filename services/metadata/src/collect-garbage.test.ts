import { createHash } from 'node:crypto';
import { inspector } from '@weir/engine';
import { connect, RunStatus, serve, type CollectGarbageResponse } from '@weir/rpc';
import fc from 'fast-check';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { services } from './rpc';
import { age, begin, collect, DAY_MS, failRun, filesOf, modifiedMs, publishRun, stageRaw, stageRest } from './testing/garbage';
import { day, givenPipeline, liveSegments, openWorkbench, runRequest, type Workbench } from './testing/workbench';

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
});
afterAll(() => bench?.dispose());

const DATASETS = ['raw.orders', 'bronze.orders', 'silver.lines', 'gold.revenue'];
const RETENTION_DAYS: Readonly<Record<string, number>> = { raw: 20, bronze: 40, gold: 30 };
const RETENTION = Object.fromEntries(Object.entries(RETENTION_DAYS).map(([zone, days]) => [zone, days * DAY_MS]));
const PARTITIONS = 6;

const step = fc.record({
  does: fc.constantFrom('publish' as const, 'publish' as const, 'publish' as const, 'fail' as const),
  start: fc.integer({ min: 0, max: PARTITIONS - 1 }),
  length: fc.integer({ min: 1, max: PARTITIONS }),
  wide: fc.boolean(),
  /** Source files that did not change since an earlier run are the same file in the raw zone. */
  content: fc.integer({ min: 0, max: 2 }),
});
/** The first is 60 days old, each later one 5 days younger. */
const story = fc.record({
  steps: fc.array(step, { minLength: 4, maxLength: 12 }),
  /** What the destinations hold, as a share of the snapshots. */
  passed: fc.constantFrom(0, 0.5, 1),
  /** How old a run is that is still at work, in steps; 0 for none. */
  running: fc.integer({ min: 0, max: 4 }),
});

/** What the test itself knows of a story, without the catalog. */
interface World {
  readonly versions: { dataset: string; partition: string; from: number; to: number | undefined; path: string }[];
  /** By snapshot, milliseconds since 1970. */
  readonly publishedAt: number[];
  readonly failed: { runId: string; endedAt: number; raw: string[] }[];
  readonly ended: Map<string, number>;
  readonly running: { runId: string; beganAt: number; startedAt: number } | undefined;
}

interface Fate {
  readonly expired: World['versions'];
  readonly replaced: World['versions'];
  readonly stays: World['versions'];
}

function fateOf(world: World, now: number, passed: number): Fate {
  const floor = Math.min(passed, world.running?.beganAt ?? passed);
  const of = (snapshot: number) => world.publishedAt[snapshot] ?? NaN;
  const isOver = ({ dataset, from, to }: World['versions'][number]) => {
    const [zone = ''] = dataset.split('.');
    const days = RETENTION_DAYS[zone];
    if (to !== undefined || days === undefined || of(from) > now - days * DAY_MS) return false;
    return zone === 'raw' || zone === 'bronze' || from <= passed;
  };
  const isReplaced = ({ to }: World['versions'][number]) => to !== undefined && to <= floor && of(to) <= now - DAY_MS;
  const { versions } = world;
  return { expired: versions.filter(isOver), replaced: versions.filter(isReplaced), stays: versions.filter((version) => !isOver(version) && !isReplaced(version)) };
}

/** Which files must stay: each for a reason of its own. */
function staysInLake(path: string, modified: number, world: World, fate: Fate, now: number): boolean {
  const [zone = '', , third = '', fourth = ''] = path.split('/');
  if (modified > now - DAY_MS) return true;
  const named = [...fate.stays, ...fate.expired].some((version) => version.path === path);
  const rawDays = RETENTION_DAYS['raw'] ?? NaN;
  // A run can be repeated from its raw segments for as long, and by someone who began with them just before for the time of grace.
  const repeatable = (endedAt: number) => endedAt > now - (rawDays + 1) * DAY_MS;
  if (zone === 'manifest') return third === world.running?.runId || (fourth.startsWith('extract-') && repeatable(world.ended.get(third) ?? NaN));
  if (zone === 'raw') return named || world.failed.some(({ endedAt, raw }) => repeatable(endedAt) && raw.includes(path)) || (world.running !== undefined && modified >= world.running.startedAt);
  return named || fourth === world.running?.runId;
}

async function play(pipeline: string, { steps, running }: typeof story extends fc.Arbitrary<infer T> ? T : never): Promise<World> {
  const world: World & { running: World['running'] } = { versions: [], publishedAt: [NaN], failed: [], ended: new Map(), running: undefined };
  let known = new Set<string>();
  const runningAt = running > 0 ? Math.max(0, steps.length - running) : -1;
  let active: World['running'];
  for (const [n, { does, start, length, wide, content }] of steps.entries()) {
    const daysAgo = 60 - 5 * n;
    const at = Date.now() - daysAgo * DAY_MS;
    const runId = `${pipeline}-${n}`;
    // The last partition is left to the run that is still at work.
    const partitions = Array.from({ length: Math.max(1, Math.min(length, PARTITIONS - 1 - start)) }, (_, k) => day(Math.min(start, PARTITIONS - 2) + k));
    const plan = { runId, partitions, wide, content: (partition: string) => `${pipeline} ${partition} ${content}` };
    if (n === runningAt) {
      active = { runId: `${pipeline}-running`, beganAt: world.publishedAt.length - 1, startedAt: at };
      await begin(bench, pipeline, active.runId, [day(PARTITIONS - 1)]);
      await stageRaw(bench.lake, pipeline, active.runId, [day(PARTITIONS - 1)], (partition) => `${pipeline} ${partition} running`);
      await stageRest(bench.lake, pipeline, active.runId, [day(PARTITIONS - 1)], false);
      known = await ageNew(active.runId, daysAgo, known);
    }
    if (does === 'fail') await failRun(bench, pipeline, plan);
    const snapshot = does === 'publish' ? await publishRun(bench, pipeline, plan) : 0;
    const touched = rawFilesOf(pipeline, partitions, content);
    known = await ageNew(runId, daysAgo, known, touched.map(({ path }) => path));
    world.ended.set(runId, at);
    if (does === 'fail') world.failed.push({ runId, endedAt: at, raw: touched.map(({ path }) => path) });
    else record(world, snapshot, at, pipeline, plan, touched);
  }
  return { ...world, running: active };
}

async function ageNew(runId: string, daysAgo: number, known: ReadonlySet<string>, touched: readonly string[] = []): Promise<Set<string>> {
  const all = await filesOf(bench.lake);
  await age(bench, runId, daysAgo, [...new Set([...all.filter((path) => !known.has(path)), ...touched])]);
  return new Set(all);
}

function rawFilesOf(pipeline: string, partitions: readonly string[], content: number): { partition: string; path: string }[] {
  return partitions.map((partition) => {
    const sha256 = createHash('sha256').update(`${pipeline} ${partition} ${content}`).digest('hex');
    return { partition, path: `raw/${pipeline}/orders/${sha256.slice(0, 2)}/${sha256}.csv` };
  });
}

function record(world: World, snapshot: number, at: number, pipeline: string, { runId, partitions, wide }: { runId: string; partitions: string[]; wide: boolean }, raw: readonly { partition: string; path: string }[]): void {
  world.publishedAt[snapshot] = at;
  for (const version of world.versions) if (version.to === undefined && partitions.includes(version.partition)) version.to = snapshot;
  for (const { partition, path } of raw) world.versions.push({ dataset: 'raw.orders', partition, from: snapshot, to: undefined, path });
  for (const dataset of DATASETS.slice(1)) {
    const [zone = '', name = ''] = dataset.split('.');
    for (const [n, partition] of partitions.entries()) world.versions.push({ dataset, partition, from: snapshot, to: undefined, path: `${zone}/${pipeline}/${name}/${runId}/a1-${wide ? 0 : n}.parquet` });
  }
}

async function catalogOf(pipeline: string): Promise<string[]> {
  const { rows } = await bench.pool.query<{ row: string }>(
    `select concat_ws(' ', d.name, v.partition, v.from_snapshot, v.to_snapshot) as row from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id where d.pipeline = $1`,
    [pipeline],
  );
  return rows.map(({ row }) => row).sort();
}

const shown = ({ dataset, partition, from, to }: World['versions'][number]) => [dataset, partition, from, to].filter((part) => part !== undefined).join(' ');

test('a collection leaves exactly what a plain reckoning of retention, heads, running runs and grace leaves, and a dry run counts the same', async () => {
  let stories = 0;
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      stories += 1;
      const pipeline = await givenPipeline(bench.pool, `story-${stories}`, { retention: RETENTION });
      const world = await play(pipeline, told);
      const now = Date.now();
      const newest = world.publishedAt.length - 1;
      const passed = Math.floor(told.passed * newest);
      const fate = fateOf(world, now, passed);
      const own = () => filesOf(bench.lake, pipeline);
      const [catalog, files] = [await catalogOf(pipeline), await own()];
      const times = new Map(await Promise.all(files.map(async (path) => [path, await modifiedMs(bench.lake, path)] as const)));
      const request = { pipeline, passedSnapshot: passed };

      const dry = await collect(bench, { ...request, dryRun: true });
      expect([await catalogOf(pipeline), await own()]).toEqual([catalog, files]);

      const staying = files.filter((path) => staysInLake(path, times.get(path) ?? NaN, world, fate, now));
      const result = await collect(bench, request);
      expect(await catalogOf(pipeline)).toEqual(fate.stays.map(shown).sort());
      expect(await own()).toEqual(staying);
      expect(result).toEqual(dry);
      const count = (versions: World['versions']) => DATASETS.map((dataset) => versions.filter((version) => version.dataset === dataset).length);
      const counted = (key: 'partitions' | 'versions') => DATASETS.map((dataset) => result.datasets.find((one) => one.dataset === dataset)?.[key] ?? 0);
      expect([counted('partitions'), counted('versions')]).toEqual([count(fate.expired), count(fate.replaced)]);
      expect(result.datasets.reduce((sum, one) => sum + one.files, 0)).toBe(files.length - staying.length);
      expect(result.forgottenBelow).toBe(Math.max(0, ...fate.replaced.map(({ to }) => to ?? 0)));

      // Repeating it at once finds nothing; a day later it finds the files of what expired, and only those.
      expect(await collect(bench, request)).toEqual({ datasets: [], forgottenBelow: result.forgottenBelow });
      await bench.pool.query(`update metadata.expired_file set expired_at = expired_at - interval '1 day' where pipeline = $1`, [pipeline]);
      await collect(bench, request);
      const later = { ...fate, expired: [] };
      expect(await own()).toEqual(files.filter((path) => staysInLake(path, times.get(path) ?? NaN, world, later, now)));
      for (const dataset of DATASETS) for (const { path, sha256, bytes } of await liveSegments(bench.pool, pipeline, dataset)) await bench.lake.verify({ path, sha256, bytes });
    }),
    { numRuns: Number(process.env['WEIR_MODEL_RUNS'] ?? 4), seed: 4, endOnFailure: true },
  );
}, 120_000);

test('a partition of a zone with tables stays beyond its retention until every destination has it', async () => {
  const pipeline = await givenPipeline(bench.pool, 'undelivered', { retention: { gold: DAY_MS, bronze: DAY_MS } });
  await publishRun(bench, pipeline, { runId: 'undelivered-1', partitions: [day(0)] });
  await age(bench, 'undelivered-1', 3, []);
  expect((await collect(bench, { pipeline })).datasets.map(({ dataset, partitions }) => [dataset, partitions])).toEqual([['bronze.orders', 1]]);
  expect((await collect(bench, { pipeline, passedSnapshot: 1 })).datasets.map(({ dataset, partitions }) => [dataset, partitions])).toEqual([['gold.revenue', 1]]);
});

test('what another pipeline’s running run reads stays', async () => {
  const pipeline = await givenPipeline(bench.pool, 'read-by-others');
  for (const n of [1, 2, 3]) {
    await publishRun(bench, pipeline, { runId: `${pipeline}-${n}`, partitions: [day(0)] });
    await age(bench, `${pipeline}-${n}`, 30 - n, await filesOf(bench.lake));
  }
  await givenPipeline(bench.pool, 'reading');
  await begin(bench, 'reading', 'reading-1', [day(0)]);
  await bench.pool.query(`insert into metadata.run_input (run_id, pipeline, dataset, snapshot) values ('reading-1', $1, 'silver.lines', 2)`, [pipeline]);
  expect((await collect(bench, { pipeline, passedSnapshot: 3 })).forgottenBelow).toBe(2);
  const [segment] = await liveSegments(bench.pool, pipeline, 'silver.lines', 2);
  await bench.lake.verify(segment ?? { path: '', sha256: '', bytes: 0 });
  await finishRun(bench, { runId: 'reading-1', status: RunStatus.SUCCEEDED, error: undefined });
  expect((await collect(bench, { pipeline, passedSnapshot: 3 })).forgottenBelow).toBe(3);
  await expect(liveSegments(bench.pool, pipeline, 'silver.lines', 2)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('no longer kept; the oldest that is kept is 3') });
});

test('a run that began with the raw segments of another keeps them, however old they are', async () => {
  const pipeline = await givenPipeline(bench.pool, 'from-raw', { retention: { raw: DAY_MS } });
  await failRun(bench, pipeline, { runId: 'from-raw-1', partitions: [day(0)] });
  const raw = (await filesOf(bench.lake)).filter((path) => path.startsWith(`raw/${pipeline}/`) || path.startsWith(`manifest/${pipeline}/`));
  await age(bench, 'from-raw-1', 10, raw);
  await beginRun(bench, runRequest(pipeline, 'from-raw-2', { start: day(0), end: day(1) }));
  const manifest = raw.find((path) => path.includes('extract-'));
  await bench.pool.query(`update metadata.run set start_at = 'RUN_START_RAW', raw = json_build_object('manifest', $2::text) where run_id = $1`, ['from-raw-2', manifest]);
  await collect(bench, { pipeline, graceMs: 0 });
  expect(await filesOf(bench.lake)).toEqual(expect.arrayContaining(raw));
  await finishRun(bench, { runId: 'from-raw-2', status: RunStatus.FAILED, error: undefined });
  expect((await collect(bench, { pipeline, graceMs: 0 })).datasets).toMatchObject([{ dataset: 'raw.orders', files: 1 }, { dataset: '', files: 1 }]);
});

test('over the wire a collection streams to one result; a destination that has everything is a snapshot beyond all', async () => {
  const pipeline = await givenPipeline(bench.pool, 'wired-garbage');
  for (const n of [1, 2]) {
    await publishRun(bench, pipeline, { runId: `${pipeline}-${n}`, partitions: [day(0)] });
    await age(bench, `${pipeline}-${n}`, 9 - n, await filesOf(bench.lake, pipeline));
  }
  const server = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services({ ...bench, inspector }, () => undefined) });
  const clients = connect({ metadata: `127.0.0.1:${server.port}` });
  const results: CollectGarbageResponse['event'][] = [];
  const request = { pipeline, dryRun: false, graceMs: DAY_MS, passedSnapshot: Number.MAX_SAFE_INTEGER };
  for await (const { event } of clients.catalog.collectGarbage(request)) if (event?.$case !== 'progress') results.push(event);
  expect(results).toEqual([{ $case: 'result', value: { forgottenBelow: 2, datasets: [...DATASETS.map((dataset) => ({ dataset, partitions: 0, versions: 1, files: 1, bytes: expect.any(Number) as number })), { dataset: '', partitions: 0, versions: 0, files: 2, bytes: expect.any(Number) as number }] } }]);
  await expect(clients.catalog.collectGarbage({ ...request, pipeline: 'nowhere' })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  clients.close();
  await server.drain(1_000);
});
