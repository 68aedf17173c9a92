import { join } from 'node:path';
import { CSV_LAYOUT, type Definition, type Interval } from '@weir/core';
import { Lake } from '@weir/lake';
import { Egress, Secret } from '@weir/platform';
import type { ExtractResult } from '@weir/rpc';
import { HttpFaultProxy, tempDir, testBucket, type TempDir, type TestBucket } from '@weir/testkit';
import { extract } from './extract';
import { TakeCatalog } from './testing/take-catalog';

let store: TestBucket;
let proxy: HttpFaultProxy;
let folder: TempDir;
let lake: Lake;
let catalog: TakeCatalog;
beforeAll(async () => {
  store = await testBucket();
});
afterAll(() => store?.close());
beforeEach(async () => {
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
  catalog = new TakeCatalog(lake);
  proxy = await HttpFaultProxy.start(store.server);
});
afterEach(async () => {
  await proxy.close();
  await folder.dispose();
});

let attempts = 0;
async function run(prefix: string, day: number): Promise<ExtractResult> {
  const { region, accessKeyId, secretAccessKey } = store.server;
  const interval: Interval = { start: `2026-01-0${day}T00:00:00Z`, end: `2026-01-0${day + 1}T00:00:00Z` };
  const definition: Definition = {
    name: 'shop',
    description: '',
    grain: '1d',
    source: { type: 's3', dataset: 'orders', connection: 'store', bucket: store.name, path: `${prefix}/**/*.csv`, layout: CSV_LAYOUT, empty: 'allow', track: 'new' },
    connections: { store: { type: 's3', host: proxy.host, port: proxy.port, tls: false, region, accessKeyId, secretAccessKey: { secret: 'STORE' } } },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
  const none = (): never => {
    throw new Error('A store needs no Kafka, and what was published of it is not asked for.');
  };
  attempts += 1;
  const context = { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, interval };
  const { takes, takenFiles } = catalog;
  const deps = { lake, definition: () => Promise.resolve(definition), engine: { memoryLimit: '64MB', threads: 1 }, egress: new Egress(['127.0.0.1']), secretOf: () => new Secret(secretAccessKey), topicLog: none, sources: none, takes, takenFiles };
  return extract(deps, { context, ranges: [] }, { signal: new AbortController().signal, report: () => undefined });
}

async function turn(prefix: string, day: number): Promise<string[]> {
  const result = await run(prefix, day);
  expect(await catalog.publish(result)).toBe(true);
  const { datasets } = await lake.readManifest(result.raw ?? { manifest: '', sha256: '' });
  return datasets.flatMap(({ segments }) => segments.map(({ partitions, source, bytes }) => `${partitions.join().slice(8, 10)} ${source} ${bytes}`)).sort();
}

test('objects are taken as files are, told by their ETag: what is new or changed, once; and at once, because an object appears whole', async () => {
  await store.put({ 'in/a.csv': 'one', 'in/deep/b.csv': 'two', 'in/c.txt': 'no' });
  expect(await turn('in', 1)).toEqual(['01 in/a.csv 3', '01 in/deep/b.csv 3']);
  await store.put({ 'in/a.csv': 'one and more', 'in/deep/b.csv': 'two', 'in/d.csv': 'three' });
  expect(await turn('in', 2)).toEqual(['02 in/a.csv 12', '02 in/d.csv 5']);
  const read = proxy.requests.filter(({ method, path }) => method === 'GET' && path.includes('.csv')).length;
  expect(await turn('in', 3)).toEqual([]);
  expect(proxy.requests.filter(({ method, path }) => method === 'GET' && path.includes('.csv'))).toHaveLength(read);
});

test('an interval that is run again reads its objects again, and says which one is another now', async () => {
  await store.put({ 'again/a.csv': 'one', 'again/b.csv': 'two' });
  await turn('again', 1);
  expect(await turn('again', 1)).toEqual(['01 again/a.csv 3', '01 again/b.csv 3']);
  await store.put({ 'again/b.csv': 'four' });
  await expect(run('again', 1)).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: 'again/b.csv', message: expect.stringContaining('has other content now') });
});
