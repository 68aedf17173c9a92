import { createHash } from 'node:crypto';
import { appendFile, chmod, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { CSV_LAYOUT, type ApiConnectionSettings, type ApiPages, type ApiSource, type Definition, type Interval } from '@weir/core';
import { Lake, type ManifestDataset } from '@weir/lake';
import { Egress, readEnvironment } from '@weir/platform';
import type { Progress } from '@weir/rpc';
import { apiServer, tempDir, until, type ApiServer, type ApiServerOptions, type TempDir } from '@weir/testkit';
import { extract } from './extract';

const CANARY = 'canary-of-the-shop';
const THREE_DAYS: Interval = { start: '2026-01-01T00:00:00Z', end: '2026-01-04T00:00:00Z' };
const DAYS = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z'];

let folder: TempDir;
let lake: Lake;
const servers: ApiServer[] = [];
beforeEach(async () => {
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await folder.dispose();
});

const RECORDS = Array.from({ length: 20 }, (_, n) => `{"id":${n},"at":"${DAYS[n % 2 === 0 ? 0 : 2]}","price":${n}.10}`);
const BY_CURSOR: ApiPages = { by: 'cursor', parameter: 'cursor', next: 'next' };

async function serve(options: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  const server = await apiServer({ records: RECORDS, pages: { by: 'cursor', size: 3, records: 'items' }, ...options });
  servers.push(server);
  return server;
}

/** What a test extracts. */
interface Extraction {
  readonly source?: Partial<ApiSource>;
  readonly connection?: Partial<ApiConnectionSettings>;
  readonly interval?: Interval;
  readonly allowed?: readonly string[];
  readonly signal?: AbortSignal;
  readonly report?: (progress: Progress) => void;
}

let attempts = 0;
async function run(server: Pick<ApiServer, 'host' | 'port'>, { source, connection, interval, allowed = ['127.0.0.1'], signal = new AbortController().signal, report = () => undefined }: Extraction = {}): Promise<ManifestDataset> {
  const definition: Definition = {
    name: 'shop',
    description: '',
    grain: interval && '1d',
    source: { type: 'api', dataset: 'orders', connection: 'api', path: '/records', query: {}, layout: { ...CSV_LAYOUT, format: 'json', records: 'items' }, pages: BY_CURSOR, ...(interval && { interval: { from: 'since', to: 'until', format: 'iso' } }), ...source },
    connections: { api: { type: 'api', tls: false, host: server.host, port: server.port, basePath: '', headers: {}, requestsPerSecond: 1_000, ...connection } },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
  const none = (): never => {
    throw new Error('An API needs no Kafka.');
  };
  const { secretOf } = readEnvironment({ WEIR_SECRET_KEY: CANARY });
  attempts += 1;
  const context = { runId: 'run-1', pipeline: 'shop', definitionVersion: 1, attempt: `attempt-${attempts}`, background: false, ...(interval && { interval }) };
  const deps = { lake, definition: () => Promise.resolve(definition), engine: { memoryLimit: '64MB', threads: 1 }, egress: new Egress(allowed), secretOf, topicLog: none, sources: none, takes: none, takenFiles: none };
  const { raw } = await extract(deps, { context, ranges: [] }, { signal, report });
  const [dataset] = (await lake.readManifest(raw ?? { manifest: '', sha256: '' })).datasets;
  if (!dataset) throw new Error('One dataset was expected.');
  return dataset;
}

async function textsOf({ segments }: ManifestDataset): Promise<string[]> {
  return Promise.all(segments.map(({ path }) => readFile(lake.absolute(path), 'utf8')));
}

/** The records of pages, in their order. */
async function recordsOf(dataset: ManifestDataset): Promise<string[]> {
  return (await textsOf(dataset)).flatMap((text) => /\[(.*)\]/.exec(text)?.[1]?.split(/(?<=\}),/) ?? []).filter(Boolean);
}

/** Every file below a folder of the lake, by its path there. */
async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(lake.absolute(path), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []));
}

/** A server that refuses the n-th request and all after it, until `heal`. */
async function failing(from: number, options: Partial<ApiServerOptions> = {}): Promise<ApiServer> {
  return serve({ fault: ({ number }) => (number >= from ? { type: 'status', status: 400 } : undefined), ...options });
}

function heal(server: ApiServer): void {
  server.fault = undefined;
  server.requests.length = 0;
}

test('each page is a raw file as it was sent, named and in order, and every grain is listed', async () => {
  const select: ApiServerOptions['select'] = (records, query) => records.filter((record) => record.includes(query.get('since') ?? 'none'));
  const server = await serve({ select });
  const reported: Progress[] = [];
  const dataset = await run(server, { interval: THREE_DAYS, report: (progress) => reported.push(progress) });
  expect(dataset.partitions.map(({ partition }) => partition)).toEqual(DAYS);
  const names = (day: number, count: number): string[] => Array.from({ length: count }, (_, n) => `records?since=${DAYS[day]}&until=${DAYS[day + 1] ?? THREE_DAYS.end}#${n + 1}`);
  expect(dataset.segments.map(({ source }) => source)).toEqual([...names(0, 4), ...names(1, 1), ...names(2, 4)]);
  expect(dataset.segments.map(({ partitions }) => partitions)).toEqual([...Array.from({ length: 4 }, () => [DAYS[0]]), [DAYS[1]], ...Array.from({ length: 4 }, () => [DAYS[2]])]);
  const texts = await textsOf(dataset);
  expect(texts[0]).toMatch(/^\{"items":\[\{"id":0,"at":"2026-01-01T00:00:00Z","price":0\.10\},/);
  for (const [n, segment] of dataset.segments.entries()) expect(segment).toMatchObject({ bytes: texts[n]?.length, sha256: createHash('sha256').update(texts[n] ?? '').digest('hex') });
  expect((await recordsOf(dataset)).sort()).toEqual([...RECORDS].sort());
  expect(reported.at(-1)).toEqual({ step: 'read pages', done: 9, total: 0 });
});

test('a run over intervals without one is refused, and so is a connection that the definition does not have', async () => {
  const server = await serve();
  await expect(run(server, { source: { interval: { from: 'since', to: 'until', format: 'iso' } } })).rejects.toMatchObject({ code: 'INVALID_INTERVAL' });
  await expect(run(server, { source: { connection: 'other' } })).rejects.toMatchObject({ code: 'UNKNOWN_CONNECTION' });
  expect(server.requests).toHaveLength(0);
});

describe('an attempt goes on where the one before was', () => {
  test('when it failed', async () => {
    const server = await failing(5);
    await expect(run(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    heal(server);
    const dataset = await run(server);
    expect(await recordsOf(dataset)).toEqual(RECORDS);
    expect(dataset.segments.map(({ source }) => source)).toEqual(Array.from({ length: 7 }, (_, n) => `records#${n + 1}`));
    expect(server.requests).toHaveLength(3);
    expect(server.asked('cursor')[0]).toEqual(expect.any(String));
  });

  test('when it hangs and nothing of it was tidied up, also where it goes on later', async () => {
    const server = await serve({ fault: ({ number }) => (number === 5 ? { type: 'silent' } : undefined) });
    const stop = new AbortController();
    const hanging = run(server, { signal: stop.signal }).catch((error: unknown) => error);
    await until(() => server.requests.length === 5, { timeoutMs: 5_000 });
    for (const path of await filesIn('tmp')) if (path.endsWith('.ndjson')) await appendFile(path, '{"partition":"all","number":5,"seg');
    heal(server);
    const dataset = await run(server);
    expect(await recordsOf(dataset)).toEqual(RECORDS);
    expect(server.requests).toHaveLength(3);
    stop.abort();
    expect(await hanging).toMatchObject({ code: 'CANCELLED' });
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
  });

  test('when its answer was lost: nothing is asked for again', async () => {
    const server = await serve();
    const first = await run(server);
    heal(server);
    expect(await run(server)).toEqual(first);
    expect(server.requests).toHaveLength(0);
  });

  test('over intervals, from the partition that it was in', async () => {
    const select: ApiServerOptions['select'] = (records, query) => records.filter((record) => record.includes(query.get('since') ?? 'none'));
    const server = await failing(8, { select });
    await expect(run(server, { interval: THREE_DAYS })).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    heal(server);
    const dataset = await run(server, { interval: THREE_DAYS });
    expect(dataset.segments).toHaveLength(9);
    expect((await recordsOf(dataset)).sort()).toEqual([...RECORDS].sort());
    expect(server.asked('since')).toEqual([DAYS[2], DAYS[2]]);
  });

  test('again and again, and leaves one journal', async () => {
    const server = await failing(2);
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await expect(run(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
      server.requests.length = 0;
    }
    expect(await filesIn('tmp')).toHaveLength(1);
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
    await lake.removeRun('shop', 'run-1');
    expect(await readdir(lake.absolute('tmp'))).toEqual([]);
  });

  test('as far as its pages are there: one that is gone is asked for again, with those after it', async () => {
    const server = await failing(6);
    await expect(run(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    await rm(await storedPage(4));
    heal(server);
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
    expect(server.requests).toHaveLength(4);
  });

  test('but not with a page that is not what was stored', async () => {
    const server = await failing(6);
    await expect(run(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    const page = await storedPage(2);
    await chmod(page, 0o600);
    await writeFile(page, '{"items":[]}');
    heal(server);
    await expect(run(server)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT', message: expect.stringContaining('has 12 bytes') });
    await rm(page);
    heal(server);
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
    expect(server.requests).toHaveLength(6);
  });

  test('unless the API does not know its cursor any more: then from the first page', async () => {
    const server = await failing(5);
    await expect(run(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    heal(server);
    server.fault = ({ number }) => (number === 1 ? { type: 'status', status: 410 } : undefined);
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
    expect(server.asked('cursor').slice(0, 2)).toEqual([expect.any(String), null]);
    expect(server.requests).toHaveLength(8);
    heal(server);
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
    expect(server.requests).toHaveLength(0);
  });

  test('unless that is more than an hour ago', async () => {
    const server = await failing(5);
    await expect(run(server)).rejects.toMatchObject({ code: 'SOURCE_REFUSED' });
    const before = new Date(Date.now() - 3_700_000);
    for (const path of await filesIn('tmp')) await utimes(path, before, before);
    heal(server);
    expect(await recordsOf(await run(server))).toEqual(RECORDS);
    expect(server.requests).toHaveLength(7);
  });
});

/** Where a page of RECORDS lies, by its bytes. */
async function storedPage(number: number): Promise<string> {
  const to = 3 * number;
  const text = `{"items":[${RECORDS.slice(to - 3, to).join(',')}],"next":${JSON.stringify(Buffer.from(`at ${to}`).toString('base64'))}}`;
  const path = (await filesIn('raw')).find((file) => file.includes(createHash('sha256').update(text).digest('hex')));
  if (path === undefined) throw new Error(`Page ${number} is not in the lake.`);
  return path;
}

describe('where connections may lead', () => {
  test.each(['127.0.0.1', 'localhost', '0x7f.1', '2130706433', '127.1', '::ffff:127.0.0.1', '169.254.169.254', '10.0.0.1', '0.0.0.0'])('not to %s, unless the operator allows it', async (host) => {
    const server = await serve();
    await expect(run({ host: host as '127.0.0.1', port: server.port }, { allowed: [] })).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
    expect(server.requests).toHaveLength(0);
  });

  test('to an address that is allowed, and from there by no redirect, link or token host to another one', async () => {
    const server = await serve();
    const other = await serve();
    const allowed = [`127.0.0.1:${server.port}`];
    expect(await recordsOf(await run(server, { allowed }))).toEqual(RECORDS);
    server.requests.length = 0;
    await rm(lake.absolute('tmp'), { recursive: true });
    server.fault = () => ({ type: 'status', status: 302, headers: { location: `http://127.0.0.1:${other.port}/records` } });
    await expect(run(server, { allowed })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('status 302') });
    server.fault = () => ({ type: 'status', status: 200, body: '{"items":[1]}', headers: { link: `<http://127.0.0.1:${other.port}/records>; rel=next` } });
    await expect(run(server, { allowed, source: { pages: { by: 'link' } } })).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('away from') });
    const login: ApiConnectionSettings['login'] = { type: 'oauth2', host: '127.0.0.1', port: other.port, tokenPath: '/token', clientId: 'weir', clientSecret: { secret: 'KEY' } };
    await expect(run(server, { allowed, connection: { login } })).rejects.toMatchObject({ code: 'EGRESS_DENIED' });
    expect(other.requests).toHaveLength(0);
  });
});

describe('secrets', () => {
  const login: ApiConnectionSettings['login'] = { type: 'apiKey', in: 'query', name: 'api_key', key: { secret: 'KEY' } };

  test('are in no file of the lake, no progress and no error', async () => {
    const server = await serve({ pages: { by: 'link', size: 3, records: 'items' }, allow: ({ query }) => query.get('api_key') === CANARY, fault: ({ number, query }) => (number === 4 ? { type: 'status', status: 400, body: `you sent ${query.toString()}` } : undefined) });
    const reported: Progress[] = [];
    const extraction: Extraction = { source: { pages: { by: 'link' } }, connection: { login }, report: (progress) => reported.push(progress) };
    const error = await run(server, extraction).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('api_key=REDACTED') });
    const files = async (): Promise<string> => (await Promise.all(['manifest', 'tmp', 'raw'].map(filesIn))).flat().reduce(async (all, path) => `${await all}${path}${await readFile(path, 'utf8')}`, Promise.resolve(''));
    const journal = await files();
    expect(journal).toContain('"/records?page=4"');
    const dataset = await run(server, extraction);
    expect(await recordsOf(dataset)).toEqual(RECORDS);
    expect(inspect([error, journal, await files(), dataset, reported], { depth: null, showHidden: true })).not.toContain(CANARY);
  });

  test('that the service does not have are named', async () => {
    const server = await serve();
    await expect(run(server, { connection: { login: { type: 'bearer', token: { secret: 'OTHER' } } } })).rejects.toMatchObject({ code: 'SECRET_MISSING', place: 'WEIR_SECRET_OTHER' });
    expect(server.requests).toHaveLength(0);
  });
});

test('cancel ends an extract within a second; nothing is listed, and no temporary file is left but its journal', async () => {
  const server = await serve({ fault: ({ number }) => (number === 3 ? { type: 'stall' } : undefined) });
  const stop = new AbortController();
  const running = run(server, { signal: stop.signal });
  running.catch(() => undefined);
  await until(() => server.requests.length === 3, { timeoutMs: 5_000 });
  const started = performance.now();
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(await filesIn('manifest')).toEqual([]);
  expect(await readdir(lake.absolute('tmp'))).toEqual(['run-1.pages']);
});
