import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import type { Definition, Interval } from '@weir/core';
import { rawPath, type Segment } from '@weir/lake';
import { BackfillOnly, BackfillOrder, RunKind, RunStart, RunStatus, type BeginRunRequest, type BeginRunResponse, type PositionMove, type PublishResponse, type SegmentSet } from '@weir/rpc';
import { createHash } from 'node:crypto';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { listPositions } from './list-positions';
import { listSources } from './list-sources';
import { planBackfill } from './plan-backfill';
import { publish } from './publish';
import { storeDefinition } from './store-definition';
import { derived } from './testing/runs';
import { day, days, definitionOf, givenPipeline, liveSegments, openWorkbench, runRequest, writeManifest, type Workbench } from './testing/workbench';

const SOURCE: Definition['source'] = { type: 'kafka', dataset: 'orders', connection: 'kafka', topic: 'orders', format: 'json', start: 'earliest' };
const [LINES, REVENUE] = definitionOf('any').models;
const ROWS_ONLY = { mode: 'realtime', source: SOURCE, models: [LINES] } as Partial<Definition>;
const INTERVALS = { mode: 'realtime', source: SOURCE, models: [LINES, REVENUE] } as Partial<Definition>;

let bench: Workbench;
beforeAll(async () => (bench = await openWorkbench()));
afterAll(() => bench.dispose());

const archiveRun = (pipeline: string, n: number | string, interval: Interval = days(0, 2)): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-${n}`, interval, RunKind.REFRESH), startAt: RunStart.UNSPECIFIED });
const fromRaw = (pipeline: string, n: string, changes: Partial<BeginRunRequest> = {}): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-${n}`, days(0, 2)), startAt: RunStart.UNSPECIFIED, ...changes });
const move = (from: string, to: string, partition = 0): PositionMove => ({ source: `orders:${partition}`, from, to });
const positions = async (pipeline: string): Promise<string[]> => (await listPositions(bench, { pipeline })).positions.map(({ source, value }) => `${source} ${value}`);

/** A raw segment as ingest writes it: under its content, of one partition of the log. */
async function segment(pipeline: string, partition: string, first: number, rows: number): Promise<Segment> {
  const bytes = Buffer.from(`${pipeline} ${partition} ${first}`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = rawPath(pipeline, 'orders', sha256, 'parquet');
  await bench.lake.putStream(path, [bytes]);
  return { path, sha256, bytes: bytes.length, rows, partitions: [partition], source: `orders:00000:${String(first).padStart(20, '0')}-${String(first + rows).padStart(20, '0')}` };
}

async function rawSet(pipeline: string, runId: string, interval: Interval, segments: readonly Segment[]): Promise<SegmentSet> {
  const partitions = [];
  for (let at = interval.start; at < interval.end; at = new Date(Date.parse(at) + 86_400_000).toISOString().replace('.000Z', 'Z')) {
    partitions.push({ partition: at, rows: segments.filter(({ partitions: [own] }) => own === at).reduce((sum, { rows }) => sum + rows, 0) });
  }
  return writeManifest(bench.lake, pipeline, runId, [{ dataset: 'raw.orders', partitions, segments }], 'extract');
}

/** A run of the archive that publishes raw alone; it is still open. */
async function extend(pipeline: string, n: number, segments: readonly Segment[], moves: PositionMove[], interval = days(0, 2)): Promise<{ begun: BeginRunResponse; answer: PublishResponse }> {
  const request = archiveRun(pipeline, n, interval);
  const begun = await beginRun(bench, request);
  const answer = await publish(bench, { runId: request.runId, fence: begun.fence, staged: [await rawSet(pipeline, request.runId, interval, segments)], moves });
  return { begun, answer };
}

const end = (pipeline: string, n: number | string, status: RunStatus = RunStatus.SUCCEEDED) => finishRun(bench, { runId: `${pipeline}-${n}`, status, error: undefined });

describe('a run that extends an archive', () => {
  test('leases the grains of its interval like any run, not the history', async () => {
    await givenPipeline(bench.pool, 'leases', INTERVALS);
    expect(await beginRun(bench, archiveRun('leases', 1))).toMatchObject({ interval: days(0, 2), topic: 'orders', rawOnly: false, raw: undefined });
    expect((await bench.pool.query(`select partition from metadata.lease where pipeline = 'leases' order by 1`)).rows).toEqual([{ partition: day(0) }, { partition: day(1) }]);
    await expect(beginRun(bench, archiveRun('leases', 2, days(1, 3)))).rejects.toMatchObject({ code: 'INTERVAL_BUSY', message: expect.stringContaining('the interval 2010-12-02/2010-12-04 of leases: the workflow run/leases/leases-1') });
    await beginRun(bench, runRequest('leases', 'leases-3', undefined, RunKind.REFRESH));
  });

  test('publishes raw alone where no model needs more, and moves positions', async () => {
    await givenPipeline(bench.pool, 'raw-only', ROWS_ONLY);
    const first = await segment('raw-only', day(0), 0, 5);
    const { begun, answer } = await extend('raw-only', 1, [first], [move('', '5@1000'), move('', '7@2000', 1)]);
    expect([begun.rawOnly, answer]).toEqual([true, { snapshot: 1 }]);
    expect(await positions('raw-only')).toEqual(['orders:0 5@1000', 'orders:1 7@2000']);
    await end('raw-only', 1);
    const second = await segment('raw-only', day(1), 5, 3);
    await extend('raw-only', 2, [first, second], [move('5@1000', '8@3000')]);
    expect(await positions('raw-only')).toEqual(['orders:0 8@3000', 'orders:1 7@2000']);
    expect((await liveSegments(bench.pool, 'raw-only', 'raw.orders')).map(({ path, partitions }) => [path, partitions])).toEqual([[first.path, [day(0)]], [second.path, [day(1)]]]);
    const sources: unknown[] = [];
    await listSources(bench, { pipeline: 'raw-only', interval: days(0, 1) }, async ({ files }) => void sources.push(...files));
    expect(sources).toMatchObject([{ partition: day(0), source: first.source, sha256: first.sha256, bytes: first.bytes, rows: 5 }]);
  });

  test('must publish all datasets where an export holds them', async () => {
    await givenPipeline(bench.pool, 'exported', { ...ROWS_ONLY, destinations: [{ type: 'postgres', connection: 'warehouse', schema: 'exported' }, { type: 'file', path: 'exported', format: 'parquet', compression: 'zstd' }] });
    expect(await beginRun(bench, archiveRun('exported', 1))).toMatchObject({ rawOnly: false, destinations: 2 });
  });

  test('must publish all datasets where models over intervals need them', async () => {
    await givenPipeline(bench.pool, 'whole', INTERVALS);
    const request = archiveRun('whole', 1);
    const { fence } = await beginRun(bench, request);
    const raw = await rawSet('whole', request.runId, days(0, 2), []);
    await expect(publish(bench, { runId: request.runId, fence, staged: [raw], moves: [] })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('bronze.orders of the run was not staged') });
    expect(await publish(bench, { runId: request.runId, fence, staged: [raw, await derived(bench, request, [day(0), day(1)])], moves: [move('', '1@1')] })).toEqual({ snapshot: 1 });
  });

  test.each([
    ['stands elsewhere', [move('4@1000', '9@1')], /orders:0 of .+ stands at 5@1000, not at 4@1000/],
    ['is there already', [move('', '9@1')], /stands at 5@1000, not at none/],
    ['is not there', [move('5@1000', '9@1'), move('3@1', '4@1', 1)], /orders:1 of .+ stands at no position, not at 3@1/],
  ])('publishes nothing when a position %s', async (title, moves, message) => {
    const pipeline = await givenPipeline(bench.pool, `moved-${title.replaceAll(' ', '-')}`, ROWS_ONLY);
    await extend(pipeline, 1, [], [move('', '5@1000')]);
    await end(pipeline, 1);
    await expect(extend(pipeline, 2, [await segment(pipeline, day(0), 5, 1)], moves)).rejects.toMatchObject({ code: 'POSITION_MOVED', message: expect.stringMatching(message) });
    expect(await positions(pipeline)).toEqual(['orders:0 5@1000']);
    expect(await liveSegments(bench.pool, pipeline, 'raw.orders')).toEqual([]);
    expect((await bench.pool.query('select snapshot from metadata.pipeline where name = $1', [pipeline])).rows).toEqual([{ snapshot: '1' }]);
  });

  test('that is published twice moves once', async () => {
    await givenPipeline(bench.pool, 'twice', ROWS_ONLY);
    const request = archiveRun('twice', 1);
    const { fence } = await beginRun(bench, request);
    const published = { runId: request.runId, fence, staged: [await rawSet('twice', request.runId, days(0, 2), [])], moves: [move('', '5@1000')] };
    expect(await Promise.all([publish(bench, published), publish(bench, published)])).toEqual([{ snapshot: 1 }, { snapshot: 1 }]);
    expect(await publish(bench, published)).toEqual({ snapshot: 1 });
    expect(await positions('twice')).toEqual(['orders:0 5@1000']);
  });

  test.each([
    ['twice the same', [move('', '1'), move('', '2')]],
    ['to nowhere', [move('', '')]],
    ['of a name without an end', [{ source: 'x'.repeat(1_001), from: '', to: '1' }]],
  ])('is refused a move %s', async (title, moves) => {
    const pipeline = await givenPipeline(bench.pool, `refused-${title.replaceAll(' ', '-')}`, ROWS_ONLY);
    await expect(extend(pipeline, 1, [], moves)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('does not read again what is published of its interval, but all else', async () => {
    await givenPipeline(bench.pool, 'verified', ROWS_ONLY);
    const old = await segment('verified', day(0), 0, 5);
    await extend('verified', 1, [old], [move('', '5@1')]);
    await end('verified', 1);
    const damage = ({ path }: Segment) => (chmodSync(bench.lake.absolute(path), 0o644), writeFileSync(bench.lake.absolute(path), 'damaged'));
    // Nobody would damage it; that it goes unnoticed says that it was not read.
    damage(old);
    await extend('verified', 2, [old], [move('5@1', '6@1')]);
    await end('verified', 2);
    await expect(extend('verified', 3, [{ ...old, sha256: 'f'.repeat(64) }], [])).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await end('verified', 3, RunStatus.FAILED);
    const fresh = await segment('verified', day(1), 6, 1);
    damage(fresh);
    await expect(extend('verified', 4, [old, fresh], [])).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  test('is for realtime pipelines only', async () => {
    await givenPipeline(bench.pool, 'batch');
    await expect(beginRun(bench, archiveRun('batch', 1))).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('takes no interval') });
  });
});

describe('a run of a realtime pipeline', () => {
  test('begins with the raw segments that the archive has, with every grain of its interval', async () => {
    await givenPipeline(bench.pool, 'from-raw', INTERVALS);
    const request = archiveRun('from-raw', 1, days(0, 1));
    const segments = [await segment('from-raw', day(0), 0, 5), await segment('from-raw', day(0), 5, 2)];
    const { fence } = await beginRun(bench, request);
    await publish(bench, { runId: request.runId, fence, staged: [await rawSet('from-raw', request.runId, days(0, 1), segments), await derived(bench, request, [day(0)])], moves: [] });
    await end('from-raw', 1);

    const run = fromRaw('from-raw', 'a');
    const begun = await beginRun(bench, run);
    expect(begun).toMatchObject({ interval: days(0, 2), topic: 'orders', rawOnly: false, raw: { rows: 7 } });
    const manifest = await bench.lake.readManifest(begun.raw ?? { manifest: '', sha256: '' });
    expect(manifest.datasets).toEqual([{ dataset: 'raw.orders', partitions: [{ partition: day(0), rows: 7 }, { partition: day(1), rows: 0 }], segments }]);
    expect(await beginRun(bench, run)).toEqual(begun);
    const staged = [begun.raw as SegmentSet, await derived(bench, run, [day(0), day(1)])];
    expect(await publish(bench, { runId: run.runId, fence: begun.fence, staged, moves: [] })).toEqual({ snapshot: 2 });
    expect((await liveSegments(bench.pool, 'from-raw', 'raw.orders')).map(({ path }) => path)).toEqual(segments.map(({ path }) => path));
    expect(await positions('from-raw')).toEqual([]);
  });

  test('is refused as RAW_EXPIRED where the archive has nothing, and leases nothing', async () => {
    await givenPipeline(bench.pool, 'none', INTERVALS);
    await expect(beginRun(bench, fromRaw('none', 'a'))).rejects.toMatchObject({ code: 'RAW_EXPIRED', message: 'The archive of none has nothing of 2010-12-01/2010-12-03.' });
    expect((await bench.pool.query(`select 1 from metadata.lease where pipeline = 'none'`)).rows).toEqual([]);
  });

  test.each([RunKind.MANUAL, RunKind.BACKFILL, RunKind.REPLAY])('of kind %s that would read the topic is refused, with what to do', async (kind) => {
    const pipeline = await givenPipeline(bench.pool, `source-${kind.toLowerCase().replaceAll('_', '-')}`, INTERVALS);
    await expect(beginRun(bench, fromRaw(pipeline, 'a', { kind, startAt: RunStart.SOURCE }))).rejects.toMatchObject({ code: 'INVALID_VALUE', fix: expect.stringContaining('--from raw') });
  });

  test('that repeats a failed run of the archive takes what is published, not what that run extracted', async () => {
    await givenPipeline(bench.pool, 'again', ROWS_ONLY);
    const first = await segment('again', day(0), 0, 5);
    await extend('again', 1, [first], []);
    await end('again', 1);
    await beginRun(bench, archiveRun('again', 2));
    await rawSet('again', 'again-2', days(0, 2), [first, await segment('again', day(0), 5, 5)]);
    await end('again', 2, RunStatus.FAILED);
    const begun = await beginRun(bench, fromRaw('again', 'a', { interval: undefined, retryOf: 'again-2', kind: RunKind.REPLAY }));
    expect(begun).toMatchObject({ interval: days(0, 2), raw: { rows: 5 } });
  });

  test('may be begun again after it was refused, though the archive has more by then', async () => {
    await givenPipeline(bench.pool, 'later', ROWS_ONLY);
    const first = await segment('later', day(0), 0, 5);
    await extend('later', 1, [first], []);
    await expect(beginRun(bench, fromRaw('later', 'a'))).rejects.toMatchObject({ code: 'INTERVAL_BUSY' });
    await end('later', 1);
    await extend('later', 2, [first, await segment('later', day(1), 5, 1)], []);
    await end('later', 2);
    expect(await beginRun(bench, fromRaw('later', 'a'))).toMatchObject({ raw: { rows: 6 } });
  });
});

test('a backfill of a realtime pipeline takes what its archive has, by how it stands', async () => {
  const pipeline = await givenPipeline(bench.pool, 'planned', ROWS_ONLY);
  await extend(pipeline, 1, [await segment(pipeline, day(1), 0, 1)], [], days(0, 2));
  await end(pipeline, 1);
  const plan = async (only: BackfillOnly) => {
    const { counts, intervals } = await planBackfill(bench, { pipeline, interval: days(0, 4), only, order: BackfillOrder.OLDEST, after: '', limit: 10, backfill: '', changedSources: [] });
    return { counts: counts.map(({ reason, intervals: many }) => `${reason} ${many}`), taken: intervals.map(({ interval, detail }) => `${interval?.start} ${detail}`.trim()) };
  };
  expect(await plan(BackfillOnly.MISSING)).toEqual({ counts: ['INTERVAL_REASON_DONE 4'], taken: [] });
  await storeDefinition(bench.pool, definitionOf(pipeline, { ...ROWS_ONLY, models: [{ ...LINES, sql: 'select id from bronze.orders' } as Definition['models'][number]] }));
  expect(await plan(BackfillOnly.STALE)).toEqual({ counts: ['INTERVAL_REASON_STALE 2', 'INTERVAL_REASON_DONE 2'], taken: [`${day(0)} model silver.lines`, `${day(1)} model silver.lines`] });
});

test('manifests of an archive do not outlive the time of grace', async () => {
  const { collectGarbage } = await import('./collect-garbage');
  const pipeline = await givenPipeline(bench.pool, 'swept', ROWS_ONLY);
  const kept = await segment(pipeline, day(0), 0, 1);
  await extend(pipeline, 1, [kept], []);
  await end(pipeline, 1);
  const manifest = bench.lake.absolute(`manifest/${pipeline}/${pipeline}-1/extract-a1.json`);
  expect(existsSync(manifest)).toBe(true);
  await collectGarbage(bench, { pipeline, dryRun: false, graceMs: 0, passedSnapshot: 1 }, { signal: new AbortController().signal, report: () => undefined });
  expect([existsSync(manifest), existsSync(bench.lake.absolute(kept.path))]).toEqual([false, true]);
});
