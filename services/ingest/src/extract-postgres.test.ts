import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, readCsvText, toWeirError, type Definition, type Interval, type PostgresConnectionSettings, type WeirError } from '@weir/core';
import { Lake, type ManifestDataset } from '@weir/lake';
import { Egress, Secret } from '@weir/platform';
import type { ExtractResult, Progress } from '@weir/rpc';
import { FaultProxy, tempDir, testDatabase, until, type TempDir, type TestDatabase } from '@weir/testkit';
import { extract } from './extract';

let database: TestDatabase;
let folder: TempDir;
let lake: Lake;
beforeAll(async () => {
  database = await testDatabase();
  await database.pool.query('create schema shop');
});
beforeEach(async () => {
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
  await database.pool.query('drop table if exists shop.orders cascade');
});
afterEach(async () => {
  await until(async () => (await database.pool.query("select from pg_stat_activity where application_name = 'weir-ingest' and datname = current_database()")).rowCount === 0, { timeoutMs: 5_000, what: 'The end of all sessions of sources' });
  await folder.dispose();
});
afterAll(() => database?.drop());

interface Run {
  readonly grain?: string;
  readonly interval?: Interval;
  readonly connection?: Partial<PostgresConnectionSettings>;
  readonly allow?: readonly string[];
  readonly signal?: AbortSignal;
  readonly report?: (progress: Progress) => void;
}

let attempts = 0;
async function run({ grain, interval, connection = {}, allow = ['127.0.0.0/8', '[::1]'], signal = new AbortController().signal, report = () => undefined }: Run = {}): Promise<ExtractResult> {
  const { password, ...settings } = database.config;
  const definition: Definition = {
    name: 'shop',
    description: '',
    ...(grain === undefined ? {} : { grain }),
    source: { type: 'postgres', dataset: 'orders', connection: 'shop_db', table: 'shop.orders', layout: CSV_LAYOUT, ...(grain === undefined ? {} : { cursor: 'at' }) },
    connections: { shop_db: { type: 'postgres', ...settings, password: { secret: 'SHOP_DB' }, tls: false, ...connection } },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
  const none = (): never => {
    throw new Error('A table needs no Kafka.');
  };
  const secretOf = (name: string): Secret => new Secret(name === 'SHOP_DB' ? password : 'another');
  attempts += 1;
  const context = { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, interval };
  return extract({ lake, definition: () => Promise.resolve(definition), engine: { memoryLimit: '64MB', threads: 1 }, egress: new Egress(allow), secretOf, topicLog: none, sources: none, takes: none, takenFiles: none }, { context, ranges: [] }, { signal, report });
}

async function failed(options: Run): Promise<WeirError | undefined> {
  return run(options).then(() => undefined, toWeirError);
}

async function listed({ raw }: ExtractResult): Promise<ManifestDataset | undefined> {
  return (await lake.readManifest(raw ?? { manifest: '', sha256: '' })).datasets[0];
}

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(lake.absolute(path), { recursive: true, withFileTypes: true }).catch(() => [])).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

test('each grain of a run is a segment of its rows, grains without rows are listed without one, and the same rows again are the same segment', async () => {
  await database.pool.query("create table shop.orders (id int, at timestamptz); insert into shop.orders values (1, '2024-01-01 10:00Z'), (2, '2024-01-03 00:00Z'), (3, '2024-01-03 23:59Z'), (4, '2024-01-04 00:00Z')");
  const reported: Progress[] = [];
  const days = { grain: '1d', interval: { start: '2024-01-01T00:00:00Z', end: '2024-01-04T00:00:00Z' } };
  const result = await run({ ...days, report: (progress) => reported.push(progress) });
  const dataset = await listed(result);
  expect(dataset?.partitions.map(({ partition }) => partition)).toEqual(['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z']);
  expect(dataset?.segments.map(({ source, partitions }) => [source, partitions])).toEqual([['shop.orders 2024-01-01T00:00:00Z', ['2024-01-01T00:00:00Z']], ['shop.orders 2024-01-03T00:00:00Z', ['2024-01-03T00:00:00Z']]]);
  expect(await readFile(lake.absolute(dataset?.segments[1]?.path ?? ''), 'utf8')).toBe('id,at\n2,2024-01-03 00:00:00+00\n3,2024-01-03 23:59:00+00\n');
  expect(reported.at(-1)).toEqual({ step: 'read source', done: 2, total: 0 });
  expect((await listed(await run(days)))?.segments).toEqual(dataset?.segments);
  expect(await failed({ grain: '1d' })).toMatchObject({ code: 'INVALID_INTERVAL' });
});

test('what may not be reached and what has no login fails before anything is listed', async () => {
  await database.pool.query('create table shop.orders (id int)');
  expect(await failed({ allow: [] })).toMatchObject({ code: 'EGRESS_DENIED' });
  expect(await failed({ connection: { password: { secret: 'OTHER' } } })).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('password authentication failed') });
  expect(await filesIn('manifest')).toEqual([]);
});

test('a connection that breaks in the middle of a part stores nothing of it; the next attempt has it all', async () => {
  await database.pool.query('create unlogged table shop.orders as select g as id, repeat(md5(g::text), 8) as note from generate_series(1, 50000) g');
  const proxy = await FaultProxy.start(database.config);
  try {
    const cutting = failed({ connection: { port: proxy.port } });
    // As soon as bytes of the part are on the disk.
    await until(async () => (await filesIn('tmp')).length > 0, { timeoutMs: 10_000 });
    proxy.reset();
    expect(await cutting).toMatchObject({ code: 'UNAVAILABLE', retry: 'transient' });
    expect([await filesIn('raw'), await filesIn('manifest'), await filesIn('tmp')]).toEqual([[], [], []]);
    proxy.pass();
    const dataset = await listed(await run({ connection: { port: proxy.port } }));
    const rows = readCsvText(await readFile(lake.absolute(dataset?.segments[0]?.path ?? ''), 'utf8'));
    expect(rows?.length).toBe(50_001);
  } finally {
    await proxy.close();
  }
});

test('cancel in the middle of a part ends it at once and leaves nothing', async () => {
  await database.pool.query('create table shop.kept (id int, note text); insert into shop.kept select g, repeat(md5(g::text), 8) from generate_series(1, 20000) g; create view shop.orders as select id, case when id = 15000 then pg_sleep(60)::text else note end as note from shop.kept');
  try {
    const stop = new AbortController();
    const cancelled = failed({ signal: stop.signal });
    await until(async () => (await filesIn('tmp')).length > 0, { timeoutMs: 10_000 });
    const began = performance.now();
    stop.abort();
    expect(await cancelled).toMatchObject({ code: 'CANCELLED' });
    expect(performance.now() - began).toBeLessThan(1_000);
    expect([await filesIn('raw'), await filesIn('manifest'), await filesIn('tmp')]).toEqual([[], [], []]);
  } finally {
    await database.pool.query('drop view shop.orders; drop table shop.kept');
  }
});

test('200,000 rows come in segments of bounded size, each a file with a header, that have each row once', async () => {
  await database.pool.query('create unlogged table shop.orders as select g as id, repeat(md5(g::text), 30) as note from generate_series(1, 200000) g');
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().arrayBuffers - before)), 10);
  const dataset = await listed(await run()).finally(() => clearInterval(watch));
  expect(dataset?.segments.length).toBeGreaterThan(2);
  let [sum, rows] = [0, 0];
  for (const { path, bytes } of dataset?.segments ?? []) {
    expect(bytes).toBeLessThan(70 * 1024 * 1024);
    const [header, ...lines] = (await readFile(lake.absolute(path), 'utf8')).trimEnd().split('\n');
    expect(header).toBe('id,note');
    rows += lines.length;
    sum += lines.reduce((total, line) => total + Number(line.slice(0, line.indexOf(','))), 0);
  }
  expect([rows, sum]).toEqual([200_000, (200_000 * 200_001) / 2]);
  expect(most).toBeLessThan(64 * 1024 * 1024);
});
