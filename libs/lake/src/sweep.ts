import { randomUUID } from 'node:crypto';
import type { Dirent, Stats } from 'node:fs';
import { lstat, mkdir, opendir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf, mapFileError } from './durable';
import type { Lake } from './lake';

/** A file, or a folder with nothing in it, as a sweep found it. */
export interface LakeEntry {
  /** Below the lake's root. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** 0 for a folder. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** Entries that are looked at together: enough for one question to a database, few enough for memory. */
export const SWEEP_PAGE = 500;

/**
 * Everything below a folder, in pages of at most 500 entries; memory does not grow with their number. A folder that is not there has nothing,
 * what vanishes meanwhile is left out, and symbolic links are neither followed nor listed. Throws INVALID_VALUE for a folder outside the lake.
 */
export async function* sweep(lake: Lake, folder: string): AsyncGenerator<readonly LakeEntry[]> {
  let page: Found[] = [];
  for await (const found of walk(lake.absolute(folder), folder)) {
    page.push(found);
    if (page.length < SWEEP_PAGE) continue;
    yield await inspected(page);
    page = [];
  }
  if (page.length > 0) yield await inspected(page);
}

/**
 * Removes a file unless it was written, or wanted again by somebody who would have written the same, after `beforeMs`; says whether this call removed it.
 * It is moved aside before it is looked at: whoever wants it afterwards does not find it and writes it again, so nobody loses a file between the look and the removal.
 */
export async function removeUntouched(lake: Lake, path: string, beforeMs: number): Promise<boolean> {
  const file = lake.absolute(path);
  const aside = lake.absolute(`tmp/removed-${randomUUID()}`);
  try {
    await mkdir(dirname(aside), { recursive: true, mode: 0o700 });
    await rename(file, aside);
    if ((await lstat(aside)).mtimeMs > beforeMs) {
      await rename(aside, file);
      return false;
    }
    await rm(aside, { force: true });
    return true;
  } catch (error) {
    // Another collection was faster, or a run's end.
    if (codeOf(error) === 'ENOENT') return false;
    throw mapFileError(error, path);
  }
}

/** Removes folders that are empty, from this one upwards, as long as their paths have at least `depth` names. */
export async function removeEmptyFolders(lake: Lake, folder: string, depth: number): Promise<void> {
  for (let path = folder; path.split('/').length >= depth; path = dirname(path)) {
    try {
      await rmdir(lake.absolute(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') continue;
      if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') return;
      throw mapFileError(error, path);
    }
  }
}

interface Found {
  readonly absolute: string;
  readonly path: string;
  readonly kind: LakeEntry['kind'];
}

async function* walk(absolute: string, path: string, nested = false): AsyncGenerator<Found> {
  let empty = true;
  for await (const entry of entriesOf(absolute)) {
    empty = false;
    const [inside, below] = [join(absolute, entry.name), `${path}/${entry.name}`];
    if (entry.isDirectory()) yield* walk(inside, below, true);
    else if (entry.isFile()) yield { absolute: inside, path: below, kind: 'file' };
  }
  if (empty && nested) yield { absolute, path, kind: 'folder' };
}

async function* entriesOf(absolute: string): AsyncGenerator<Dirent> {
  try {
    yield* await opendir(absolute);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw mapFileError(error, absolute);
  }
}

async function inspected(page: readonly Found[]): Promise<LakeEntry[]> {
  const stats = await Promise.all(page.map(({ absolute }) => statOf(absolute)));
  return page.flatMap(({ path, kind }, n) => {
    const found = stats[n];
    return found ? [{ path, kind, bytes: kind === 'file' ? found.size : 0, modifiedMs: found.mtimeMs }] : [];
  });
}

async function statOf(absolute: string): Promise<Stats | undefined> {
  return lstat(absolute).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw mapFileError(error, absolute);
  });
}
