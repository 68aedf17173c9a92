import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Lake } from './lake';
import { rawPath } from './paths';
import { SWEEP_PAGE, type LakeEntry } from './store';
import { removeEmptyFolders, removeUntouched, sweep } from './sweep';

let root: string;
let lake: Lake;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-lake-'));
  lake = new Lake(join(root, 'lake'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const OLD = new Date('2010-12-01');
const NOW = Date.parse('2020-01-01');

function write(path: string, text = ''): void {
  mkdirSync(dirname(join(root, 'lake', path)), { recursive: true });
  writeFileSync(join(root, 'lake', path), text);
}

async function all(folder: string): Promise<LakeEntry[]> {
  const entries: LakeEntry[] = [];
  for await (const page of sweep(lake, folder)) entries.push(...page);
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

describe('sweep', () => {
  it('gives every file and empty folder below a folder, with size and time, in pages, and nothing of a folder that is not there', async () => {
    const names = Array.from({ length: SWEEP_PAGE + 7 }, (_, n) => `bronze/p/d/run-${n}/a-0`);
    for (const name of names) write(name, 'rows');
    mkdirSync(join(root, 'lake/bronze/p/d/empty'));
    write('bronze/q/d/run/a-0');
    await utimes(join(root, 'lake', names[3] ?? ''), OLD, OLD);
    const pages: number[] = [];
    for await (const page of sweep(lake, 'bronze/p')) pages.push(page.length);
    expect(pages).toEqual([SWEEP_PAGE, 8]);
    const entries = await all('bronze/p');
    expect(entries.map(({ path }) => path)).toEqual([...names, 'bronze/p/d/empty'].sort());
    expect(entries.find(({ path }) => path === names[3])).toEqual({ path: names[3], kind: 'file', bytes: 4, modifiedMs: OLD.getTime() });
    expect(entries.find(({ path }) => path === 'bronze/p/d/empty')).toMatchObject({ kind: 'folder', bytes: 0 });
    expect(await all('gold/p')).toEqual([]);
  });

  it('neither follows nor lists symbolic links, and refuses a folder outside', async () => {
    mkdirSync(join(root, 'outside'));
    writeFileSync(join(root, 'outside/file'), 'secret');
    write('raw/p/d/own');
    symlinkSync(join(root, 'outside'), join(root, 'lake/raw/p/d/folder'));
    symlinkSync(join(root, 'outside/file'), join(root, 'lake/raw/p/d/link'));
    expect((await all('raw/p')).map(({ path }) => path)).toEqual(['raw/p/d/own']);
    for (const folder of ['raw/p/d/folder', '../outside']) await expect(all(folder)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(removeUntouched(lake, 'raw/p/d/folder/file', NOW)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    await expect(removeEmptyFolders(lake, 'raw/p/d/folder', 2)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect(existsSync(join(root, 'outside/file'))).toBe(true);
  });
});

describe('removal', () => {
  it('takes a file that nobody touched since, says so, and leaves nothing in tmp', async () => {
    write('bronze/p/d/run/a-0');
    await utimes(join(root, 'lake/bronze/p/d/run/a-0'), OLD, OLD);
    expect(await removeUntouched(lake, 'bronze/p/d/run/a-0', NOW)).toBe(true);
    expect(await removeUntouched(lake, 'bronze/p/d/run/a-0', NOW)).toBe(false);
    expect(await all('tmp')).toEqual([]);
  });

  it('leaves a raw file that is wanted again, by putting or adopting the same content, where it is', async () => {
    const path = rawPath('p', 'd', 'a'.repeat(64));
    await lake.putStream(path, [Buffer.from('rows')]);
    const age = () => utimes(lake.absolute(path), OLD, OLD);
    for (const again of [
      () => lake.putStream(path, [Buffer.from('rows')]),
      async () => {
        const { dir } = await lake.scratch('run-1', 'a1');
        writeFileSync(join(dir, 'file'), 'rows');
        await lake.adopt(join(dir, 'file'), path);
      },
    ]) {
      await age();
      const cutoff = Date.now() - 1_000;
      await again();
      expect(await removeUntouched(lake, path, cutoff)).toBe(false);
      await lake.verify({ path, bytes: 4, sha256: createHash('sha256').update('rows').digest('hex') });
    }
    await age();
    expect(await removeUntouched(lake, path, Date.now() - 1_000)).toBe(true);
  });

  it('never loses a raw file to a race: whoever puts it finds it afterwards', async () => {
    const path = rawPath('p', 'd', 'b'.repeat(64));
    for (let n = 0; n < 60; n += 1) {
      await lake.putStream(path, [Buffer.from('rows')]);
      await utimes(lake.absolute(path), OLD, OLD);
      const cutoff = Date.now() - 60_000;
      await Promise.all([lake.putStream(path, [Buffer.from('rows')]), removeUntouched(lake, path, cutoff)]);
      expect(existsSync(lake.absolute(path))).toBe(true);
    }
  });

  it('takes empty folders upwards to a depth, and stops at one with something in it', async () => {
    write('bronze/p/d/run/a-0');
    mkdirSync(join(root, 'lake/bronze/p/d/other/deep'), { recursive: true });
    await removeEmptyFolders(lake, 'bronze/p/d/other/deep', 4);
    await removeEmptyFolders(lake, 'bronze/p/d/run', 4);
    expect([existsSync(join(root, 'lake/bronze/p/d/other')), existsSync(join(root, 'lake/bronze/p/d/run/a-0'))]).toEqual([false, true]);
    await rm(join(root, 'lake/bronze/p/d/run/a-0'));
    await removeEmptyFolders(lake, 'bronze/p/d/run', 4);
    expect([existsSync(join(root, 'lake/bronze/p/d/run')), existsSync(join(root, 'lake/bronze/p/d'))]).toEqual([false, true]);
  });
});
