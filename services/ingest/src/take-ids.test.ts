import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, readCsvText, toWeirError, type Definition, type Interval } from '@weir/core';
import { Lake } from '@weir/lake';
import { Egress, Secret } from '@weir/platform';
import type { ExtractResult } from '@weir/rpc';
import { tempDir, testDatabase, until, type TempDir, type TestDatabase } from '@weir/testkit';
import { extract, type ExtractDependencies } from './extract';
import { TakeCatalog } from './testing/take-catalog';

let database: TestDatabase;
let folder: TempDir;
let lake: Lake;
let catalog: TakeCatalog;
beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
  catalog = new TakeCatalog(lake);
  await database.pool.query('drop schema if exists shop cascade; create schema shop; create table shop.orders (id bigint generated always as identity primary key, what text)');
});
afterEach(async () => {
  await until(async () => (await database.pool.query("select from pg_stat_activity where application_name = 'weir-ingest' and datname = current_database()")).rowCount === 0, { timeoutMs: 5_000, what: 'The end of all sessions of sources' });
  await folder.dispose();
});
afterAll(() => database?.drop());

const hour = (n: number): string => new Date(Date.UTC(2026, 0, 1, n)).toISOString().replace('.000Z', 'Z');
const hours = (from: number, to: number): Interval => ({ start: hour(from), end: hour(to) });
const insert = (rows: number) => database.pool.query("insert into shop.orders (what) select 'x' from generate_series(1, $1::int)", [rows]);

let attempts = 0;
async function run(interval: Interval, bounds: ExtractDependencies['takeBounds'] = {}, table = 'shop.orders'): Promise<ExtractResult> {
  const { password, ...settings } = database.config;
  const definition: Definition = {
    name: 'shop',
    description: '',
    grain: '1h',
    source: { type: 'postgres', dataset: 'orders', connection: 'shop_db', table, cursor: 'id', layout: CSV_LAYOUT, track: 'new' },
    connections: { shop_db: { type: 'postgres', ...settings, password: { secret: 'SHOP_DB' }, tls: false } },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
  const none = (): never => {
    throw new Error('A table needs no Kafka, and has no files.');
  };
  attempts += 1;
  const context = { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, interval };
  const deps = { lake, definition: () => Promise.resolve(definition), engine: { memoryLimit: '64MB', threads: 1 }, egress: new Egress(['127.0.0.0/8', '[::1]']), secretOf: () => new Secret(password), topicLog: none, sources: none, takes: catalog.takes, takenFiles: none, takeBounds: bounds };
  return extract(deps, { context, ranges: [] }, { signal: new AbortController().signal, report: () => undefined });
}

/** What a run has, as `hour id`. */
async function rows({ raw }: ExtractResult): Promise<string[]> {
  const { datasets } = await lake.readManifest(raw ?? { manifest: '', sha256: '' });
  const segments = datasets.flatMap((dataset) => dataset.segments);
  const texts = await Promise.all(segments.map(({ path }) => readFile(lake.absolute(path), 'utf8')));
  return segments.flatMap(({ partitions }, at) => (readCsvText(texts[at] ?? '') ?? []).slice(1).map(({ fields }) => `${partitions.join().slice(11, 13)} ${fields[0]}`));
}

async function turn(interval: Interval, bounds: ExtractDependencies['takeBounds'] = {}): Promise<string[]> {
  const result = await run(interval, bounds);
  expect(await catalog.publish(result)).toBe(true);
  return rows(result);
}

test('each interval takes the rows with greater ids, the same range again when it is run again, and nothing twice after a crash', async () => {
  await insert(3);
  const died = await run(hours(0, 1));
  await insert(1);
  expect(await turn(hours(0, 1))).toEqual(['00 1', '00 2', '00 3', '00 4']);
  expect(await catalog.publish(died)).toBe(false);
  await insert(2);
  const wide = await run(hours(0, 3));
  expect(await rows(wide)).toEqual(['00 1', '00 2', '00 3', '00 4', '02 5', '02 6']);
  expect(wide.take).toEqual({ partition: hour(2), end: hour(3), source: 'shop.orders.id', from: '4', to: '6', newest: '', left: 0, more: false });
  await catalog.publish(wide);
  expect(await turn(hours(3, 4))).toEqual([]);
  await insert(1);
  expect(await rows(await run(hours(1, 3)))).toEqual(['02 5', '02 6']);
  expect(await turn(hours(4, 5))).toEqual(['04 7']);
});

test('behind a transaction that stays open nothing is taken, and the run says so; the next one takes all', async () => {
  await insert(1);
  await turn(hours(0, 1));
  const client = await database.pool.connect();
  await client.query("begin; insert into shop.orders (what) values ('late')");
  await insert(1);
  const held = await run(hours(1, 2), { waitMs: 50 });
  expect([await rows(held), held.take]).toEqual([[], expect.objectContaining({ from: '1', to: '1', more: true })]);
  await catalog.publish(held);
  await client.query('commit');
  client.release();
  expect(await turn(hours(2, 3))).toEqual(['02 2', '02 3']);
});

test('an interval that took rows of another table cannot be run again from this one', async () => {
  await insert(1);
  await turn(hours(0, 1));
  await database.pool.query('create table shop.others (id int primary key)');
  expect(await run(hours(0, 1), {}, 'shop.others').then(() => undefined, toWeirError)).toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('took shop.orders.id, and the pipeline reads shop.others.id now') });
  await database.pool.query('insert into shop.others values (7)');
  expect(await rows(await run(hours(1, 2), {}, 'shop.others'))).toEqual(['01 7']);
});
