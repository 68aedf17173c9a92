import { stat } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { grainMs, partitionsOf, WeirError, WHOLE, type FileSource, type Interval } from '@weir/core';
import { datedPaths } from './dated-paths';
import { matchFiles } from './wildcard';

/** Most files of one slice: keeps manifests and answers within their sizes. */
export const MAX_FILES = 20_000;
/** Questions to the file system at a time. */
const CONCURRENT_STATS = 32;

/** A file that belongs to a slice. */
export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  /** Relative to the source's folder, for people. */
  readonly name: string;
  readonly partition: string;
}

/** The part of a source that belongs to an interval. */
export interface SourceSlice {
  /** All partitions of the interval, those without a file included. */
  readonly partitions: readonly string[];
  /** In the order of partitions, then names. */
  readonly files: readonly SourceFile[];
}

/**
 * The files of an interval: one for each day (`{date}`) or hour (`{hour}`) of it, one for each grain of minutes (`{minute}`), or all that match the path when there are no intervals.
 * Throws SOURCE_MISSING, naming the path, when the source's folder is not there, and when a file is not and `empty` is not `allow`;
 * INVALID_INTERVAL when the interval and the path do not go together.
 */
export async function sliceSource(source: Pick<FileSource, 'path' | 'empty'>, interval: Interval | undefined, grain: string | undefined): Promise<SourceSlice> {
  const base = baseFolder(source.path);
  await assertFolder(base);
  const slice = interval && grain ? await datedFiles(source, base, interval, grain) : await allFiles(source, base);
  if (slice.files.length > MAX_FILES) {
    throw new WeirError({ code: 'INVALID_VALUE', message: `${source.path} names ${slice.files.length} files, more than ${MAX_FILES}.`, place: source.path, fix: 'Use a narrower path or a smaller interval.' });
  }
  return slice;
}

/** The deepest folder of a path that is the same for all its files. */
export function baseFolder(path: string): string {
  const open = path.search(/[*?{]/);
  return open < 0 ? dirname(path) : path.slice(0, path.lastIndexOf('/', open)) || '/';
}

/** Throws SOURCE_MISSING unless the folder is there. */
export async function assertFolder(base: string): Promise<void> {
  const found = await stat(base).catch((error: unknown) => error as NodeJS.ErrnoException);
  if ('isDirectory' in found && found.isDirectory()) return;
  throw missing(`The folder ${base} does not exist.`, base, 'Create the folder, or correct `source.path`.');
}

async function allFiles({ path, empty }: Pick<FileSource, 'path' | 'empty'>, base: string): Promise<SourceSlice> {
  if (path.includes('{')) throw new WeirError({ code: 'INVALID_INTERVAL', message: `${path} needs an interval.`, place: path });
  const names = await matchFiles(base, relative(base, path));
  if (names.length === 0 && empty !== 'allow') throw missing(`No file matches ${path}.`, path);
  return { partitions: [WHOLE], files: names.map((name) => ({ path: `${base === '/' ? '' : base}/${name}`, name, partition: WHOLE })) };
}

async function datedFiles({ path, empty }: Pick<FileSource, 'path' | 'empty'>, base: string, interval: Interval, grain: string): Promise<SourceSlice> {
  const partitions = partitionsOf(interval, grain);
  const wanted = partitions.flatMap((partition) => datedPaths(path, partition, grainMs(grain)).map((file) => ({ path: file, name: relative(base, file), partition })));
  const files: SourceFile[] = [];
  for (let from = 0; from < wanted.length; from += CONCURRENT_STATS) {
    const batch = wanted.slice(from, from + CONCURRENT_STATS);
    const present = await Promise.all(batch.map((file) => isThere(file.path)));
    for (const [at, file] of batch.entries()) {
      if (present[at]) files.push(file);
      else if (empty !== 'allow') throw missing(`The file of the interval ${file.partition} is missing: ${file.path}.`, file.path);
    }
  }
  return { partitions, files };
}

/** Whatever else is wrong with the file shows when it is read. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
}

function missing(message: string, place: string, fix?: string): WeirError {
  return new WeirError({ code: 'SOURCE_MISSING', message, place, fix });
}
