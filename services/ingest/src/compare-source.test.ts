import { createHash } from 'node:crypto';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CSV_LAYOUT, type Definition, type Interval } from '@weir/core';
import { Lake } from '@weir/lake';
import { StageGate } from '@weir/platform';
import {
  CatalogServiceService,
  connect,
  DefinitionServiceService,
  serve,
  SourceChangeKind,
  stream,
  unary,
  type Clients,
  type GetDefinitionRequest,
  type GetDefinitionResponse,
  type ListSourcesRequest,
  type ListSourcesResponse,
  type Progress,
  type RpcServer,
  type SourceChange,
  type SourceFile,
} from '@weir/rpc';
import { tempDir, until, type TempDir } from '@weir/testkit';
import { services } from './rpc';
import { dependenciesOf } from './testing/dependencies';
import { logDefinition } from './testing/topics';

const MARCH: Interval = { start: '2024-03-01T00:00:00Z', end: '2024-04-01T00:00:00Z' };
const LATER = '2100-01-01T00:00:00Z';
const EARLIER = '2001-01-01T00:00:00Z';

let folder: TempDir;
let lake: Lake;
/** What the far side answers. */
let definition: Definition;
let listSources: (request: ListSourcesRequest, send: (page: ListSourcesResponse) => Promise<void>, signal: AbortSignal) => Promise<void>;
let metadata: RpcServer;
let ingest: RpcServer;
let near: Clients;
let clients: Clients;

beforeAll(async () => {
  const definitions = { getDefinition: unary(async ({ pipeline }: GetDefinitionRequest): Promise<GetDefinitionResponse> => ({ pipeline, version: 7, definitionJson: JSON.stringify(definition) })) };
  const catalog = { listSources: stream<ListSourcesRequest, ListSourcesResponse>((request, { signal }, send) => listSources(request, send, signal)) };
  metadata = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: [[DefinitionServiceService, definitions], [CatalogServiceService, catalog]] });
  metadata.setReady(true);
  near = connect({ metadata: `127.0.0.1:${metadata.port}` });
  folder = await tempDir();
  lake = new Lake(join(folder.path, 'lake'));
  ingest = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(dependenciesOf(near, lake), new StageGate(1)) });
  ingest.setReady(true);
  clients = connect({ ingest: `127.0.0.1:${ingest.port}` });
});
afterAll(async () => {
  clients.close();
  await ingest.drain(5_000);
  near.close();
  await metadata.drain(5_000);
  await folder.dispose();
});
beforeEach(async () => {
  await rm(join(folder.path, 'in'), { recursive: true, force: true });
  await mkdir(join(folder.path, 'in'));
});

function shop(path: string, grain?: string): Definition {
  return {
    name: 'shop',
    description: '',
    grain,
    source: { type: 'file', dataset: 'orders', path: join(folder.path, 'in', path), layout: CSV_LAYOUT, empty: 'error' },
    contract: { id: 'shop', version: '1.0.0', datasets: [] },
    models: [],
    destinations: [],
    mode: 'batch', lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
}

const day = (number: number) => `2024-03-${String(number).padStart(2, '0')}T00:00:00Z`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function published(partition: string, source: string, text: string, publishedAt = EARLIER): SourceFile {
  return { partition, source, bytes: Buffer.byteLength(text), sha256: sha256(text), rows: 0, publishedAt };
}

function answer(...pages: Partial<ListSourcesResponse>[]): ListSourcesRequest[] {
  const asked: ListSourcesRequest[] = [];
  listSources = async (request, send) => {
    asked.push(request);
    for (const page of pages) await send({ files: [], empty: [], ...page });
  };
  return asked;
}

async function put(name: string, text: string): Promise<void> {
  await writeFile(join(folder.path, 'in', name), text);
}

async function compare(interval?: Interval): Promise<SourceChange[]> {
  let changes: SourceChange[] | undefined;
  for await (const { event } of clients.ingest.compareSource({ pipeline: 'shop', interval })) if (event?.$case === 'result') changes = event.value.changes;
  if (!changes) throw new Error('The stream ended without a result.');
  return changes;
}

describe('the source against what was published from it', () => {
  test('differs where files are gone, new, of another size or of other content; each partition once, unpublished ones never', async () => {
    definition = shop('{date}.csv', '1d');
    await put('2024-03-01.csv', 'same');
    await put('2024-03-03.csv', 'longer');
    await put('2024-03-04.csv', 'other');
    await put('2024-03-05.csv', 'new');
    await put('2024-03-07.csv', 'never published');
    const asked = answer(
      { files: [published(day(1), '2024-03-01.csv', 'same'), published(day(2), '2024-03-02.csv', 'gone')], empty: [day(5)] },
      { files: [published(day(3), '2024-03-03.csv', 'long'), published(day(4), '2024-03-04.csv', 'older')], empty: [day(6)] },
    );
    expect(await compare(MARCH)).toEqual([
      { partition: day(2), kind: SourceChangeKind.REMOVED, source: '2024-03-02.csv' },
      { partition: day(3), kind: SourceChangeKind.CHANGED, source: '2024-03-03.csv' },
      { partition: day(4), kind: SourceChangeKind.CHANGED, source: '2024-03-04.csv' },
      { partition: day(5), kind: SourceChangeKind.ADDED, source: '2024-03-05.csv' },
    ]);
    expect(asked).toEqual([{ pipeline: 'shop', interval: MARCH }]);
  });

  test('of hours is compared file by file, and a partition that goes on in the next page is one', async () => {
    definition = shop('{hour}.csv', '6h');
    const names = Array.from({ length: 6 }, (_, hour) => `2024-03-01T0${hour}.csv`);
    for (const name of names) await put(name, name);
    const files = names.map((name) => published(day(1), name, name));
    answer({ files: files.slice(0, 2) }, { files: files.slice(2, 5) }, { files: files.slice(5) });
    expect(await compare(MARCH)).toEqual([]);
    answer({ files: files.slice(0, 2) }, { files: files.slice(3) });
    expect(await compare(MARCH)).toEqual([{ partition: day(1), kind: SourceChangeKind.ADDED, source: '2024-03-01T02.csv' }]);
  });

  test('of minutes has one file for each grain', async () => {
    definition = shop('{minute}.csv', '5m');
    await put('2024-03-01T00-05.csv', 'same');
    await put('2024-03-01T00-07.csv', 'no grain begins here');
    answer({ files: [published('2024-03-01T00:05:00Z', '2024-03-01T00-05.csv', 'same')] });
    expect(await compare({ start: day(1), end: day(2) })).toEqual([]);
  });

  test('without a grain is one partition with all files that match', async () => {
    definition = shop('*.csv');
    await put('a.csv', 'a');
    await put('b.csv', 'b');
    await put('c.txt', 'c');
    const asked = answer({ files: [published('all', 'a.csv', 'a'), published('all', 'b.csv', 'b')] });
    expect(await compare()).toEqual([]);
    expect(asked).toEqual([{ pipeline: 'shop', interval: undefined }]);
    await put('aa.csv', 'new');
    expect(await compare()).toEqual([{ partition: 'all', kind: SourceChangeKind.ADDED, source: 'aa.csv' }]);
  });

  test('never differs for a topic, and asks neither Kafka nor the catalog', async () => {
    definition = logDefinition('clicks');
    const asked = answer({ files: [published('2024-03-01T00:00:00Z', 'clicks:00000:0-1', 'any')] });
    expect(await compare(MARCH)).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('a file that is now a folder has changed, and so has one that was replaced by an older one of its size', async () => {
    definition = shop('{date}.csv', '1d');
    await mkdir(join(folder.path, 'in/2024-03-01.csv'));
    await put('moved', 'swap');
    await utimes(join(folder.path, 'in/moved'), new Date('2000-01-01'), new Date('2000-01-01'));
    await rename(join(folder.path, 'in/moved'), join(folder.path, 'in/2024-03-02.csv'));
    answer({ files: [published(day(1), '2024-03-01.csv', 'file'), published(day(2), '2024-03-02.csv', 'orig')] });
    expect(await compare(MARCH)).toEqual([
      { partition: day(1), kind: SourceChangeKind.CHANGED, source: '2024-03-01.csv' },
      { partition: day(2), kind: SourceChangeKind.CHANGED, source: '2024-03-02.csv' },
    ]);
  });

  test('files that nobody touched since they were published are not read; those touched between their copy and their publish are', async () => {
    definition = shop('{date}.csv', '1d');
    await put('2024-03-01.csv', 'new!');
    answer({ files: [published(day(1), '2024-03-01.csv', 'old!', LATER)] });
    // Only its content tells it apart, so that it is the same shows that it was not read.
    expect(await compare(MARCH)).toEqual([]);
    const copy = lake.absolute(`raw/shop/orders/${sha256('old!').slice(0, 2)}/${sha256('old!')}.csv`);
    await mkdir(join(copy, '..'), { recursive: true });
    await writeFile(copy, 'old!');
    await utimes(copy, new Date(EARLIER), new Date(EARLIER));
    expect(await compare(MARCH)).toEqual([{ partition: day(1), kind: SourceChangeKind.CHANGED, source: '2024-03-01.csv' }]);
  });

  test('without its folder is SOURCE_MISSING, which names it', async () => {
    definition = shop('gone/{date}.csv', '1d');
    answer({ files: [published(day(1), '2024-03-01.csv', 'file'), published(day(2), '2024-03-02.csv', 'file')] });
    await expect(compare(MARCH)).rejects.toMatchObject({ code: 'SOURCE_MISSING', place: join(folder.path, 'in/gone') });
  });

  test('needs an interval of whole grains where there is a grain, and none elsewhere', async () => {
    answer();
    definition = shop('{date}.csv', '1d');
    await expect(compare()).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('has a grain of 1d') });
    await expect(compare({ start: day(1), end: '2024-03-01T12:00:00Z' })).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('boundary') });
    definition = shop('*.csv');
    await expect(compare(MARCH)).rejects.toMatchObject({ code: 'INVALID_INTERVAL', message: expect.stringContaining('has no grain') });
  });

  test('an error of the catalog is the error of the call', async () => {
    definition = shop('{date}.csv', '1d');
    listSources = () => Promise.reject(new Error('the disk of the catalog'));
    await expect(compare(MARCH)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('CompareSource tells its progress at least once a second, and a cancelled call ends the listing too', async () => {
    definition = shop('{date}.csv', '1d');
    await put('2024-03-01.csv', 'same');
    let ended = false;
    listSources = async (_request, send, signal) => {
      await send({ files: [published(day(1), '2024-03-01.csv', 'same'), published(day(2), '2024-03-02.csv', 'x')], empty: [] });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended = true;
    };
    const controller = new AbortController();
    const times: number[] = [];
    const seen: Progress[] = [];
    const watch = async (): Promise<void> => {
      for await (const { event } of clients.ingest.compareSource({ pipeline: 'shop', interval: MARCH }, { signal: controller.signal })) {
        times.push(performance.now());
        if (event?.$case === 'progress') seen.push(event.value);
        if (times.length === 4) controller.abort();
      }
    };
    await expect(watch()).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? 0)))).toBeLessThan(1_000);
    // The second partition waits for the listing to say whether it goes on.
    expect(seen.at(-1)).toEqual({ step: 'compare files', done: 1, total: 0 });
    await until(() => ended, { timeoutMs: 5_000 });
  });
});
