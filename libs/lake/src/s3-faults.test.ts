import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { join } from 'node:path';
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { HttpFaultProxy, tempDir, testBucket, until, type HttpFault, type PassingRequest, type TempDir, type TestBucket } from '@weir/testkit';
import type { Lake } from './lake';
import type { LakeBucket } from './open-lake';
import { removeUntouched } from './sweep';
import { bucketLake } from './testing/bucket-lake';
import { all, held, put, sha256 } from './testing/conformance';

const MEBIBYTE = 1024 * 1024;
const LARGE = Buffer.from(Uint32Array.from({ length: 3_200_001 }, (_, at) => at * 2_654_435_761).buffer);

let folder: TempDir;
let store: TestBucket;
let proxy: HttpFaultProxy;
let count = 0;
beforeAll(async () => {
  [folder, store] = [await tempDir(), await testBucket()];
});
afterAll(async () => {
  store?.close();
  await folder?.dispose();
});
beforeEach(async () => {
  proxy = await HttpFaultProxy.start(store.server);
});
afterEach(() => proxy.close());

/** A lake of its own behind the proxy, and another process's view of the same. */
async function lakes(changes: Partial<LakeBucket> & { readonly cacheBytes?: number } = {}): Promise<{ lake: Lake; other: Lake; root: string }> {
  const prefix = `faults-${(count += 1)}`;
  const lake = await bucketLake(store, folder.path, prefix, { through: proxy, ...changes });
  const other = await bucketLake(store, join(folder.path, 'other'), prefix);
  return { lake, other, root: join(folder.path, prefix, `process-${process.pid}`) };
}

/** A fault for the first requests that are asked for in this way; the others are passed on. */
function first(times: number, which: (request: PassingRequest) => boolean, fault: HttpFault): (request: PassingRequest) => HttpFault | undefined {
  let left = times;
  return (request) => (which(request) && left-- > 0 ? fault : undefined);
}
const puts = ({ method, path }: PassingRequest): boolean => method === 'PUT' && !path.includes('control/');
const gets = ({ method }: PassingRequest): boolean => method === 'GET';

describe('a put', () => {
  it('whose answer was lost finds its own bytes, and is fine', async () => {
    const { lake, other } = await lakes();
    proxy.faultOf = first(1, puts, { loseAnswer: true });
    expect(await put(lake, 'silver/p/d/x', 'rows')).toBeUndefined();
    expect(proxy.requests.filter(puts)).toHaveLength(2);
    expect((await held(other, 'silver/p/d/x')).toString()).toBe('rows');
    expect(await put(lake, 'silver/p/d/x', 'other')).toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  it('of parts whose answers were lost is whole, and leaves no upload open', async () => {
    const { lake, other } = await lakes();
    const part = ({ path, method }: PassingRequest): boolean => method === 'PUT' && path.includes('partNumber=2');
    const end = ({ path, method }: PassingRequest): boolean => method === 'POST' && path.includes('uploadId=');
    const [losePart, loseEnd] = [first(1, part, { loseAnswer: true }), first(1, end, { loseAnswer: true })];
    proxy.faultOf = (request) => losePart(request) ?? loseEnd(request);
    expect(await put(lake, 'silver/p/d/x', LARGE)).toBeUndefined();
    expect([proxy.requests.filter(part).length, proxy.requests.filter(end).length]).toEqual([2, 2]);
    expect((await held(other, 'silver/p/d/x')).equals(LARGE)).toBe(true);
    expect(await all(other, 'tmp')).toEqual([]);
  });

  it('that ends in the middle gives its upload up', async () => {
    const { lake, other } = await lakes();
    proxy.faultOf = ({ path }) => (path.includes('partNumber=3') ? { answer: { status: 400, body: '<Error><Code>ExpiredToken</Code></Error>' } } : undefined);
    expect(await put(lake, 'silver/p/d/x', LARGE)).toMatchObject({ code: 'LAKE_REFUSED' });
    expect([await all(other, 'tmp'), await other.find('silver/p/d/x')]).toEqual([[], undefined]);
  });

  it('of a file that changed after it was hashed is refused', async () => {
    const { lake, other } = await lakes();
    const { dir } = await lake.scratch('run-1', 'a1');
    for (const bytes of ['ROWS', 'ro', 'rows and more']) {
      writeFileSync(join(dir, 'file'), bytes);
      const end = lake.adopt(join(dir, 'file'), 'silver/p/d/x', { bytes: 4, sha256: sha256('rows') });
      // Of a longer one the first bytes are those that were hashed.
      if (bytes.startsWith('rows')) await end;
      else await expect(end).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    }
    expect((await held(other, 'silver/p/d/x')).toString()).toBe('rows');
  });
});

describe('a read', () => {
  it('that breaks off goes on, and one that is damaged on its way comes again', async () => {
    const { lake, root } = await lakes();
    await put(lake, 'silver/p/d/x', LARGE);
    for (const fault of [{ cutAfter: 3 * MEBIBYTE }, { corruptAt: 100 }] as const) {
      const reader = await bucketLake(store, join(folder.path, `reader-${(count += 1)}`), `faults-${count - 1}`, { through: proxy, prefix: `faults-${root.match(/faults-(\d+)/)?.[1]}/` });
      proxy.faultOf = first(1, gets, fault);
      expect((await held(reader, 'silver/p/d/x')).equals(LARGE)).toBe(true);
    }
  });

  it('of what is always damaged is SEGMENT_CORRUPT, and leaves nothing on the disk', async () => {
    const { lake, other, root } = await lakes();
    await put(other, 'silver/p/d/x', 'rows');
    proxy.faultOf = (request) => (gets(request) ? { corruptAt: 1 } : undefined);
    await expect(held(lake, 'silver/p/d/x')).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect([existsSync(lake.absolute('silver/p/d/x')), readdirSync(join(root, 'tmp'))]).toEqual([false, []]);
  });

  it('of many at once asks for the file once', async () => {
    const { lake, other } = await lakes();
    await put(other, 'silver/p/d/x', 'rows');
    await Promise.all(Array.from({ length: 10 }, () => held(lake, 'silver/p/d/x')));
    expect(proxy.requests.filter(gets)).toHaveLength(1);
  });

  it('that is cancelled ends at once, and another one of the same file does not', async () => {
    const { lake, other, root } = await lakes();
    await put(other, 'silver/p/d/x', LARGE);
    proxy.faultOf = (request) => (gets(request) ? { bytesPerSecond: 20 * MEBIBYTE } : undefined);
    const stop = new AbortController();
    const [one, two] = [await lake.scratch('run-1', 'a1'), await lake.scratch('run-2', 'a1')];
    const files = [lake.absolute('silver/p/d/x')];
    const ends = Promise.allSettled([one.hold(files, stop.signal), two.hold(files)]);
    await until(() => readdirSync(join(root, 'tmp')).some((name) => name.startsWith('fetch-')), { timeoutMs: 5_000 });
    stop.abort();
    expect(await ends).toEqual([expect.objectContaining({ reason: expect.objectContaining({ code: 'CANCELLED' }) }), expect.objectContaining({ status: 'fulfilled' })]);
    expect(proxy.requests.filter(gets)).toHaveLength(1);
    for (const scratch of [one, two]) await scratch.dispose();
    expect(readdirSync(join(root, 'tmp'))).toEqual([]);
  });
});

describe('copies', () => {
  it('are no more than the limit: what was read longest ago goes, what is held stays', async () => {
    const { lake, other } = await lakes({ cacheBytes: 2_500_000 });
    const paths = ['a', 'b', 'c'].map((name) => `silver/p/d/${name}`);
    for (const path of paths) await put(other, path, Buffer.alloc(1_000_000, path));
    const here = (): boolean[] => paths.map((path) => existsSync(lake.absolute(path)));
    const [a = '', b = '', c = ''] = paths.map((path) => lake.absolute(path));
    for (const path of paths.slice(0, 2)) await held(lake, path);
    await held(lake, 'silver/p/d/a');
    expect(here()).toEqual([true, true, false]);
    await held(lake, 'silver/p/d/c');
    expect(here()).toEqual([true, false, true]);

    const [one, two] = [await lake.scratch('run-1', 'a1'), await lake.scratch('run-2', 'a1')];
    await one.hold([a, c]);
    await expect(two.hold([b])).rejects.toMatchObject({ code: 'BUSY', place: 'WEIR_LAKE_CACHE_MB' });
    await expect(one.hold([b])).rejects.toMatchObject({ code: 'MEMORY_LIMIT', place: 'WEIR_LAKE_CACHE_MB', fix: expect.stringContaining('WEIR_LAKE_CACHE_MB') });
    expect(here()).toEqual([true, false, true]);
    await one.dispose();
    await two.hold([b]);
    await two.dispose();
    expect(here().filter(Boolean)).toHaveLength(2);
  });

  it('begin with what was just written, and go with the file', async () => {
    const { lake } = await lakes();
    await put(lake, 'silver/p/d/run-1/x', 'rows');
    await held(lake, 'silver/p/d/run-1/x');
    expect(proxy.requests.filter(gets)).toEqual([]);
    await lake.removeRun('p', 'run-1');
    expect(existsSync(lake.absolute('silver/p'))).toBe(false);
    await expect(held(lake, 'silver/p/d/run-1/x')).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });
});

describe('a store', () => {
  it('without the bucket, or that does not know the login, is LAKE_REFUSED with place and fix, and tells no secret', async () => {
    const changes: Partial<LakeBucket>[] = [{ bucket: 'weir-nowhere' }, { secretAccessKey: { reveal: () => 'wrong' } }];
    for (const change of changes) {
      const { lake } = await lakes(change);
      const asked = [lake.probe(), lake.find('raw/x'), lake.read('raw/x'), held(lake, 'raw/x'), all(lake, 'raw'), lake.putStream('raw/x', [Buffer.from('rows')]), lake.removeRun('p', 'run-1')];
      const ends = await Promise.all(asked.map((end) => end.catch((error: unknown) => error)));
      expect(ends).toEqual(asked.map(() => expect.objectContaining({ code: 'LAKE_REFUSED', place: expect.stringContaining(change.bucket ?? store.name), fix: expect.stringContaining('WEIR_LAKE_S3_') })));
      expect(inspect(ends, { depth: 20, showHidden: true })).not.toContain(store.server.secretAccessKey);
    }
  });

  it('that does not answer is UNAVAILABLE, to the probe at once, and never looks like one without the file', async () => {
    const { lake, other } = await lakes({ limits: { tries: 2, backoffMs: 5 } });
    await put(other, 'raw/x', 'rows');
    proxy.faultOf = () => ({ answer: { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } });
    for (const asked of [() => lake.probe(), () => lake.find('raw/x'), () => held(lake, 'raw/x'), () => all(lake, 'raw'), () => removeUntouched(lake, 'raw/x', Date.now())]) await expect(asked()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    proxy.faultOf = () => undefined;
    await lake.probe();
    expect((await held(lake, 'raw/x')).toString()).toBe('rows');
  });

  it('that writes over what it is asked to leave is refused by the probe', async () => {
    const { lake } = await lakes();
    proxy.faultOf = ({ method }) => (method === 'PUT' ? { answer: { status: 200 } } : undefined);
    await expect(lake.probe()).rejects.toMatchObject({ code: 'LAKE_REFUSED', message: expect.stringContaining('If-None-Match') });
    proxy.faultOf = () => undefined;
    await lake.probe();
  });
});

describe('a collection', () => {
  let collector: HttpFaultProxy | undefined;
  afterEach(() => collector?.close());

  const removals = ({ method, path }: PassingRequest): boolean => method === 'DELETE' && path.includes('/raw/') && !path.includes('control/');

  it('that is about to remove what a writer wants makes the writer wait, who writes it again', async () => {
    const { lake, other } = await lakes();
    collector = await HttpFaultProxy.start(store.server);
    const collecting = await bucketLake(store, join(folder.path, 'collector'), `faults-${count}`, { through: collector });
    await put(other, 'raw/x', 'rows');
    let remove = (): void => undefined;
    const allowed = new Promise<void>((resolve) => (remove = resolve));
    collector.faultOf = async (request) => (removals(request) ? allowed.then(() => undefined) : undefined);
    const removed = removeUntouched(collecting, 'raw/x', Date.now() + 60_000);
    await until(() => collector?.requests.some(removals), { timeoutMs: 5_000, what: 'A removal on its way' });
    let isThere = false;
    const written = put(lake, 'raw/x', 'rows').then((end) => ((isThere = true), end));
    const looks = (): number => proxy.requests.filter(({ method, path }) => method === 'HEAD' && path.includes('control/condemned/')).length;
    await until(() => isThere || looks() > 2, { timeoutMs: 5_000, what: 'A writer that waits' });
    remove();
    expect([await removed, await written]).toEqual([true, undefined]);
    expect((await held(other, 'raw/x')).toString()).toBe('rows');
    expect(await store.keys(`faults-${count}/control/condemned/`)).toEqual([]);
  });

  it('that finds it wanted leaves it, and one whose removal has no answer leaves its mark until that cannot arrive any more', async () => {
    const { lake, other } = await lakes({ limits: { tries: 1 } });
    await put(other, 'raw/x', 'rows');
    await put(other, 'raw/y', 'rows');
    const cutoff = Date.now() - 1_000;
    await put(other, 'raw/x', 'rows');
    expect(await removeUntouched(lake, 'raw/x', cutoff)).toBe(false);
    proxy.faultOf = first(1, removals, { loseAnswer: true });
    await expect(removeUntouched(lake, 'raw/y', Date.now() + 60_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await store.keys(`faults-${count}/control/condemned/`)).toEqual([`faults-${count}/control/condemned/raw/y`]);
    // It was gone already, and who writes it anew need not wait.
    expect(await put(other, 'raw/y', 'rows')).toBeUndefined();
    expect(await removeUntouched(lake, 'raw/y', Date.now() + 60_000)).toBe(false);
  });
});

describe('what writers that died have left', () => {
  it('is found below tmp and can be removed: uploads of parts, and marks of files that are gone', async () => {
    const { lake, other } = await lakes();
    const prefix = `faults-${count}`;
    await store.client.send(new CreateMultipartUploadCommand({ Bucket: store.name, Key: `${prefix}/silver/p/d/run-1/x.parquet` }));
    await put(lake, 'raw/x', 'rows');
    await put(other, 'raw/x', 'rows');
    await store.put({ [`${prefix}/control/condemned/raw/y`]: '' });
    const left = await all(lake, 'tmp');
    expect(left.map(({ path }) => path.replace(/uploads\/[^/]+/, 'uploads/id'))).toEqual(['control/condemned/raw/y', 'control/wanted/raw/x', 'tmp/uploads/id/silver/p/d/run-1/x.parquet']);
    // Marks stay while they may mean something: the newest until no removal can arrive any more, the other as long as its file.
    expect(await Promise.all(left.map(({ path }) => removeUntouched(lake, path, Date.now() + 60_000)))).toEqual([false, false, true]);
    expect((await all(lake, 'tmp')).map(({ path }) => path)).toEqual(['control/condemned/raw/y', 'control/wanted/raw/x']);
  });
});
