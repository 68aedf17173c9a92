import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WeirError } from '@weir/core';
import { HttpFaultProxy, tempDir, testBucket, type TempDir, type TestBucket } from '@weir/testkit';
import { ExportFolder } from '../file/export-folder';
import { ExportBucket } from '../s3/export-bucket';
import { connectionTo, optionsFor } from '../s3/testing/store';
import { ExportDestination, type PreparedExport } from './destination';
import { sha256Of, type ExportManifest } from './manifest';
import type { ExportStore } from './store';

let bucket: TestBucket;
let folder: TempDir;
let proxy: HttpFaultProxy;
beforeAll(async () => {
  [bucket, folder] = await Promise.all([testBucket(), tempDir()]);
});
afterAll(async () => {
  bucket?.close();
  await folder?.dispose();
});
beforeEach(async () => {
  proxy = await HttpFaultProxy.start(bucket.server);
});
afterEach(() => proxy.close());

const openBucket = (prefix: string): ExportStore => ExportBucket.open({ bucket: bucket.name, prefix }, connectionTo(bucket.server, proxy, { accessKeyId: bucket.server.accessKeyId }), optionsFor(bucket.server));
const KINDS: readonly [string, (place: string) => Promise<ExportStore>][] = [
  ['a folder', (place) => ExportFolder.open(folder.path, place)],
  ['a bucket', (place) => Promise.resolve(openBucket(place))],
];

/** Where a pointer of the pipeline `shop` has the number of its snapshot. */
const SNAPSHOT_AT = '{\n "version": 1,\n "pipeline": "shop",\n "snapshot": '.length;

const HOUR_MS = 3_600_000;
const options = (nowMs = Date.now()) => ({ signal: new AbortController().signal, onBytes: () => undefined, nowMs });

/** The next version after a manifest: one table, with files of these texts by path, and those of the version before that are named. */
async function next(before: ExportManifest | undefined, texts: Readonly<Record<string, string>>, kept: readonly string[] = []): Promise<PreparedExport> {
  const commit = randomUUID();
  const files = await Promise.all(
    Object.entries(texts).map(async ([name, text]) => {
      const file = join(folder.path, randomUUID());
      await writeFile(file, text);
      return { file, path: `lines/${commit}-${name}`, bytes: Buffer.byteLength(text), sha256: sha256Of(Buffer.from(text)) };
    }),
  );
  const carried = (before?.tables[0]?.files ?? []).filter(({ path }) => kept.some((name) => path.endsWith(name)));
  const table = { name: 'lines', columns: [], key: [], partitionedBy: null, made: '', rows: 0, change: { fromSnapshot: 0, rows: 0, deleted: 0 }, partitions: [], format: 'csv' as const, compression: 'none' as const, files: [...carried, ...files.map(({ file: _file, ...rest }) => rest)] };
  const manifest = { version: 1 as const, pipeline: 'shop', snapshot: (before?.snapshot ?? 0) + 1, commit, after: before?.commit ?? null, definition: 1, run: 'run', trace: '', loadedAt: '2026-01-01T00:00:00.000Z', tables: [table] };
  return { manifest, files };
}

/** The texts of the version that holds, as a reader gets them: pointer, manifest, files, each by its hash. */
async function read(store: ExportStore): Promise<{ snapshot: number; texts: string[] }> {
  const pointer = JSON.parse(await textOf(store, '_weir/shop.json')) as { snapshot: number; manifest: { path: string; sha256: string } };
  const manifest = await textOf(store, pointer.manifest.path);
  expect(sha256Of(Buffer.from(manifest))).toBe(pointer.manifest.sha256);
  const { tables } = JSON.parse(manifest) as ExportManifest;
  const texts = await Promise.all(tables.flatMap(({ files }) => files).map(async ({ path, sha256 }) => {
    const text = await textOf(store, path);
    expect(sha256Of(Buffer.from(text))).toBe(sha256);
    return text;
  }));
  return { snapshot: pointer.snapshot, texts: texts.sort() };
}

async function textOf(store: ExportStore, path: string): Promise<string> {
  const found = await store.read(path, 1e9);
  if (!found) throw new Error(`${path} is missing`);
  return found.bytes.toString();
}

describe.each(KINDS)('an export in %s', (kind, openAt) => {
  test('goes from version to version; nothing holds before the first one', async () => {
    const store = await openAt(`${randomUUID()}/a`);
    const destination = new ExportDestination(store);
    const none = await destination.standing('shop');
    expect(none).toEqual({ manifest: undefined, tag: undefined });
    const first = await next(undefined, { 'a.csv': 'a', 'b.csv': '' });
    expect(await destination.commit(none, first, options())).toBe(true);
    expect(await read(store)).toEqual({ snapshot: 1, texts: ['', 'a'] });
    const standing = await destination.standing('shop');
    expect(standing.manifest).toEqual(first.manifest);
    expect(await destination.commit(standing, await next(first.manifest, { 'c.csv': 'c' }, ['a.csv']), options())).toBe(true);
    expect(await read(store)).toEqual({ snapshot: 2, texts: ['a', 'c'] });
    expect((await destination.standing('other')).manifest).toBeUndefined();
    store.close();
  });

  test('takes one of two loads from the same version, and nothing of the other stays', async () => {
    const place = `${randomUUID()}`;
    const destinations = await Promise.all([openAt(place), openAt(place)]).then((stores) => stores.map((store) => new ExportDestination(store)));
    let before: ExportManifest | undefined;
    for (let round = 0; round < 6; round += 1) {
      const loads = await Promise.all([next(before, { 'x.csv': `x${round}` }), next(before, { 'y.csv': `y${round}` })]);
      const from = await destinations[0]?.standing('shop');
      const done = await Promise.all(destinations.map((destination, at) => destination.commit(from ?? { manifest: undefined, tag: undefined }, loads[at] ?? loads[0], options())));
      expect(new Set(done)).toEqual(new Set([false, true]));
      before = loads[done.indexOf(true)]?.manifest;
      expect((await destinations[1]?.standing('shop'))?.manifest).toEqual(before);
    }
    const store = await openAt(place);
    expect((await store.list('lines')).length).toBe(6);
    store.close();
  });

  test('keeps what held within a day, and what it held; older versions and those that never held go, with the files that nothing else has', async () => {
    const store = await openAt(randomUUID());
    const destination = new ExportDestination(store);
    let standing = await destination.standing('shop');
    const commits: string[] = [];
    // As of a service that was killed: the manifest and some of its files.
    const orphan = await next(undefined, { 'orphan.csv': 'o' });
    await store.write(`_weir/shop/1-${orphan.manifest.commit}.json`, Buffer.from(JSON.stringify(orphan.manifest)));
    for (const file of orphan.files) await store.add(file.path, file);
    const load = async (texts: Record<string, string>, kept: string[], laterMs: number): Promise<void> => {
      const prepared = await next(standing.manifest, texts, kept);
      commits.push(prepared.manifest.commit);
      expect(await destination.commit(standing, prepared, options(Date.now() + laterMs))).toBe(true);
      standing = await destination.standing('shop');
    };
    const there = async (): Promise<string[]> => (await store.list('lines')).map(({ path }) => path.replace(/.*-([a-z0-9]+)\.csv$/, '$1')).sort();
    await load({ 'base.csv': '1', 'one.csv': '1' }, [], 0);
    await load({ 'two.csv': '2' }, ['base.csv'], 0);
    await load({ 'three.csv': '3' }, ['base.csv'], 23 * HOUR_MS);
    expect(await there()).toEqual(['base', 'one', 'orphan', 'three', 'two']);
    // All manifests are older than a day now but the new one; the one before it held until now.
    await load({ 'four.csv': '4' }, ['base.csv'], 25 * HOUR_MS);
    expect(await there()).toEqual(['base', 'four', 'three']);
    expect((await store.list('_weir/shop')).map(({ path }) => path.slice('_weir/shop/'.length, 48)).sort()).toEqual([`3-${commits[2]}`.slice(0, 37), `4-${commits[3]}`.slice(0, 37)].sort());
    expect((await read(store)).texts).toEqual(['1', '4']);
    store.close();
  });

  test('a pointer that is not Weir’s, and a manifest that is not the one named, are DESTINATION_INCOMPATIBLE with a way out', async () => {
    const place = randomUUID();
    const store = await openAt(place);
    await store.replace('_weir/shop.json', Buffer.from('{"version":1}'), undefined);
    const destination = new ExportDestination(store);
    await expect(destination.standing('shop')).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', place: `${store.name}/_weir/shop.json`, fix: expect.stringContaining('remove the file') });
    const found = await store.read('_weir/shop.json', 1e6);
    const pointer = { version: 1, pipeline: 'shop', snapshot: 1, commit: randomUUID(), run: '', trace: '', loadedAt: '', manifest: { path: '_weir/shop/1.json', bytes: 1, sha256: 'f' } };
    expect(await store.replace('_weir/shop.json', Buffer.from(JSON.stringify(pointer)), found?.tag)).toBe(true);
    await expect(destination.standing('shop')).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringContaining('is missing') });
    store.close();
    expect(kind).toBeTruthy();
  });
});

describe('in a folder', () => {
  test('a load that sleeps between its look and its move loses its lock to the next one, and changes nothing when it wakes', async () => {
    const root = join(folder.path, 'sleepy');
    await mkdir(join(root, '_weir', 'shop.json.lock'), { recursive: true });
    await writeFile(join(root, '_weir', 'shop.json.lock', 'sleeper'), 'old');
    const store = await ExportFolder.open(folder.path, 'sleepy', 200);
    expect(await store.replace('_weir/shop.json', Buffer.from('new'), undefined)).toBe(true);
    // What the sleeper would move is not there any more.
    expect(await readdir(join(root, '_weir'))).toEqual(['shop.json']);
    expect(await readFile(join(root, '_weir/shop.json'), 'utf8')).toBe('new');
  });

  test('a hundred increments by ten writers at once are a hundred', async () => {
    const store = await ExportFolder.open(folder.path, randomUUID());
    const increment = async (): Promise<void> => {
      for (let left = 10; left > 0; ) {
        const found = await store.read('n', 100);
        if (await store.replace('n', Buffer.from(String(Number(found?.bytes.toString() ?? '0') + 1)), found?.tag)) left -= 1;
      }
    };
    await Promise.all(Array.from({ length: 10 }, increment));
    expect((await store.read('n', 100))?.bytes.toString()).toBe('100');
  });

  test('a path over a link that leads out, and a file where a folder belongs, are DESTINATION_REFUSED', async () => {
    const { symlink } = await import('node:fs/promises');
    await mkdir(join(folder.path, 'inside'));
    await symlink('/tmp', join(folder.path, 'inside', 'out'));
    await expect(ExportFolder.open(join(folder.path, 'inside'), 'out/x')).rejects.toMatchObject({ code: 'DESTINATION_REFUSED' });
    await writeFile(join(folder.path, 'inside', 'file'), '');
    await expect(ExportFolder.open(join(folder.path, 'inside'), 'file/x')).rejects.toMatchObject({ code: 'DESTINATION_REFUSED', message: expect.stringContaining('ENOTDIR') });
    await utimes(join(folder.path, 'inside', 'file'), 1, 1);
  });
});

describe('in a bucket', () => {
  const fail = (destination: ExportDestination, prepared: PreparedExport) => destination.commit({ manifest: undefined, tag: undefined }, prepared, options()).then(() => 'done', (error: WeirError) => error);

  test('an answer to the pointer that is lost is settled by looking: once, whatever answers are lost', async () => {
    const store = openBucket(randomUUID());
    const destination = new ExportDestination(store);
    let before: ExportManifest | undefined;
    for (let round = 0; round < 8; round += 1) {
      let lost = 0;
      proxy.faultOf = ({ method, path }) => (method === 'PUT' && path.includes('shop.json') && (lost += 1) === 1 ? { cutAfter: 0 } : undefined);
      const prepared = await next(before, { 'a.csv': `${round}` });
      expect(await destination.commit(await destination.standing('shop'), prepared, options())).toBe(true);
      before = prepared.manifest;
      expect(await read(store)).toEqual({ snapshot: round + 1, texts: [`${round}`] });
    }
    proxy.faultOf = () => undefined;
    store.close();
  });

  test('an answer that is not one version of the pointer is asked for again', async () => {
    const store = openBucket(randomUUID());
    const destination = new ExportDestination(store);
    const first = await next(undefined, { 'a.csv': 'a' });
    await destination.commit({ manifest: undefined, tag: undefined }, first, options());
    let asked = 0;
    // A bit of the snapshot's number: what comes is a pointer all the same.
    proxy.faultOf = ({ method, path }) => (method === 'GET' && path.includes('/_weir/shop.json') && (asked += 1) === 1 ? { corruptAt: SNAPSHOT_AT } : undefined);
    expect((await destination.standing('shop')).manifest).toEqual(first.manifest);
    expect(asked).toBe(2);
    store.close();
  });

  test('files of many parts arrive whole, over a store that fails now and then', async () => {
    const store = openBucket(randomUUID());
    let asked = 0;
    proxy.faultOf = ({ method }) => (method !== 'GET' && (asked += 1) % 4 === 0 ? { answer: { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } } : undefined);
    const text = 'a row of some text\n'.repeat(2_000_000);
    const prepared = await next(undefined, { 'large.csv': text });
    expect(await new ExportDestination(store).commit({ manifest: undefined, tag: undefined }, prepared, options())).toBe(true);
    expect(proxy.requests.filter(({ path }) => path.includes('partNumber=')).length).toBeGreaterThanOrEqual(3);
    proxy.faultOf = () => undefined;
    expect((await read(store)).texts).toEqual([text]);
    store.close();
  });

  test('a bucket that is not there is DESTINATION_REFUSED, one that is away UNAVAILABLE, and a store without conditions DESTINATION_INCOMPATIBLE', async () => {
    const absent = ExportBucket.open({ bucket: 'weir-nowhere-at-all', prefix: 'a' }, connectionTo(bucket.server, proxy, { accessKeyId: bucket.server.accessKeyId }), optionsFor(bucket.server));
    expect(await fail(new ExportDestination(absent), await next(undefined, {}))).toMatchObject({ code: 'DESTINATION_REFUSED', message: expect.stringContaining('does not exist') });
    proxy.faultOf = () => ({ answer: { status: 503, body: '<Error><Code>SlowDown</Code></Error>' } });
    expect(await fail(new ExportDestination(openBucket('b')), await next(undefined, {}))).toMatchObject({ code: 'UNAVAILABLE' });
    proxy.faultOf = ({ method }) => (method === 'PUT' ? { answer: { status: 200, headers: { etag: '"1"' } } } : undefined);
    expect(await fail(new ExportDestination(openBucket('c')), await next(undefined, {}))).toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringContaining('If-Match') });
    proxy.faultOf = ({ method }) => (method === 'PUT' ? { answer: { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } } : undefined);
    expect(await fail(new ExportDestination(openBucket('d')), await next(undefined, {}))).toMatchObject({ code: 'DESTINATION_REFUSED', message: expect.stringContaining('written'), fix: expect.stringContaining('s3:PutObject') });
  });
});
