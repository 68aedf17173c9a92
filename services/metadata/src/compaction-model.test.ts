import { utimes } from 'node:fs/promises';
import { RunKind, type CompactedDay, type LiveSegment } from '@weir/rpc';
import fc from 'fast-check';
import { replaceSegments } from './replace-segments';
import { compact, planned, publishHours, rewritten, rowsOfSegments, type Rows } from './testing/compaction';
import { collect, DAY_MS, filesOf } from './testing/garbage';
import { day, difference, givenPipeline, liveSegments, openWorkbench, type Workbench } from './testing/workbench';

/** Hours of the little world: two days and a half. */
const HOURS = 60;
const HOUR_MS = 3_600_000;
const DATASETS = ['bronze.orders', 'silver.lines', 'gold.revenue', 'gold.customers'];

type Step =
  | { readonly do: 'publish'; readonly start: number; readonly length: number; readonly files: number }
  | { readonly do: 'refresh'; readonly files: number }
  | { readonly do: 'compact'; readonly dataset: string }
  /** A compaction that is overtaken: between its plan and its end others publish, compact or collect. */
  | { readonly do: 'overtaken'; readonly dataset: string; readonly by: readonly ('publish' | 'compact' | 'collect')[]; readonly start: number }
  /** A compaction that dies when its files are written. */
  | { readonly do: 'crash'; readonly dataset: string }
  | { readonly do: 'collect'; readonly passed: number; readonly graceful: boolean };

const start = fc.integer({ min: 0, max: HOURS - 1 });
const files = fc.integer({ min: 1, max: 3 });
const dataset = fc.constantFrom(...DATASETS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), start, length: fc.integer({ min: 1, max: 30 }), files }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('refresh' as const), files }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('compact' as const), dataset }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('overtaken' as const), dataset, by: fc.array(fc.constantFrom('publish' as const, 'compact' as const, 'collect' as const), { minLength: 1, maxLength: 3 }), start }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), dataset }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('collect' as const), passed: fc.double({ min: 0, max: 1, noNaN: true }), graceful: fc.boolean() }) },
);

/** What must be readable, kept as plainly as possible: for every snapshot the rows of each dataset and partition. Compactions and collections do not occur in it. */
class World {
  readonly snapshots: ReadonlyMap<string, Rows>[] = [new Map()];
  forgottenBelow = 0;
  /** Paths that a reader was told of within the time of grace. */
  told = new Set<string>();
  private runs = 0;

  constructor(
    private readonly bench: Workbench,
    readonly pipeline: string,
  ) {}

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'publish':
        return this.publish(step.start, step.length, step.files);
      case 'refresh':
        return this.add({ kind: RunKind.REFRESH, interval: undefined, files: step.files });
      case 'compact':
        return void (await compact(this.bench, this.pipeline, step.dataset));
      case 'overtaken':
        return this.overtaken(step);
      case 'crash':
        return void (await rewritten(this.bench, this.pipeline, step.dataset, await planned(this.bench, this.pipeline, step.dataset)));
      case 'collect':
        return this.collect(Math.floor(step.passed * (this.snapshots.length - 1)), step.graceful);
    }
  }

  private async overtaken({ dataset: name, by, start: from }: Extract<Step, { do: 'overtaken' }>): Promise<void> {
    const written = await rewritten(this.bench, this.pipeline, name, await planned(this.bench, this.pipeline, name));
    for (const other of by) {
      if (other === 'publish') await this.publish(from, 3, 1);
      else if (other === 'compact') await compact(this.bench, this.pipeline, name);
      else await this.collect(this.snapshots.length - 1, false);
    }
    const { skipped } = await replaceSegments(this.bench, { pipeline: this.pipeline, dataset: name, days: written });
    if (by.includes('compact')) expect(skipped).toEqual(written.map(({ date }) => date));
    // The same once more, as after an answer that was lost.
    expect((await replaceSegments(this.bench, { pipeline: this.pipeline, dataset: name, days: written })).skipped).toEqual(written.map(({ date }: CompactedDay) => date));
  }

  private async publish(from: number, length: number, count: number): Promise<void> {
    const at = (hour: number): string => new Date(Date.parse(day(0)) + hour * HOUR_MS).toISOString();
    await this.add({ interval: { start: at(from), end: at(Math.min(from + length, HOURS)) }, files: count });
  }

  private async add(run: Omit<Parameters<typeof publishHours>[2], 'runId'>): Promise<void> {
    this.runs += 1;
    const { rows } = await publishHours(this.bench, this.pipeline, { ...run, runId: `${this.pipeline}-${this.runs}` });
    const next = new Map(this.snapshots.at(-1));
    for (const [name, partitions] of rows) next.set(name, { ...next.get(name), ...partitions });
    this.snapshots.push(next);
  }

  private async collect(passed: number, graceful: boolean): Promise<void> {
    await this.bench.pool.query(`update metadata.snapshot set published_at = published_at - interval '2 days' where pipeline = $1`, [this.pipeline]);
    const { forgottenBelow } = await collect(this.bench, { pipeline: this.pipeline, passedSnapshot: passed, graceMs: graceful ? DAY_MS : 0 });
    this.forgottenBelow = forgottenBelow;
    if (!graceful) this.told = new Set();
  }
}

describe('compaction against a model', () => {
  let bench: Workbench;
  let worlds = 0;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  async function expectReadable(world: World): Promise<void> {
    for (let snapshot = Math.max(world.forgottenBelow, 1); snapshot < world.snapshots.length; snapshot += 1) {
      for (const name of DATASETS) {
        const live = await liveSegments(bench.pool, world.pipeline, name, snapshot);
        expect([snapshot, name, await rowsOfSegments(bench, live)]).toEqual([snapshot, name, Object.values(world.snapshots[snapshot]?.get(name) ?? {}).flat().sort()]);
        for (const { path } of live) world.told.add(path);
      }
    }
  }

  /** What a destination that stands at a snapshot would be brought: the rows of partitions that were published since, and no others. */
  async function expectDifference(world: World, from: number): Promise<void> {
    const to = world.snapshots.length - 1;
    for (const name of DATASETS) {
      const { before, after, unchanged } = await difference(bench.pool, { pipeline: world.pipeline, dataset: name, fromSnapshot: from, toSnapshot: to });
      const [older = {}, newer = {}] = [world.snapshots[from]?.get(name), world.snapshots[to]?.get(name)];
      const changed = ([partition, rows]: readonly [string, readonly string[]], other: Rows): boolean => other[partition]?.join() !== rows.join();
      const rowsWhere = (rows: Rows, other: Rows, wanted: boolean): string[] => Object.entries(rows).filter((entry) => changed(entry, other) === wanted).flatMap(([, held]) => held).sort();
      expect(await rowsOfSegments(bench, before)).toEqual(rowsWhere(older, newer, true));
      expect(await rowsOfSegments(bench, after)).toEqual(rowsWhere(newer, older, true));
      expect(await rowsOfSegments(bench, unchanged)).toEqual(rowsWhere(newer, older, false));
    }
  }

  async function expectInShape(world: World): Promise<void> {
    for (const name of DATASETS) {
      await compact(bench, world.pipeline, name);
      expect(await planned(bench, world.pipeline, name)).toEqual([]);
      const live = await liveSegments(bench.pool, world.pipeline, name);
      const dates = live.map(({ path }) => path.split('/')[3]);
      if (name === 'gold.customers') continue;
      expect(live.map(({ path, partitions, whole }: LiveSegment) => [path.split('/')[3], whole, [...new Set(partitions.map((partition) => partition.slice(0, 10)))]])).toEqual(dates.map((date = '') => [date, true, [date.slice('date='.length)]]));
      expect(new Set(dates).size).toBe(dates.length);
    }
  }

  /** A day later nothing is left but what the catalog names. */
  async function expectNoGarbage(world: World): Promise<void> {
    await bench.pool.query(`update metadata.expired_file set expired_at = expired_at - interval '2 days' where pipeline = $1`, [world.pipeline]);
    const old = new Date(Date.now() - 2 * DAY_MS);
    const zones = async () => (await filesOf(bench.lake, world.pipeline)).filter((path) => !/^(raw|manifest)\//.test(path));
    for (const path of await zones()) await utimes(bench.lake.absolute(path), old, old);
    await bench.pool.query(`update metadata.run set started_at = started_at - interval '2 days' where pipeline = $1`, [world.pipeline]);
    world.forgottenBelow = (await collect(bench, { pipeline: world.pipeline, passedSnapshot: world.snapshots.length - 1, graceMs: DAY_MS })).forgottenBelow;
    const { rows } = await bench.pool.query<{ path: string }>(
      `select distinct s.path from metadata.segment s join metadata.dataset d on d.id = s.dataset_id where d.pipeline = $1 and not starts_with(d.name, 'raw.') order by 1`, [world.pipeline]);
    expect(await zones()).toEqual(rows.map(({ path }) => path).sort());
  }

  test('every snapshot reads the same whatever is compacted, overtaken, killed and collected in between, and nothing is left over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), fc.nat(), async (steps, pick) => {
        worlds += 1;
        const world = new World(bench, await givenPipeline(bench.pool, `compacted-${worlds}`, { grain: '1h' }));
        await world.take({ do: 'publish', start: 0, length: 30, files: 2 });
        for (const next of steps) {
          await world.take(next);
          await expectReadable(world);
          const there = new Set(await filesOf(bench.lake, world.pipeline));
          expect([...world.told].filter((path) => !there.has(path))).toEqual([]);
        }
        await expectDifference(world, Math.max(world.forgottenBelow, pick % world.snapshots.length));
        await expectInShape(world);
        await expectReadable(world);
        await expectNoGarbage(world);
        await expectReadable(world);
      }),
      { numRuns: Number(process.env['WEIR_MODEL_RUNS'] ?? 6) },
    );
  }, 300_000);
});
