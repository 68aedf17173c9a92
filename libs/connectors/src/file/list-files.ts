import { stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { orAborted, sideBySide, WeirError } from '@weir/core';
import type { FoundFile } from '../found-file';
import { assertFolder, baseFolder } from './source';
import { matchFiles } from './wildcard';

/** Files in a page. */
const PAGE = 1_024;
/** Questions to the file system at a time. */
const CONCURRENT_STATS = 32;

/**
 * The files that a path without dates matches, in pages, in the order of their names. None is opened; one that disappears meanwhile is left out. The stamp is the times at which content and state were changed, so that content that
 * comes with an old time, as copies and archives keep it, is seen.
 * Throws SOURCE_MISSING when the source's folder is not there, SOURCE_UNREADABLE, INVALID_VALUE beyond a million entries, CANCELLED.
 */
export async function* listFiles(path: string, signal: AbortSignal): AsyncGenerator<readonly FoundFile[]> {
  const base = baseFolder(path);
  await assertFolder(base);
  const names = await orAborted(matchFiles(base, relative(base, path)), signal, cancelled);
  for (let from = 0; from < names.length; from += PAGE) {
    if (signal.aborted) throw cancelled();
    yield await stated(path, names.slice(from, from + PAGE));
  }
}

/** The absolute path of a file that was listed under a name. */
export function listedPath(path: string, name: string): string {
  const base = baseFolder(path);
  return `${base === '/' ? '' : base}/${name}`;
}

async function stated(path: string, names: readonly string[]): Promise<readonly FoundFile[]> {
  const found: (FoundFile | undefined)[] = [];
  await sideBySide(names.entries(), CONCURRENT_STATS, async ([at, name]) => {
    found[at] = await foundFile(listedPath(path, name), name);
  });
  return found.filter((file) => file !== undefined);
}

/** Undefined for what is gone, or is no file any more. */
async function foundFile(path: string, name: string): Promise<FoundFile | undefined> {
  try {
    const file = await stat(path, { bigint: true });
    return file.isFile() ? { name, bytes: Number(file.size), modifiedMs: Number(file.mtimeMs), stamp: `${file.mtimeNs}-${file.ctimeNs}` } : undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new WeirError({ code: 'SOURCE_UNREADABLE', message: `${path} cannot be looked at${code ? ` (${code})` : ''}.`, place: path }, { cause: error });
  }
}

function cancelled(cause?: unknown): WeirError {
  return new WeirError({ code: 'CANCELLED', message: 'Cancelled while listing files.' }, { cause });
}
