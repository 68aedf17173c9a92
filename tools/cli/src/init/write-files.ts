import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WeirError } from '@weir/core';
import type { InitFile } from './write-definition';

/** Writes all files into a folder, or none: what is there is looked at before anything is written. Throws INVALID_VALUE for a file that is there already, unless `force` overwrites it. */
export async function writeFiles(folder: string, files: readonly InitFile[], force: boolean): Promise<void> {
  for (const { path } of force ? [] : files) {
    const target = join(folder, path);
    if (await stat(target).catch(() => undefined)) throw new WeirError({ code: 'INVALID_VALUE', place: target, message: `${target} is there already.`, fix: 'Choose another folder, or overwrite it with --force.' });
  }
  for (const { path, text } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text, { flag: force ? 'w' : 'wx' });
  }
}
