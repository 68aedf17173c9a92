import type { SourceFile } from '@weir/connectors';
import { WeirError } from '@weir/core';

/** Runs one question to the file system about a source file. Throws SOURCE_MISSING when the file is gone, SOURCE_UNREADABLE for all else, naming it. */
export async function reading<T>(file: SourceFile, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new WeirError({ code: 'SOURCE_MISSING', message: `${file.path} disappeared before it was read.`, place: file.path }, { cause: error });
    throw new WeirError({ code: 'SOURCE_UNREADABLE', message: `${file.path} cannot be read${code ? ` (${code})` : ''}.`, place: file.path }, { cause: error });
  }
}
