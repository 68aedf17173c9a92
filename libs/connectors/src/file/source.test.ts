import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseInterval } from '@weir/core';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { sliceSource } from './source';
import { matchesName, matchFiles } from './wildcard';

let folder: TempDir;
beforeEach(async () => {
  folder = await tempDir();
});
afterEach(() => folder.dispose());

async function files(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), 'a\n');
  }
}

function source(path: string, empty: 'allow' | 'error' = 'error') {
  return { path: join(folder.path, path), empty };
}

test('{date}: one file for each grain, in order, named relative to the folder', async () => {
  await files('in/2010-12-01.csv', 'in/2010-12-02.csv', 'in/2010-12-03.csv', 'in/other.csv');
  const slice = await sliceSource(source('in/{date}.csv'), parseInterval('2010-12-01', '2010-12-03', '1d'), '1d');
  expect(slice.partitions).toEqual(['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z']);
  expect(slice.files).toEqual([
    { path: join(folder.path, 'in/2010-12-01.csv'), name: '2010-12-01.csv', partition: '2010-12-01T00:00:00Z' },
    { path: join(folder.path, 'in/2010-12-02.csv'), name: '2010-12-02.csv', partition: '2010-12-02T00:00:00Z' },
  ]);
});

test('{hour} and {date} in folders: every file of a wider grain belongs to its partition', async () => {
  await files('2024-02-29/o-2024-02-29T00.csv', '2024-02-29/o-2024-02-29T01.csv', '2024-02-29/o-2024-02-29T02.csv', '2024-02-29/o-2024-02-29T03.csv');
  const slice = await sliceSource(source('{date}/o-{hour}.csv'), parseInterval('2024-02-29T00', '2024-02-29T04', '2h'), '2h');
  expect(slice.files.map(({ name, partition }) => [name.slice(-7, -4), partition])).toEqual([
    ['T00', '2024-02-29T00:00:00Z'],
    ['T01', '2024-02-29T00:00:00Z'],
    ['T02', '2024-02-29T02:00:00Z'],
    ['T03', '2024-02-29T02:00:00Z'],
  ]);
});

test('{minute}: one file for each grain of minutes, named after its start, with folders by hour and day', async () => {
  await files('2024-02-29/2024-02-29T23/2024-02-29T23-55.csv', '2024-03-01/2024-03-01T00/2024-03-01T00-00.csv', '2024-03-01/2024-03-01T00/2024-03-01T00-01.csv');
  const slice = await sliceSource(source('{date}/{hour}/{minute}.csv'), parseInterval('2024-02-29T23:55', '2024-03-01T00:05', '5m'), '5m');
  expect(slice.files.map(({ name, partition }) => [name, partition])).toEqual([
    ['2024-02-29/2024-02-29T23/2024-02-29T23-55.csv', '2024-02-29T23:55:00Z'],
    ['2024-03-01/2024-03-01T00/2024-03-01T00-00.csv', '2024-03-01T00:00:00Z'],
  ]);
});

test('a missing file is an error that names it, unless empty intervals are normal; then its partition is there without a file', async () => {
  await files('in/2010-12-01.csv');
  const interval = parseInterval('2010-12-01', '2010-12-03', '1d');
  await expect(sliceSource(source('in/{date}.csv'), interval, '1d')).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('in/2010-12-02.csv'), place: join(folder.path, 'in/2010-12-02.csv') });
  const slice = await sliceSource(source('in/{date}.csv', 'allow'), interval, '1d');
  expect(slice.partitions).toHaveLength(2);
  expect(slice.files.map(({ name }) => name)).toEqual(['2010-12-01.csv']);
});

test.each(['{date}.csv', '*.csv', '**/*.csv', 'orders.csv'])('a missing folder is an error for %s, whatever empty says', async (name) => {
  const interval = name.includes('{') ? parseInterval('2010-12-01', '2010-12-02', '1d') : undefined;
  await expect(sliceSource(source(`nowhere/${name}`, 'allow'), interval, interval && '1d')).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: expect.stringContaining('nowhere does not exist') });
});

test('a pattern gives all files that match, sorted by path, in one partition', async () => {
  await files('b.csv', 'a.csv', 'sub/c.csv', 'sub/deep/d.csv', '.hidden.csv', 'a.txt', 'a.csv.part');
  const names = async (pattern: string) => (await sliceSource(source(pattern), undefined, undefined)).files.map(({ name, partition }) => `${partition}:${name}`);
  expect(await names('*.csv')).toEqual(['all:a.csv', 'all:b.csv']);
  expect(await names('**/*.csv')).toEqual(['all:a.csv', 'all:b.csv', 'all:sub/c.csv', 'all:sub/deep/d.csv']);
  expect(await names('sub/**')).toEqual(['all:c.csv', 'all:deep/d.csv']);
  expect(await names('?.csv')).toEqual(['all:a.csv', 'all:b.csv']);
  expect(await names('a.csv')).toEqual(['all:a.csv']);
  expect(await names('.*.csv')).toEqual(['all:.hidden.csv']);
});

test('no match is SOURCE_MISSING, or no files where that is normal', async () => {
  await files('a.txt');
  await expect(sliceSource(source('*.csv'), undefined, undefined)).rejects.toMatchObject({ code: 'SOURCE_MISSING', message: `No file matches ${folder.path}/*.csv.` });
  await expect(sliceSource(source('gone.csv'), undefined, undefined)).rejects.toMatchObject({ code: 'SOURCE_MISSING' });
  expect(await sliceSource(source('*.csv', 'allow'), undefined, undefined)).toEqual({ partitions: ['all'], files: [] });
});

test('a circle of symbolic links is not walked, a link to a file is followed, a broken one ignored', async () => {
  await files('in/a.csv');
  await symlink(join(folder.path, 'in'), join(folder.path, 'in/again'));
  await symlink(join(folder.path, 'in/a.csv'), join(folder.path, 'in/link.csv'));
  await symlink(join(folder.path, 'gone'), join(folder.path, 'in/broken.csv'));
  expect(await matchFiles(join(folder.path, 'in'), '**/*.csv')).toEqual(['a.csv', 'link.csv']);
  await rm(join(folder.path, 'in/again'));
});

test('names match as the equivalent regular expression says, and a pattern made to be slow is not', () => {
  const sign = fc.constantFrom('a', 'b', '*', '?', '\u{1F600}', '(', '.x');
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 6 }), fc.array(fc.constantFrom('a', 'b', '\u{1F600}', '(', 'x'), { maxLength: 8 }), (pattern, name) => {
      const marks = `a${pattern.join('')}`;
      const text = `a${name.join('')}`;
      const source = Array.from(marks, (mark) => (mark === '*' ? '.*' : mark === '?' ? '.' : mark.replace(/[.()]/, '\\$&'))).join('');
      expect(matchesName(marks, text)).toBe(new RegExp(`^${source}$`, 'u').test(text));
    }),
  );
  expect(matchesName('*a'.repeat(40) + 'b', 'a'.repeat(255))).toBe(false);
});
