import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type DefinitionFile, WeirError } from '@weir/core';

/** Most files and bytes that a definition folder may have; a folder beyond is some other folder. */
const MAX_FILES = 1_000;
const MAX_BYTES = 2_000_000;

/**
 * The texts of a definition folder: YAML files beside pipeline.yaml, and every .sql below models/. Paths have forward slashes, sorted.
 * Throws MISSING_FILE when the folder does not exist, INVALID_VALUE when it is too large.
 */
export async function readDefinitionFolder(folder: string): Promise<DefinitionFile[]> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) throw new WeirError({ code: 'MISSING_FILE', place: folder, message: `There is no folder ${folder}.` });
  const names = await readdir(folder, { withFileTypes: true });
  const yaml = names.filter((entry) => !entry.isDirectory() && /\.ya?ml$/.test(entry.name)).map((entry) => join(folder, entry.name));
  const paths = [...yaml, ...(await sqlFiles(join(folder, 'models')))];
  if (paths.length > MAX_FILES) throw new WeirError({ code: 'INVALID_VALUE', place: folder, message: `${folder} has ${paths.length} files; the most is ${MAX_FILES}.`, fix: 'Name the folder of one pipeline.' });
  const files: DefinitionFile[] = [];
  let bytes = 0;
  for (const path of paths) {
    bytes += (await stat(path)).size;
    if (bytes > MAX_BYTES) throw new WeirError({ code: 'INVALID_VALUE', place: path, message: `The files of ${folder} have more than ${MAX_BYTES} bytes.`, fix: 'Name the folder of one pipeline.' });
    files.push({ path: relative(folder, path).split(sep).join('/'), text: await readFile(path, 'utf8') });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function sqlFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory() && entry.name.endsWith('.sql')).map((entry) => join(entry.parentPath, entry.name));
}
