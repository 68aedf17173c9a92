import { RunKind, RunStatus, type LiveSegment, type PublishRequest } from '@weir/rpc';
import fc from 'fast-check';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { publish } from './publish';
import { datasetsOf } from './run-scope';
import { day, definitionOf, difference, givenPipeline, liveSegments, openWorkbench, runRequest, stageDataset, writeManifest, type StagedFile, type Workbench } from './testing/workbench';

/** Days of the little world. */
const DAYS = 8;

type Step =
  | { readonly do: 'publish'; readonly start: number; readonly length: number; readonly layout: readonly number[] }
  | { readonly do: 'refresh'; readonly layout: readonly number[] }
  | { readonly do: 'repeat'; readonly which: number }
  /** A run is declared dead, another may take its place, and then the dead one tries to publish. */
  | { readonly do: 'zombie'; readonly start: number; readonly length: number; readonly successor: boolean }
  | { readonly do: 'wrong fence'; readonly start: number };

/** Bit f of the n-th number: whether the file f has rows of the n-th partition. So a partition can be in no, one or both files. */
const layout = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: DAYS, maxLength: DAYS });
const start = fc.integer({ min: 0, max: DAYS - 1 });
const length = fc.integer({ min: 1, max: DAYS });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('publish' as const), start, length, layout }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refresh' as const), layout }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('zombie' as const), start, length, successor: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wrong fence' as const), start }) },
);

function everyDay(files: number): number[] {
  return Array.from({ length: DAYS }, () => files);
}

/** What the catalog must say, kept as plainly as possible: for every snapshot, dataset and partition the paths of its files. */
type State = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>;

interface Published {
  readonly request: PublishRequest;
  readonly snapshot: number;
}

class World {
  readonly states: State[] = [new Map()];
  /** All partitions that a file holds. */
  readonly held = new Map<string, readonly string[]>();
  readonly published: Published[] = [];
  private runs = 0;

  constructor(
    private readonly bench: Workbench,
    readonly pipeline: string,
  ) {}

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'publish':
        return this.publishRun(RunKind.MANUAL, partitionsOf(step), step.layout);
      case 'refresh':
        return this.publishRun(RunKind.REFRESH, ['all'], step.layout);
      case 'repeat':
        return this.repeat(step.which);
      case 'zombie':
        return this.zombie(partitionsOf(step), step.successor);
      case 'wrong fence':
        return this.wrongFence([day(step.start)]);
    }
  }

  private async publishRun(kind: RunKind, partitions: readonly string[], layout: readonly number[]): Promise<void> {
    const run = await this.begin(kind, partitions);
    const { set, contents } = await this.stage(run.runId, kind, partitions, layout);
    const request = { ...run, staged: [set], moves: [] };
    const { snapshot } = await publish(this.bench, request);
    expect(snapshot).toBe(this.states.length);
    await this.end(run.runId, RunStatus.SUCCEEDED);
    this.published.push({ request, snapshot });
    this.states.push(merged(this.states.at(-1) ?? new Map(), contents));
  }

  private async repeat(which: number): Promise<void> {
    const known = this.published[which % Math.max(1, this.published.length)];
    if (known) expect(await publish(this.bench, known.request)).toEqual({ snapshot: known.snapshot });
  }

  private async zombie(partitions: readonly string[], successor: boolean): Promise<void> {
    const dead = await this.begin(RunKind.MANUAL, partitions);
    await this.end(dead.runId, RunStatus.FAILED);
    const next = successor ? await this.begin(RunKind.MANUAL, partitions) : undefined;
    const { set } = await this.stage(dead.runId, RunKind.MANUAL, partitions, everyDay(1));
    await expect(publish(this.bench, { ...dead, staged: [set], moves: [] })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    // Nor does the successor's fence help it.
    if (next) await expect(publish(this.bench, { ...dead, fence: next.fence, staged: [set], moves: [] })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    if (next) await this.end(next.runId, RunStatus.CANCELLED);
  }

  private async wrongFence(partitions: readonly string[]): Promise<void> {
    const run = await this.begin(RunKind.MANUAL, partitions);
    const { set } = await this.stage(run.runId, RunKind.MANUAL, partitions, everyDay(2));
    await expect(publish(this.bench, { ...run, fence: run.fence - 1, staged: [set], moves: [] })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await this.end(run.runId, RunStatus.FAILED);
  }

  private async begin(kind: RunKind, partitions: readonly string[]): Promise<{ runId: string; fence: number }> {
    this.runs += 1;
    const runId = `${this.pipeline}-${this.runs}`;
    const interval = kind === RunKind.REFRESH ? undefined : { start: partitions[0] ?? '', end: new Date(Date.parse(partitions.at(-1) ?? '') + 86_400_000).toISOString() };
    const { fence } = await beginRun(this.bench, runRequest(this.pipeline, runId, interval, kind));
    return { runId, fence };
  }

  private async end(runId: string, status: RunStatus): Promise<void> {
    await finishRun(this.bench, { runId, status, error: undefined });
  }

  private async stage(runId: string, kind: RunKind, partitions: readonly string[], layout: readonly number[]) {
    const names = datasetsOf(definitionOf(this.pipeline), kind === RunKind.REFRESH ? 'history' : 'interval');
    const files: StagedFile[] = [0, 1].map((f) => Object.fromEntries(partitions.filter((_, n) => (layout[n] ?? 0) & (1 << f)).map((partition) => [partition, 3])));
    const used = files.filter((file) => Object.keys(file).length > 0);
    const datasets = await Promise.all(names.map((name) => stageDataset(this.bench.lake, this.pipeline, runId, name, partitions, used)));
    for (const { segments } of datasets) for (const segment of segments) this.held.set(segment.path, segment.partitions);
    const contents = datasets.map(({ dataset, segments }) => {
      const paths = (partition: string) => segments.filter((segment) => segment.partitions.includes(partition)).map((segment) => segment.path);
      return [dataset, new Map(partitions.map((partition) => [partition, paths(partition)]))] as const;
    });
    return { set: await writeManifest(this.bench.lake, this.pipeline, runId, datasets), contents: new Map(contents) };
  }
}

function partitionsOf({ start, length }: { start: number; length: number }): string[] {
  return Array.from({ length: Math.min(length, DAYS - start) }, (_, n) => day(start + n));
}

function merged(older: State, contents: State): State {
  const next = new Map(older);
  for (const [dataset, partitions] of contents) next.set(dataset, new Map([...(older.get(dataset) ?? []), ...partitions]));
  return next;
}

/** "partition path" of everything live, sorted. */
function pairsOf(state: State | undefined, dataset: string): string[] {
  return [...(state?.get(dataset) ?? [])].flatMap(([partition, paths]) => paths.map((path) => `${partition} ${path}`)).sort();
}

function pairs(segments: readonly LiveSegment[]): string[] {
  return segments.flatMap((segment) => segment.partitions.map((partition) => `${partition} ${segment.path}`)).sort();
}

function expectWhole(world: World, segments: readonly LiveSegment[]): void {
  for (const segment of segments) expect([segment.path, segment.whole]).toEqual([segment.path, segment.partitions.length === world.held.get(segment.path)?.length]);
}

describe('the catalog against a model', () => {
  let bench: Workbench;
  let worlds = 0;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const DATASETS = datasetsOf(definitionOf('any'));

  async function expectSnapshots(world: World): Promise<void> {
    for (const [snapshot, state] of world.states.entries()) {
      for (const dataset of snapshot > 0 ? DATASETS : []) {
        const live = await liveSegments(bench.pool, world.pipeline, dataset, snapshot);
        expect(pairs(live)).toEqual(pairsOf(state, dataset));
        expectWhole(world, live);
      }
    }
  }

  async function expectDifference(world: World, dataset: string, from: number, to: number): Promise<void> {
    const { before, after, unchanged } = await difference(bench.pool, { pipeline: world.pipeline, dataset, fromSnapshot: from, toSnapshot: to });
    const [older, newer] = [pairsOf(world.states[from], dataset), pairsOf(world.states[to], dataset)];
    const removed = new Set(pairs(before));
    expect([...older.filter((pair) => !removed.has(pair)), ...pairs(after)].sort()).toEqual(newer);
    expect(pairs(before)).toEqual(older.filter((pair) => !newer.includes(pair)));
    expect(pairs(unchanged)).toEqual(older.filter((pair) => newer.includes(pair)));
    for (const list of [before, after, unchanged]) expectWhole(world, list);
  }

  test('live segments equal the model at every snapshot, and a difference applied to the older gives the newer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 9 }), fc.infiniteStream(fc.nat()), async (steps, random) => {
        worlds += 1;
        const world = new World(bench, await givenPipeline(bench.pool, `world-${worlds}`));
        for (const next of steps) await world.take(next);
        await expectSnapshots(world);
        const pick = () => (random.next().value ?? 0) % world.states.length;
        for (const dataset of DATASETS) {
          await expectDifference(world, dataset, 0, world.states.length - 1);
          await expectDifference(world, dataset, pick(), pick());
        }
      }),
      { numRuns: Number(process.env['WEIR_MODEL_RUNS'] ?? 25) },
    );
  }, 300_000);

  test('a partition that is published again alone leaves the others of its wide file live', async () => {
    const world = new World(bench, await givenPipeline(bench.pool, 'narrow'));
    await world.take({ do: 'publish', start: 0, length: 3, layout: everyDay(1) });
    await world.take({ do: 'publish', start: 1, length: 1, layout: everyDay(1) });
    const { before, after, unchanged } = await difference(bench.pool, { pipeline: 'narrow', dataset: 'silver.lines', fromSnapshot: 1, toSnapshot: 2 });
    const wide = 'silver/narrow/lines/narrow-1/a1-0.parquet';
    expect(before).toMatchObject([{ path: wide, partitions: [day(1)], whole: false }]);
    expect(after).toMatchObject([{ path: 'silver/narrow/lines/narrow-2/a1-0.parquet', partitions: [day(1)], whole: true }]);
    expect(unchanged).toMatchObject([{ path: wide, partitions: [day(0), day(2)], whole: false }]);
  });

  test('refuses snapshots and datasets that do not exist', async () => {
    await givenPipeline(bench.pool, 'unknown');
    await expect(liveSegments(bench.pool, 'unknown', 'silver.lines', 1)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: 'The pipeline unknown has no snapshot 1; its newest is 0.' });
    await expect(liveSegments(bench.pool, 'unknown', 'silver.line')).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', message: expect.stringContaining('it has raw.orders, bronze.orders, silver.lines') });
    await expect(difference(bench.pool, { pipeline: 'nobody', dataset: 'silver.lines', fromSnapshot: 0, toSnapshot: 0 })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });
});
