import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { CSV_LAYOUT, type Definition, type Interval, type S3ConnectionSettings, type S3Source } from '@weir/core';
import { Lake, type ManifestDataset } from '@weir/lake';
import { Egress, readEnvironment } from '@weir/platform';
import type { Progress } from '@weir/rpc';
import type { Bucket } from '@weir/s3';
import { HttpFaultProxy, tempDir, testBucket, until, type HttpFault, type TempDir, type TestBucket } from '@weir/testkit';
import { extract } from './extract';
import { storeObject } from './extract-s3';

const DAYS = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'];
const THREE_DAYS: Interval = { start: '2026-01-01T00:00:00Z', end: '2026-01-04T00:00:00Z' };

let store: TestBucket;
let folder: TempDir;
let lake: Lake;
let proxy: HttpFaultProxy;
beforeAll(async () => {
  store = await testBucket();
});
afterAll(() => store?.close());
beforeEach(async () => {
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
  proxy = await HttpFaultProxy.start(store.server);
});
afterEach(async () => {
  await proxy.close();
  await folder.dispose();
});

/** What a test extracts. */
interface Extraction {
  readonly source?: Partial<S3Source>;
  readonly connection?: Partial<S3ConnectionSettings>;
  readonly interval?: Interval;
  readonly allowed?: readonly string[];
  readonly signal?: AbortSignal;
  readonly report?: (progress: Progress) => void;
}

let attempts = 0;
async function run({ source, connection, interval, allowed = ['127.0.0.1'], signal = new AbortController().signal, report = () => undefined }: Extraction): Promise<ManifestDataset> {
  const { region, accessKeyId, secretAccessKey } = store.server;
  const definition: Definition = {
    name: 'shop',
    description: '',
    grain: interval && '1d',
    source: { type: 's3', dataset: 'orders', connection: 'store', bucket: store.name, path: '*.csv', layout: CSV_LAYOUT, empty: 'error', ...source },
    connections: { store: { type: 's3', host: proxy.host, port: proxy.port, tls: false, region, accessKeyId, secretAccessKey: { secret: 'STORE' }, ...connection } },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
  const none = (): never => {
    throw new Error('A store needs no Kafka.');
  };
  const { secretOf } = readEnvironment({ WEIR_SECRET_STORE: secretAccessKey });
  attempts += 1;
  const context = { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, ...(interval && { interval }) };
  const deps = { lake, definition: () => Promise.resolve(definition), engine: { memoryLimit: '64MB', threads: 1 }, egress: new Egress(allowed), secretOf, topicLog: none, sources: none, takes: none, takenFiles: none };
  const { raw } = await extract(deps, { context, ranges: [] }, { signal, report });
  const [dataset] = (await lake.readManifest(raw ?? { manifest: '', sha256: '' })).datasets;
  if (!dataset) throw new Error('One dataset was expected.');
  return dataset;
}

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const keyOf = (path: string): string => decodeURIComponent(path.replace(/\?.*/, '').split('/').slice(2).join('/'));

async function filesIn(path: string): Promise<string[]> {
  return (await readdir(lake.absolute(path), { recursive: true, withFileTypes: true }).catch(() => [])).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
}

test('the objects of an interval come into the raw zone byte for byte, in the order of the slice whatever comes first, eight at a time', async () => {
  const hours = Array.from({ length: 72 }, (_, at) => new Date(Date.parse(THREE_DAYS.start) + at * 3_600_000).toISOString().slice(0, 13));
  const objects = Object.fromEntries(hours.map((hour, at) => [`h/${hour}.csv`, Buffer.concat([Buffer.from(`id\r\n${at},`), Buffer.from([0xff, 0, 0xfe])])]));
  await store.put(objects);
  let [open, most] = [0, 0];
  proxy.faultOf = async ({ path, headers }): Promise<HttpFault | undefined> => {
    if (headers.range !== undefined) return undefined;
    most = Math.max(most, (open += 1));
    await until(() => most >= 8, { timeoutMs: 10_000, what: 'Eight requests at a time' });
    // What was asked for first comes late.
    if (keyOf(path).endsWith('T00.csv')) await until(() => proxy.requests.length >= 72 + 60, { timeoutMs: 10_000, what: 'The requests for other objects' });
    open -= 1;
    return undefined;
  };
  const reported: Progress[] = [];
  const { partitions, segments } = await run({ source: { path: 'h/{hour}.csv' }, interval: THREE_DAYS, report: (progress) => reported.push(progress) });
  expect(partitions).toEqual(DAYS.map((partition) => ({ partition, rows: 0 })));
  expect(segments.map(({ source, partitions: of, bytes, sha256: hash }) => ({ source, of, bytes, hash }))).toEqual(hours.map((hour) => {
    const content = objects[`h/${hour}.csv`] ?? '';
    return { source: `h/${hour}.csv`, of: [`${hour.slice(0, 10)}T00:00:00Z`], bytes: content.length, hash: sha256(content) };
  }));
  for (const { path, sha256: hash } of segments) expect(sha256(await readFile(lake.absolute(path)))).toBe(hash);
  expect(most).toBe(8);
  expect(reported[0]).toEqual({ step: 'list objects', done: 0, total: 0 });
  expect(reported.at(-1)).toEqual({ step: 'read objects', done: 72, total: 72 });
  expect(await filesIn('tmp')).toEqual([]);
});

test('without intervals all objects that match are one partition; a day without an object is an empty one where that is normal', async () => {
  await store.put({ 'some/b.csv': 'b', 'some/a.csv': 'a', 'some/c.txt': '', 'days/2026-01-02.csv': 'x' });
  const all = await run({ source: { path: 'some/*.csv' } });
  expect({ partitions: all.partitions, segments: all.segments.map(({ source }) => source) }).toEqual({ partitions: [{ partition: 'all', rows: 0 }], segments: ['some/a.csv', 'some/b.csv'] });
  const days = await run({ source: { path: 'days/{date}.csv', empty: 'allow' }, interval: THREE_DAYS });
  expect({ partitions: days.partitions.map(({ partition }) => partition), segments: days.segments.map(({ partitions }) => partitions) }).toEqual({ partitions: DAYS, segments: [[DAYS[1]]] });
  await expect(run({ source: { path: 'days/{date}.csv' }, interval: THREE_DAYS })).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: `${store.name}/days/2026-01-01.csv` });
});

describe('an object that changes while it is read', () => {
  /** Breaks reading off in the middle, and changes the object before it goes on; so often. */
  function changing(key: string, times: number): void {
    let changes = 0;
    proxy.faultOf = async ({ path, headers }) => {
      if (keyOf(path) !== key) return undefined;
      if (headers['if-match'] === undefined) return changes < times ? { cutAfter: 4 } : undefined;
      await store.put({ [key]: `id\n${(changes += 1)}\n` });
      return undefined;
    };
  }

  it('is read again; the segment is what it was at the end', async () => {
    await store.put({ 'once/a.csv': 'id\n0\n' });
    changing('once/a.csv', 1);
    const { segments } = await run({ source: { path: 'once/*.csv' } });
    expect(segments).toEqual([expect.objectContaining({ source: 'once/a.csv', sha256: sha256('id\n1\n') })]);
    expect(await filesIn('raw')).toEqual([expect.stringContaining(sha256('id\n1\n'))]);
  });

  it('again is SOURCE_UNREADABLE, names it, and nothing is listed', async () => {
    await store.put({ 'twice/a.csv': 'id\n0\n' });
    changing('twice/a.csv', 2);
    await expect(run({ source: { path: 'twice/*.csv' } })).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE', message: `${store.name}/twice/a.csv changes while it is read.`, place: `${store.name}/twice/a.csv` });
    expect({ listed: await filesIn('manifest'), left: await filesIn('tmp'), raw: await filesIn('raw') }).toEqual({ listed: [], left: [], raw: [] });
  });
});

test('an object that is gone when it is read ends the run with its name, and stops the others', async () => {
  const keys = Array.from({ length: 40 }, (_, at) => `gone/${String(at).padStart(2, '0')}.csv`);
  await store.put(Object.fromEntries(keys.map((key) => [key, 'id\n1\n'])));
  proxy.faultOf = ({ path }) => (keyOf(path) === keys[9] ? { answer: { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' } } : undefined);
  await expect(run({ source: { path: 'gone/*.csv' } })).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: `${store.name}/gone/09.csv disappeared before it was read.`, place: `${store.name}/gone/09.csv` });
  expect(proxy.requests.length).toBeLessThan(30);
  expect({ listed: await filesIn('manifest'), left: await filesIn('tmp') }).toEqual({ listed: [], left: [] });
});

test('a connection leads only where the operator allows it, and says nothing about what is there', async () => {
  await expect(run({ allowed: [] })).rejects.toMatchObject({ code: 'EGRESS_DENIED', place: `127.0.0.1:${proxy.port}` });
  await expect(run({ connection: { host: '169.254.169.254', port: 80 } })).rejects.toMatchObject({ code: 'EGRESS_DENIED', place: '169.254.169.254:80' });
  await expect(run({ connection: { host: 'localhost' }, allowed: ['127.0.0.1:1'] })).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
  expect(proxy.requests).toEqual([]);
});

test('a connection that the definition does not have and a secret that the service does not have are named', async () => {
  await expect(run({ source: { connection: 'other' } })).rejects.toMatchObject({ code: 'UNKNOWN_CONNECTION', message: expect.stringContaining('`other`') });
  await expect(run({ connection: { secretAccessKey: { secret: 'NOWHERE' } } })).rejects.toMatchObject({ code: 'SECRET_MISSING', place: 'WEIR_SECRET_NOWHERE' });
});

test('no failure has the secret in it', async () => {
  const errors = await Promise.all([run({ connection: { accessKeyId: 'NOBODY' } }), run({ connection: { region: 'eu-west-1' } }), run({ source: { bucket: 'weir-nowhere' } })].map((one) => one.catch((error: unknown) => error)));
  expect(errors).toEqual([expect.objectContaining({ code: 'SOURCE_REFUSED' }), expect.objectContaining({ code: 'SOURCE_REFUSED', fix: 'Write `region: us-east-1` into the connection.' }), expect.objectContaining({ code: 'SOURCE_MISSING' })]);
  expect(inspect(errors, { depth: 20, showHidden: true })).not.toContain(store.server.secretAccessKey);
});

test.each(['listing', 'reading'])('cancel ends %s within a second; nothing is listed', async (phase) => {
  await store.put(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`slow/${at}.csv`, Buffer.alloc(300_000, 'a')])));
  const stop = new AbortController();
  let aborted = 0;
  const abort = (): void => {
    aborted ||= performance.now();
    stop.abort();
  };
  proxy.faultOf = ({ path }) => {
    const list = path.includes('list-type');
    if (list && phase === 'reading') return undefined;
    setTimeout(abort, 100);
    return list ? new Promise<undefined>(() => undefined) : { bytesPerSecond: 100_000 };
  };
  await expect(run({ source: { path: 'slow/*.csv' }, signal: stop.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - aborted).toBeLessThan(1_000);
  expect({ listed: await filesIn('manifest'), left: await filesIn('tmp') }).toEqual({ listed: [], left: [] });
});

test('an object of more than 16 GiB is refused before it is asked for', async () => {
  const bucket = { name: 'shop' } as Bucket;
  const target = { lake, pipeline: 'shop', dataset: 'orders', scratch: folder.path, signal: new AbortController().signal };
  const object = { key: 'a.csv', bytes: 16 * 1024 ** 3 + 1, partition: 'all' };
  await expect(storeObject(bucket, object, target)).rejects.toMatchObject({ code: 'FILE_TOO_LARGE', retry: 'never', place: 'shop/a.csv' });
});
