import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@weir/testkit';
import type { Lake } from '../lake';
import { rawPath } from '../paths';
import { SWEEP_PAGE, type LakeEntry } from '../store';
import { removeUntouched, sweep } from '../sweep';

/** Larger than a part of an upload, and no multiple of one. */
const LARGE = Buffer.from(Uint32Array.from({ length: 3_200_001 }, (_, at) => at * 2_654_435_761).buffer);

export const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** What a file of the lake has, as a reader gets it. */
export async function held(lake: Lake, path: string): Promise<Buffer> {
  const scratch = await lake.scratch('reader', 'a1');
  try {
    await scratch.hold([lake.absolute(path)]);
    return readFileSync(lake.absolute(path));
  } finally {
    await scratch.dispose();
  }
}

export async function all(lake: Lake, folder: string): Promise<LakeEntry[]> {
  const entries: LakeEntry[] = [];
  for await (const page of sweep(lake, folder)) entries.push(...page);
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Puts a text and gives what it threw. */
export function put(lake: Lake, path: string, text: string | Buffer): Promise<unknown> {
  return lake.putStream(path, [Buffer.from(text)]).then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** Stores say times in seconds: after this a cut-off lies between what was and what comes. */
async function later(): Promise<number> {
  const from = Date.now();
  await until(() => Date.now() > from + 2_500, { timeoutMs: 10_000 });
  return Date.now() - 1_000;
}

/** What every store of the lake does. `open` gives an empty lake of a name; all are closed by who gives them. */
export function describeLake(store: string, open: (name: string) => Promise<Lake>): void {
  describe(`a lake in ${store}`, () => {
    putsAndReads(open);
    keepsWhatItHas(open);
    lists(open);
    removes(open);
  });
}

function putsAndReads(open: (name: string) => Promise<Lake>): void {
  it.each([['small', Buffer.from('rows')], ['empty', Buffer.alloc(0)], ['large', LARGE]])('gives a %s file as it was put, read-only, and knows size and hash', async (name, bytes) => {
    const lake = await open(`put-${name}`);
    const { dir } = await lake.scratch('run-1', 'a1');
    writeFileSync(join(dir, 'file'), bytes);
    expect(await lake.adopt(join(dir, 'file'), 'silver/p/d/run-1/a1-0.parquet')).toEqual({ bytes: bytes.length, sha256: sha256(bytes) });
    expect(() => statSync(join(dir, 'file'))).toThrow('ENOENT');
    expect((await held(lake, 'silver/p/d/run-1/a1-0.parquet')).equals(bytes)).toBe(true);
    expect(await lake.find('silver/p/d/run-1/a1-0.parquet')).toMatchObject({ bytes: bytes.length });
    await lake.verify({ path: 'silver/p/d/run-1/a1-0.parquet', bytes: bytes.length, sha256: sha256(bytes) });
    const scratch = await lake.scratch('reader', 'a1');
    await scratch.hold([lake.absolute('silver/p/d/run-1/a1-0.parquet')]);
    expect(statSync(lake.absolute('silver/p/d/run-1/a1-0.parquet')).mode & 0o222).toBe(0);
    await scratch.dispose();
  });

  it('gives the beginning of a file, and all of it', async () => {
    const lake = await open('beginnings');
    await put(lake, 'quarantine/p/ab/x.bin', '0123456789');
    expect([(await lake.read('quarantine/p/ab/x.bin', 4)).toString(), (await lake.read('quarantine/p/ab/x.bin')).toString()]).toEqual(['0123', '0123456789']);
  });

  it('says of a file that is not there that it is missing, by its path', async () => {
    const lake = await open('missing');
    const missing = { code: 'SEGMENT_CORRUPT', message: 'raw/p/d/ab/x.csv is missing in the lake.' };
    expect(await lake.find('raw/p/d/ab/x.csv')).toBeUndefined();
    await expect(held(lake, 'raw/p/d/ab/x.csv')).rejects.toMatchObject(missing);
    await expect(lake.read('raw/p/d/ab/x.csv')).rejects.toMatchObject(missing);
    await expect(lake.verify({ path: 'raw/p/d/ab/x.csv', bytes: 1, sha256: sha256('a') })).rejects.toMatchObject(missing);
  });

  it('refuses paths that lead elsewhere', async () => {
    const lake = await open('elsewhere');
    for (const path of ['../x', '/x', 'raw//x', 'raw/./x']) {
      expect(await put(lake, path, 'rows')).toMatchObject({ code: 'INVALID_VALUE' });
      for (const asked of [() => lake.find(path), () => lake.read(path), () => lake.remove(path), () => all(lake, path)]) await expect(asked()).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    }
  });

  it('gives a manifest back, and not one with another hash', async () => {
    const lake = await open('manifests');
    const manifest = { version: 1, pipeline: 'p', runId: 'run-1', stage: 'validate', attempt: 'a1', datasets: [] } as const;
    const reference = await lake.writeManifest(manifest);
    expect(await lake.readManifest(reference)).toEqual(manifest);
    await expect(lake.readManifest({ ...reference, sha256: sha256('other') })).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });
}

function keepsWhatItHas(open: (name: string) => Promise<Lake>): void {
  it('takes the same content again, and refuses another', async () => {
    const lake = await open('again');
    expect([await put(lake, 'raw/p/d/x', 'first'), await put(lake, 'raw/p/d/x', 'first')]).toEqual([undefined, undefined]);
    expect(await put(lake, 'raw/p/d/x', 'other')).toMatchObject({ code: 'SEGMENT_CORRUPT', message: expect.stringContaining(sha256('first')) });
    expect((await held(lake, 'raw/p/d/x')).toString()).toBe('first');
  });

  it('of many who write one path at once leaves one content, whole, and tells the others', async () => {
    const lake = await open('at-once');
    const contents = Array.from({ length: 6 }, (_, n) => Buffer.alloc(200_000, n));
    const ends = await Promise.all(contents.map((content) => put(lake, 'silver/p/d/x', content)));
    const winner = contents[ends.findIndex((end) => end === undefined)] ?? Buffer.alloc(0);
    expect(ends.filter((end) => end !== undefined)).toEqual(Array.from({ length: 5 }, () => expect.objectContaining({ code: 'SEGMENT_CORRUPT' })));
    expect((await held(lake, 'silver/p/d/x')).equals(winner)).toBe(true);
    expect(await Promise.all(contents.map(() => put(lake, 'silver/p/d/y', winner)))).toEqual(contents.map(() => undefined));
  });
}

function lists(open: (name: string) => Promise<Lake>): void {
  it('everything below a folder, in pages, and nothing of one that is not there', async () => {
    const lake = await open('lists');
    const names = Array.from({ length: SWEEP_PAGE + 7 }, (_, n) => `bronze/p/d/run-${n}/a-0 ä+%.parquet`);
    const before = Date.now();
    await Promise.all([...names, 'bronze/q/d/run/a-0'].map((name) => put(lake, name, 'rows')));
    const pages: number[] = [];
    for await (const page of sweep(lake, 'bronze/p')) pages.push(page.length);
    expect(pages).toEqual([SWEEP_PAGE, 7]);
    const entries = await all(lake, 'bronze/p');
    expect(entries.map(({ path }) => path)).toEqual(names.toSorted());
    expect(entries.every(({ bytes, kind, modifiedMs }) => bytes === 4 && kind === 'file' && modifiedMs > before - 5_000)).toBe(true);
    expect(await all(lake, 'gold/p')).toEqual([]);
  });
}

function removes(open: (name: string) => Promise<Lake>): void {
  it('what a run staged, and neither raw files nor the manifests of its extracts nor other runs', async () => {
    const lake = await open('runs');
    const kept = ['raw/p/d/ab/x.csv', 'silver/p/d/run-10/a1-0.parquet', 'silver/q/d/run-1/a1-0.parquet', 'manifest/p/run-1/extract-a1.json', 'manifest/p/run-10/validate-a1.json'];
    const dropped = ['bronze/p/d/run-1/a1-0.parquet', 'silver/p/d/run-1/a1-0.parquet', 'gold/p/e/run-1/a2-0.parquet', 'manifest/p/run-1/validate-a1.json'];
    for (const path of [...kept, ...dropped]) await put(lake, path, path);
    await lake.removeRun('p', 'run-1');
    expect(await Promise.all([...kept, ...dropped].map(async (path) => (await lake.find(path)) !== undefined))).toEqual([...kept.map(() => true), ...dropped.map(() => false)]);
  });

  it('a file that nobody wants any more; and is content with one that is not there', async () => {
    const lake = await open('unwanted');
    await put(lake, 'quarantine/p/ab/x.bin', 'bytes');
    for (let turn = 0; turn < 2; turn += 1) await lake.remove('quarantine/p/ab/x.bin');
    await expect(held(lake, 'quarantine/p/ab/x.bin')).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
  });

  it('what nobody touched since, and says so; what is wanted again stays', async () => {
    const lake = await open('untouched');
    const [old, again, fresh] = ['a', 'b', 'c'].map((letter) => rawPath('p', 'd', letter.repeat(64))) as [string, string, string];
    for (const path of [old, again]) await put(lake, path, 'rows');
    const cutoff = await later();
    for (const path of [again, fresh]) await put(lake, path, 'rows');
    const taken = async (): Promise<boolean[]> => [await removeUntouched(lake, old, cutoff), await removeUntouched(lake, again, cutoff), await removeUntouched(lake, fresh, cutoff)];
    expect([await taken(), await taken()]).toEqual([[true, false, false], [false, false, false]]);
    expect((await all(lake, 'raw')).filter(({ kind }) => kind === 'file').map(({ path }) => path)).toEqual([again, fresh]);
    for (const path of [again, fresh]) expect((await held(lake, path)).toString()).toBe('rows');
  });

  it('nothing that somebody puts at the same moment: whoever puts it finds it afterwards', async () => {
    const lake = await open('race');
    const paths = Array.from({ length: 30 }, (_, n) => rawPath('p', 'd', sha256(`${n}`)));
    for (const path of paths) await put(lake, path, 'rows');
    const cutoff = await later();
    const ends = await Promise.all(paths.flatMap((path, n) => (n % 2 === 0 ? [put(lake, path, 'rows'), removeUntouched(lake, path, cutoff)] : [removeUntouched(lake, path, cutoff), put(lake, path, 'rows')])));
    expect(ends.filter((end) => end !== undefined && typeof end !== 'boolean')).toEqual([]);
    expect(await Promise.all(paths.map(async (path) => (await lake.find(path))?.bytes))).toEqual(paths.map(() => 4));
  });
}
