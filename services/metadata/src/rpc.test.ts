import { inspector } from '@weir/engine';
import { openPool, Secret } from '@weir/platform';
import { BackfillOnly, BackfillOrder, BackfillStatus, connect, IntervalReason, serve, type Clients, type LiveSegment, type RpcServer } from '@weir/rpc';
import { FaultProxy, until } from '@weir/testkit';
import type pg from 'pg';
import { services } from './rpc';
import { derived, extracted } from './testing/runs';
import { day, days, givenPipeline, openWorkbench, runRequest, stageDataset, stageWide, writeManifest, type Workbench } from './testing/workbench';

async function collect<Page>(pages: AsyncIterable<Page>): Promise<Page[]> {
  const all: Page[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('metadata over the wire', () => {
  let bench: Workbench;
  let proxy: FaultProxy;
  let pool: pg.Pool;
  let server: RpcServer;
  let clients: Clients;
  let ready: () => void = () => undefined;

  beforeAll(async () => {
    bench = await openWorkbench();
    proxy = await FaultProxy.start(bench.database.config);
    const { password, ...config } = bench.database.config;
    pool = openPool({ ...config, host: proxy.host, port: proxy.port, password: new Secret(password) });
    server = await serve({ host: '127.0.0.1', port: 0, reflection: true, services: services({ pool, lake: bench.lake, inspector }, () => ready()) });
    clients = connect({ metadata: `127.0.0.1:${server.port}` });
  });

  afterAll(async () => {
    clients.close();
    await server.drain(1_000);
    await pool.end();
    await proxy.close();
    await bench.dispose();
  });

  test('a run begins, publishes and is read back', async () => {
    const pipeline = await givenPipeline(bench.pool, 'wire');
    const { fence } = await clients.runs.beginRun(runRequest(pipeline, 'wire-1', days(0, 2)));
    const staged = [await stageWide(bench.lake, pipeline, 'wire-1', [day(0), day(1)])];
    expect(await clients.catalog.publish({ runId: 'wire-1', fence, staged, moves: [] })).toEqual({ snapshot: 1 });
    const pages = await collect(clients.catalog.getSnapshot({ pipeline, snapshot: 0, datasets: ['silver.lines', 'gold.customers'] }));
    expect(pages).toMatchObject([
      { dataset: 'silver.lines', snapshot: 1, segments: [{ partitions: [day(0), day(1)], whole: true }] },
      { dataset: 'gold.customers', snapshot: 1, segments: [] },
    ]);
  });

  test('a backfill is planned, recorded and read back', async () => {
    const pipeline = await givenPipeline(bench.pool, 'planned');
    const workflowId = `backfill/${pipeline}/week`;
    const request = { pipeline, interval: days(0, 7), only: BackfillOnly.MISSING, order: BackfillOrder.NEWEST, after: '', limit: 2, backfill: workflowId, changedSources: [day(0)] };
    expect(await clients.backfills.planBackfill(request)).toEqual({
      counts: [{ reason: IntervalReason.MISSING, intervals: 7 }], selected: 7, more: true, definitionVersion: 1, inSequence: false,
      intervals: [6, 5].map((n) => ({ interval: days(n, n + 1), reason: IntervalReason.MISSING, detail: '', runId: '' })),
    });
    const { backfill } = await clients.backfills.recordBackfill({
      backfill: {
        workflowId, runId: 'planned-1', pipeline, interval: days(0, 7), only: BackfillOnly.MISSING, order: BackfillOrder.NEWEST, parallelism: 2, status: BackfillStatus.PAUSED,
        reason: '', selected: 7, succeeded: 1, failed: 0, cancelled: 0, skipped: 0, startedAt: '', updatedAt: '', endedAt: '',
      },
    });
    expect(await clients.backfills.getBackfill({ workflowId })).toEqual({ backfill });
    expect(await clients.backfills.listBackfills({ pipeline, limit: 0 })).toEqual({ backfills: [backfill] });
    await expect(clients.backfills.getBackfill({ workflowId: 'planned/month' })).rejects.toMatchObject({ code: 'BACKFILL_NOT_FOUND' });
  });

  test('sources and load targets are asked for', async () => {
    const pipeline = await givenPipeline(bench.pool, 'asked');
    const { fence } = await clients.runs.beginRun(runRequest(pipeline, 'asked-1', days(0, 1)));
    const request = runRequest(pipeline, 'asked-1');
    const staged = [await extracted(bench, request, [day(0)], { '2010-12-01.csv': day(0) }), await derived(bench, request, [day(0)])];
    await clients.catalog.publish({ runId: 'asked-1', fence, staged, moves: [] });
    expect(await collect(clients.catalog.listSources({ pipeline, interval: undefined }))).toMatchObject([{ files: [{ partition: day(0), source: '2010-12-01.csv' }], empty: [] }]);
    expect(await clients.catalog.getLoadTarget({ pipeline, definitionVersion: 1, after: 0 })).toEqual({ snapshot: 1 });
  });

  test('a busy interval arrives with the ids of its holder', async () => {
    await givenPipeline(bench.pool, 'held');
    await clients.runs.beginRun(runRequest('held', 'held-1', days(0, 2)));
    await expect(clients.runs.beginRun(runRequest('held', 'held-2', days(1, 2)))).rejects.toMatchObject({ code: 'INTERVAL_BUSY', samples: ['held-1', 'run/held/held-1'] });
  });

  test('a snapshot of thousands of files arrives in several pages, complete', async () => {
    const pipeline = await givenPipeline(bench.pool, 'paged');
    const partitions = Array.from({ length: 400 }, (_, n) => day(n));
    const { fence } = await clients.runs.beginRun(runRequest(pipeline, 'paged-1', days(0, 400)));
    const file = Object.fromEntries(partitions.map((partition) => [partition, 1]));
    const [raw, ...others] = await Promise.all(['raw.orders', 'bronze.orders', 'silver.lines', 'gold.revenue'].map((name) => stageDataset(bench.lake, pipeline, 'paged-1', name, partitions, [file])));
    // The same small file listed six hundred times with 400 partitions each: 5 MB of references from one object in the lake.
    const listed = raw && { ...raw, segments: Array.from({ length: 600 }, () => raw.segments).flat() };
    const staged = [await writeManifest(bench.lake, pipeline, 'paged-1', listed ? [listed, ...others] : [])];
    await clients.catalog.publish({ runId: 'paged-1', fence, staged, moves: [] });
    const pages = await collect(clients.catalog.getSnapshot({ pipeline, snapshot: 1, datasets: ['raw.orders'] }));
    expect(pages.length).toBeGreaterThan(4);
    const segments: LiveSegment[] = pages.flatMap((page) => page.segments);
    expect(segments).toHaveLength(600);
    for (const segment of segments) expect(segment.partitions).toHaveLength(400);
    const difference = await collect(clients.catalog.getDifference({ pipeline, dataset: 'raw.orders', fromSnapshot: 0, toSnapshot: 1 }));
    expect(difference.flatMap((page) => page.after)).toEqual(segments);
  });

  test('says UNAVAILABLE while Postgres is away and goes on when it is back', async () => {
    const list = () => clients.definitions.listPipelines({});
    await list();
    proxy.reset();
    await expect(list()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    proxy.pass();
    await until(list, { timeoutMs: 10_000 });
  });

  test('says what it was told while it is not ready', async () => {
    ready = () => {
      throw new Error('not yet');
    };
    await expect(clients.definitions.listPipelines({})).rejects.toMatchObject({ message: expect.stringContaining('not yet') });
    await expect(collect(clients.catalog.getSnapshot({ pipeline: 'wire', snapshot: 0, datasets: [] }))).rejects.toMatchObject({ message: expect.stringContaining('not yet') });
    ready = () => undefined;
  });
});
