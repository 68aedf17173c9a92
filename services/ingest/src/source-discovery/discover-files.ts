import { randomUUID } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { sliceSource } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { DiscoverSourceResponse } from '@weir/rpc';
import { anyDate } from '../source-test/found-files';
import type { Discovery } from './discover-source';
import { fileDataset } from './file-dataset';

/** The columns of the first file that a path or pattern names. Throws SOURCE_MISSING where there is none, INVALID_VALUE for what its name does not say how to read. */
export async function discoverFiles(path: string, { lake, engine, signal }: Discovery): Promise<DiscoverSourceResponse> {
  if (!isAbsolute(path)) throw new WeirError({ code: 'INVALID_VALUE', message: `The path ${path} is relative, and the service has no folder that it refers to.`, place: path, fix: 'Give an absolute path.' });
  const { files: [first] } = await sliceSource({ path: anyDate(path), empty: 'allow' }, undefined, undefined);
  if (!first) throw new WeirError({ code: 'SOURCE_MISSING', message: `No file matches ${path}.`, place: path, fix: 'Check the path.' });
  const scratch = await lake.scratch('source-discovery', randomUUID());
  try {
    const dataset = await fileDataset({ path: first.path, name: first.name, cut: false, scratch: scratch.dir, engine, signal }).catch((error: unknown) => {
      const { code = '' } = error as NodeJS.ErrnoException;
      throw code.startsWith('E') ? new WeirError({ code: 'SOURCE_UNREADABLE', message: `${first.path} cannot be read (${code}).`, place: first.path }, { cause: error }) : error;
    });
    return { type: 'file', datasets: [{ name: path, kind: 'file', rows: undefined, ...dataset }], more: false };
  } finally {
    await scratch.dispose();
  }
}
