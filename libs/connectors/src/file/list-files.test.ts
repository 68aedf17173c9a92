import { mkdir, rename, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tempDir, type TempDir } from '@weir/testkit';
import type { FoundFile } from '../found-file';
import { listedPath, listFiles } from './list-files';

let folder: TempDir;
beforeEach(async () => {
  folder = await tempDir();
});
afterEach(() => folder.dispose());

async function write(name: string, content = 'a\n'): Promise<void> {
  await mkdir(dirname(join(folder.path, name)), { recursive: true });
  await writeFile(join(folder.path, name), content);
}

async function list(pattern: string, signal = new AbortController().signal): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for await (const page of listFiles(join(folder.path, pattern), signal)) found.push(...page);
  return found;
}

test('the files that match, by name below the folder, with their size and time; not folders, not links to nowhere', async () => {
  for (const name of ['in/b.csv', 'in/a.csv', 'in/x/c.csv', 'in/d.txt', 'other.csv']) await write(name, name);
  await mkdir(join(folder.path, 'in/folder.csv'));
  await symlink('nowhere', join(folder.path, 'in/gone.csv'));
  await symlink('a.csv', join(folder.path, 'in/link.csv'));
  await utimes(join(folder.path, 'in/a.csv'), 1_700_000_000, 1_700_000_000.5);
  expect((await list('in/*.csv')).map(({ name, bytes }) => [name, bytes])).toEqual([['a.csv', 8], ['b.csv', 8], ['link.csv', 8]]);
  expect((await list('in/**/*.csv')).map(({ name }) => name)).toEqual(['a.csv', 'b.csv', 'link.csv', 'x/c.csv']);
  expect((await list('in/a.csv'))[0]).toMatchObject({ name: 'a.csv', modifiedMs: 1_700_000_000_500 });
  expect(listedPath(join(folder.path, 'in/**/*.csv'), 'x/c.csv')).toBe(join(folder.path, 'in/x/c.csv'));
  expect(listedPath('/*.csv', 'a.csv')).toBe('/a.csv');
});

test('the stamp stays as long as nobody touches the file, and is another one for other content with the size and time of the old', async () => {
  await write('a.csv', 'one');
  const stamp = async (): Promise<string | undefined> => (await list('*.csv'))[0]?.stamp;
  await utimes(join(folder.path, 'a.csv'), 1_700_000_000, 1_700_000_000);
  const first = await stamp();
  expect(await stamp()).toBe(first);
  await write('new', 'two');
  await utimes(join(folder.path, 'new'), 1_700_000_000, 1_700_000_000);
  await rename(join(folder.path, 'new'), join(folder.path, 'a.csv'));
  expect(await stamp()).not.toBe(first);
});

test('more files than a page are all there, in order', async () => {
  await mkdir(join(folder.path, 'many'));
  const names = Array.from({ length: 1_500 }, (_, n) => `${String(n).padStart(4, '0')}.csv`);
  for (const name of names) await writeFile(join(folder.path, 'many', name), '');
  expect((await list('many/*.csv')).map(({ name }) => name)).toEqual(names);
});

test('a folder that is not there is SOURCE_MISSING, one without files none, and an aborted list CANCELLED', async () => {
  await expect(list('none/*.csv')).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
  expect(await list('*.csv')).toEqual([]);
  await write('a.csv');
  await expect(list('*.csv', AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
});
