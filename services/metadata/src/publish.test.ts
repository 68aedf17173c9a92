import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { MAX_GRAINS, type Definition, type Interval } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import { openPool, Secret } from '@weir/platform';
import { RunKind, RunStatus, type PublishRequest, type SegmentSet } from '@weir/rpc';
import { FaultProxy } from '@weir/testkit';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { getRun } from './get-run';
import { listDatasets } from './list-datasets';
import { publish } from './publish';
import { day, days, definitionOf, difference, givenPipeline, liveSegments, openWorkbench, runRequest, stageDataset, stageWide, writeManifest, type Workbench } from './testing/workbench';

describe('publish', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  /** A run over days 0 and 1 with everything staged, ready to be published. */
  const given = async (pipeline: string, runId = `${pipeline}-1`): Promise<PublishRequest & { staged: [SegmentSet] }> => {
    await givenPipeline(bench.pool, pipeline);
    const { fence } = await beginRun(bench, runRequest(pipeline, runId, days(0, 2)));
    return { runId, fence, staged: [await stageWide(bench.lake, pipeline, runId, [day(0), day(1)])], moves: [] };
  };
  const snapshotOf = async (pipeline: string) => (await bench.pool.query<{ snapshot: string }>('select snapshot from metadata.pipeline where name = $1', [pipeline])).rows[0]?.snapshot;

  test('makes what was staged live, raw included', async () => {
    const request = await given('live');
    expect(await publish(bench, request)).toEqual({ snapshot: 1 });
    for (const dataset of ['raw.orders', 'bronze.orders', 'silver.lines', 'gold.revenue']) {
      expect(await liveSegments(bench.pool, 'live', dataset)).toMatchObject([{ partitions: [day(0), day(1)], whole: true }]);
    }
    expect((await getRun(bench, { run: 'live-1' })).run?.snapshot).toBe(1);
  });

  test('gives the same snapshot when it is repeated, also after the end', async () => {
    const request = await given('same');
    await publish(bench, request);
    expect(await publish(bench, request)).toEqual({ snapshot: 1 });
    await finishRun(bench, { runId: 'same-1', status: RunStatus.SUCCEEDED, error: undefined });
    expect(await publish(bench, request)).toEqual({ snapshot: 1 });
    expect(await snapshotOf('same')).toBe('1');
  });

  test('leaves no partition of a finer grain beside the one that covers it now, nor dated ones beside a whole', async () => {
    const hours = { start: day(0), end: day(0).replace('T00', 'T02') };
    const pipeline = await givenPipeline(bench.pool, 'regrained', { grain: '1h' });
    const take = async (runId: string, interval: Interval, partitions: string[]) => {
      const { fence } = await beginRun(bench, runRequest(pipeline, runId, interval));
      await publish(bench, { runId, fence, staged: [await stageWide(bench.lake, pipeline, runId, partitions)], moves: [] });
      await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
    };
    await take('regrained-1', hours, [day(0), day(0).replace('T00', 'T01')]);
    await givenPipeline(bench.pool, pipeline, { grain: '1d' });
    await take('regrained-2', days(0, 1), [day(0)]);
    expect(await liveSegments(bench.pool, pipeline, 'silver.lines')).toMatchObject([{ partitions: [day(0)] }]);
    expect(await difference(bench.pool, { pipeline, dataset: 'silver.lines', fromSnapshot: 1, toSnapshot: 2 })).toMatchObject({ before: [{ partitions: [day(0), day(0).replace('T00', 'T01')] }], unchanged: [] });

    const [lines, revenue, customers] = definitionOf(pipeline).models;
    await givenPipeline(bench.pool, pipeline, { models: [lines, { ...revenue, scope: 'history' }, customers] as Definition['models'] });
    const refresh = runRequest(pipeline, 'regrained-3', undefined, RunKind.REFRESH);
    const { fence } = await beginRun(bench, refresh);
    const datasets = await Promise.all(['gold.revenue', 'gold.customers'].map((name) => stageDataset(bench.lake, pipeline, refresh.runId, name, ['all'], [{ all: 1 }])));
    await publish(bench, { runId: refresh.runId, fence, staged: [await writeManifest(bench.lake, pipeline, refresh.runId, datasets)], moves: [] });
    expect(await liveSegments(bench.pool, pipeline, 'gold.revenue')).toMatchObject([{ partitions: ['all'] }]);
  });

  test('makes one snapshot when the same run publishes twice at once', async () => {
    const request = await given('twice');
    expect(await Promise.all([publish(bench, request), publish(bench, request)])).toEqual([{ snapshot: 1 }, { snapshot: 1 }]);
    expect(await snapshotOf('twice')).toBe('1');
  });

  test('gives runs that publish side by side one snapshot after the other', async () => {
    const pipeline = await givenPipeline(bench.pool, 'side');
    const requests = await Promise.all(
      [0, 1, 2, 3, 4, 5].map(async (n) => {
        const { fence } = await beginRun(bench, runRequest(pipeline, `side-${n}`, days(n, n + 1)));
        return { runId: `side-${n}`, fence, staged: [await stageWide(bench.lake, pipeline, `side-${n}`, [day(n)])], moves: [] };
      }),
    );
    const snapshots = await Promise.all(requests.map((request) => publish(bench, request)));
    expect(snapshots.map((answer) => answer.snapshot).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await liveSegments(bench.pool, pipeline, 'silver.lines')).toHaveLength(6);
  });

  test('a run whose lease was taken over cannot publish', async () => {
    const zombie = await given('zombie');
    await finishRun(bench, { runId: zombie.runId, status: RunStatus.FAILED, error: undefined });
    const { fence } = await beginRun(bench, runRequest('zombie', 'zombie-2', days(1, 3)));
    // It goes on working, and stages again what its end had dropped.
    const staged = [await stageWide(bench.lake, 'zombie', zombie.runId, [day(0), day(1)])];
    await expect(publish(bench, { ...zombie, staged })).rejects.toMatchObject({ code: 'LEASE_LOST', message: expect.stringContaining('zombie-1 no longer holds 2010-12-01/2010-12-03 of zombie') });
    expect(await snapshotOf('zombie')).toBe('0');
    const next = { runId: 'zombie-2', fence, staged: [await stageWide(bench.lake, 'zombie', 'zombie-2', [day(1), day(2)])], moves: [] };
    expect(await publish(bench, next)).toEqual({ snapshot: 1 });
  });

  test('a run that lost a lease while its files were verified cannot publish', async () => {
    const request = await given('robbed');
    await bench.pool.query(`delete from metadata.lease where run_id = 'robbed-1' and partition = $1`, [day(1)]);
    await expect(publish(bench, request)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await snapshotOf('robbed')).toBe('0');
  });

  test('refuses another fence than the run was given', async () => {
    const request = await given('fenced');
    await expect(publish(bench, { ...request, fence: request.fence + 1 })).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await publish(bench, request)).toEqual({ snapshot: 1 });
  });

  test.each([
    ['was changed', (path: string) => (chmodSync(path, 0o644), writeFileSync(path, 'x'.repeat(60)))],
    ['was cut', (path: string) => (chmodSync(path, 0o644), writeFileSync(path, 'x'))],
    ['is missing', (path: string) => rmSync(path)],
  ])('refuses a segment that %s', async (title, damage) => {
    const pipeline = title.replaceAll(' ', '-');
    const request = await given(pipeline);
    damage(bench.lake.absolute(`silver/${pipeline}/lines/${request.runId}/a1-0.parquet`));
    await expect(publish(bench, request)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect(await snapshotOf(pipeline)).toBe('0');
  });

  test('refuses a manifest with another hash', async () => {
    const request = await given('manifest');
    const staged = request.staged.map((set) => ({ ...set, sha256: '0'.repeat(64) }));
    await expect(publish(bench, { ...request, staged, moves: [] })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  describe('refuses a staging that is not exactly what the run covers', () => {
    const both = [day(0), day(1)];
    const file = (partitions: readonly string[]) => Object.fromEntries(partitions.map((partition) => [partition, 1]));
    const whole = (pipeline: string, names: readonly string[], partitions = both) =>
      Promise.all(names.map((name) => stageDataset(bench.lake, pipeline, `${pipeline}-1`, name, partitions, [file(partitions)])));
    const ALL = ['raw.orders', 'bronze.orders', 'silver.lines', 'gold.revenue'];

    const cases: [string, (pipeline: string) => Promise<ManifestDataset[]>, RegExp][] = [
      ['a missing dataset', (p) => whole(p, ALL.slice(0, 3)), /The dataset gold.revenue of the run was not staged/],
      ['a dataset of another scope', (p) => whole(p, [...ALL, 'gold.customers']), /does not publish the dataset gold.customers/],
      ['a missing partition', (p) => whole(p, ALL, [day(0)]), /The partition 2010-12-02T00:00:00Z of raw.orders was not staged/],
      ['a partition too many', (p) => whole(p, ALL, [...both, day(2)]), /raw.orders has 3 staged partitions; the run has 2/],
      ['rows without a segment', async (p) => (await whole(p, ALL)).map((dataset) => ({ ...dataset, segments: [] })), /has 1 rows and no segment/],
      ['a dataset twice', async (p) => { const all = await whole(p, ALL); return [...all, ...all]; }, /raw.orders is staged by two manifests/],
    ];
    test.each(cases)('%s', async (title, stage, message) => {
      const pipeline = await givenPipeline(bench.pool, title.replaceAll(' ', '-'));
      const { fence } = await beginRun(bench, runRequest(pipeline, `${pipeline}-1`, days(0, 2)));
      const staged = [await writeManifest(bench.lake, pipeline, `${pipeline}-1`, await stage(pipeline))];
      await expect(publish(bench, { runId: `${pipeline}-1`, fence, staged, moves: [] })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringMatching(message) });
    });

    test('the manifest of another run', async () => {
      const [own, other] = [await given('own'), await given('other')];
      await expect(publish(bench, { ...own, staged: other.staged, moves: [] })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('is of run other-1') });
    });
  });

  test('a refresh replaces the history models alone', async () => {
    await publish(bench, await given('history'));
    const { fence } = await beginRun(bench, runRequest('history', 'history-2', undefined, RunKind.REFRESH));
    const staged = [await stageWide(bench.lake, 'history', 'history-2', ['all'], 'history')];
    expect(await publish(bench, { runId: 'history-2', fence, staged, moves: [] })).toEqual({ snapshot: 2 });
    expect(await liveSegments(bench.pool, 'history', 'gold.customers')).toMatchObject([{ partitions: ['all'] }]);
    const publishedAt = expect.stringMatching(/Z$/) as string;
    expect((await listDatasets(bench, { pipeline: 'history' })).datasets).toEqual([
      { dataset: 'raw.orders', snapshot: 1, partitions: 2, rows: 2, publishedAt },
      { dataset: 'bronze.orders', snapshot: 1, partitions: 2, rows: 2, publishedAt },
      { dataset: 'silver.lines', snapshot: 1, partitions: 2, rows: 2, publishedAt },
      { dataset: 'gold.customers', snapshot: 2, partitions: 1, rows: 1, publishedAt },
      { dataset: 'gold.revenue', snapshot: 1, partitions: 2, rows: 2, publishedAt },
    ]);
  });

  test('records how far each source file was read', async () => {
    const request = await given('position');
    const datasets = (await bench.lake.readManifest(request.staged[0])).datasets.map((dataset) =>
      dataset.dataset === 'raw.orders' ? { ...dataset, segments: dataset.segments.map((segment) => ({ ...segment, source: '2010-12-01.csv' })) } : dataset,
    );
    const staged = [await writeManifest(bench.lake, 'position', request.runId, datasets, 'extract')];
    await publish(bench, { ...request, staged, moves: [] });
    const raw = datasets[0]?.segments[0];
    const { rows } = await bench.pool.query(`select source, value, sha256, snapshot from metadata.position where pipeline = 'position'`);
    expect(rows).toEqual([{ source: '2010-12-01.csv', value: String(raw?.bytes), sha256: raw?.sha256, snapshot: '1' }]);
  });

  test('a publish whose COMMIT was carried out but never answered is the same publish when repeated', async () => {
    const request = await given('ack');
    const { config } = bench.database;
    const proxy = await FaultProxy.start(config);
    const pool = openPool({ ...config, host: proxy.host, port: proxy.port, password: new Secret(config.password) });
    try {
      proxy.loseCommitReply({ times: 1 });
      await expect(publish({ pool, lake: bench.lake }, request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      expect(proxy.lostReplies).toBe(1);
      expect(await publish({ pool, lake: bench.lake }, request)).toEqual({ snapshot: 1 });
      expect(await snapshotOf('ack')).toBe('1');
    } finally {
      await pool.end();
      await proxy.close();
    }
  });

  test('publishes, replaces and reads 10,000 partitions', async () => {
    const pipeline = await givenPipeline(bench.pool, 'wide', { grain: '1h' });
    const hour = (n: number) => new Date(Date.UTC(2010, 11, 1, n)).toISOString().replace('.000Z', 'Z');
    const partitions = Array.from({ length: MAX_GRAINS }, (_, n) => hour(n));
    for (const snapshot of [1, 2]) {
      const runId = `wide-${snapshot}`;
      const { fence } = await beginRun(bench, runRequest(pipeline, runId, { start: hour(0), end: hour(MAX_GRAINS) }));
      const staged = [await stageWide(bench.lake, pipeline, runId, partitions)];
      expect(await publish(bench, { runId, fence, staged, moves: [] })).toEqual({ snapshot });
      await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
    }
    const [segment, ...others] = await liveSegments(bench.pool, pipeline, 'silver.lines');
    expect(segment).toMatchObject({ whole: true, path: 'silver/wide/lines/wide-2/a1-0.parquet' });
    expect(segment?.partitions).toEqual(partitions);
    expect(others).toEqual([]);
  });
});
