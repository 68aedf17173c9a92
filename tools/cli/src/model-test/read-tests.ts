import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Definition, type ModelTest, type Problem, WeirError, parseModelTests } from '@weir/core';

/** Most files of a folder of tests, and most bytes of one. */
const MAX_FILES = 500;
const MAX_BYTES = 1_000_000;

/** The tests of one file. */
export interface TestFile {
  /** Below the pipeline's folder, such as `tests/revenue.yaml`. */
  readonly path: string;
  readonly tests: readonly ModelTest[];
}

/** The tests of a pipeline's folder by file, sorted, and what is wrong with the others. Throws MISSING_FILE when there are none, INVALID_VALUE for a folder or file that is too large. */
export async function readTests(folder: string, definition: Definition): Promise<{ readonly files: TestFile[]; readonly problems: Problem[] }> {
  const directory = join(folder, 'tests');
  const names = (await readdir(directory).catch(() => [])).filter((name) => /\.(ya?ml|csv|ndjson)$/.test(name)).sort();
  const [tests, data] = [names.filter((name) => /\.ya?ml$/.test(name)), names.filter((name) => !/\.ya?ml$/.test(name))];
  if (tests.length === 0) throw new WeirError({ code: 'MISSING_FILE', place: directory, message: `${folder} has no tests.`, fix: `Write ${join(directory, 'first.yaml')}; docs/testing-models.md shows how.` });
  if (names.length > MAX_FILES) throw new WeirError({ code: 'INVALID_VALUE', place: directory, message: `${directory} has ${names.length} files; the most is ${MAX_FILES}.`, fix: 'Remove some.' });
  const texts = new Map<string, string>();
  for (const name of data) texts.set(name, await readText(join(directory, name)));
  const files: TestFile[] = [];
  const problems: Problem[] = [];
  for (const name of tests) {
    const path = `tests/${name}`;
    const parsed = parseModelTests({ path, text: await readText(join(directory, name)) }, definition, texts);
    if ('problems' in parsed) problems.push(...parsed.problems);
    else files.push({ path, tests: parsed.tests });
  }
  return { files, problems };
}

async function readText(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new WeirError({ code: 'INVALID_VALUE', place: path, message: `${path} has ${size} bytes; the most is ${MAX_BYTES}.`, fix: 'Test with fewer rows.' });
  return readFile(path, 'utf8');
}
