import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tempDir } from '@weir/testkit';
import fc from 'fast-check';
import { fixedPrefix, matchesPath, matchFiles } from './wildcard';

test('a pattern matches the paths that a walk over the same files finds', async () => {
  const name = fc.constantFrom('a', 'b', 'ab', '.a', 'b.a');
  const paths = fc.uniqueArray(fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `${names.join('/')}.csv`), { minLength: 1, maxLength: 6 });
  const step = fc.constantFrom('*', '**', 'a', 'b', '?', '.*', 'a*', '*.csv', '?.csv', 'b.*');
  const pattern = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => steps.join('/'));
  await fc.assert(
    fc.asyncProperty(paths, fc.array(pattern, { minLength: 20, maxLength: 20 }), async (files, patterns) => {
      const folder = await tempDir();
      try {
        for (const file of files) {
          await mkdir(dirname(join(folder.path, file)), { recursive: true });
          await writeFile(join(folder.path, file), '');
        }
        for (const one of patterns) {
          expect(files.filter((file) => matchesPath(one, file)).sort()).toEqual(await matchFiles(folder.path, one));
          for (const file of files) if (matchesPath(one, file)) expect(file.startsWith(fixedPrefix(one))).toBe(true);
        }
      } finally {
        await folder.dispose();
      }
    }),
    { numRuns: 60 },
  );
});

test('a path that ends with a slash is a folder, and none matches a pattern that ends with a fixed name of another depth', () => {
  expect(['a/', 'a/b/', 'a'].map((path) => matchesPath('**', path))).toEqual([false, false, true]);
  expect(['b', 'a/b', 'a/a/b'].map((path) => matchesPath('a/*', path))).toEqual([false, true, false]);
});
