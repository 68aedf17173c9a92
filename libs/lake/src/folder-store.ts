import { randomUUID } from 'node:crypto';
import type { Dirent, Stats } from 'node:fs';
import { lstat, mkdir, open, opendir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode, WeirError } from '@weir/core';
import { digestFile, digestIfThere, flush, mapFileError, settle, touchLike, type Digest } from './durable';
import { SWEEP_PAGE, type Hold, type LakeEntry, type LakeStore, type StoredFile } from './store';

/** How often a file that comes and goes is looked at. */
const MAX_PLACES = 5;

/** The lake as a folder of a file system that all services share. What it puts is on the disk when a call returns. */
export class FolderStore implements LakeStore {
  /** Writes that flush to the disk at once. */
  readonly concurrentWrites = 8;

  /** `absolute` gives the place of a path, and throws INVALID_VALUE for one that leads out of the folder. */
  constructor(private readonly absolute: (path: string) => string) {}

  async probe(): Promise<void> {
    await lstat(this.absolute('tmp')).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw mapFileError(error, 'tmp');
    });
  }

  async place(file: string, path: string): Promise<Digest | undefined> {
    const target = this.absolute(path);
    await flush(file);
    // A file that is there already is wanted again: the time of the new copy keeps the collector away from it. One that the collector took just now is written anew.
    for (let turn = 0; turn < MAX_PLACES; turn += 1) {
      const found = (await touchLike(target, file)) ? await digestIfThere(target) : undefined;
      if (found) await rm(file, { force: true });
      if (found || (await settle(file, target))) return found;
    }
    throw new WeirError({ code: 'BUSY', message: `${path} came and went ${MAX_PLACES} times while it was written.`, place: path });
  }

  async find(path: string): Promise<StoredFile | undefined> {
    const found = await statOf(this.absolute(path));
    return found && { bytes: found.size, modifiedMs: found.mtimeMs };
  }

  digest(path: string): Promise<Digest> {
    return digestFile(this.absolute(path));
  }

  async read(path: string, most: number): Promise<Buffer> {
    const file = await open(this.absolute(path), 'r');
    try {
      const bytes = Buffer.alloc(Math.min(most, (await file.stat()).size));
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) read = (await file.read(bytes, length, bytes.length - length, length)).bytesRead;
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  }

  /** Every file is here already; what a reader has open stays readable when it is removed. */
  hold(): Hold {
    const take = async (paths: readonly string[]): Promise<void> => {
      for (const path of paths) if (!(await statOf(this.absolute(path)))) throw mapFileError(Object.assign(new Error('no such file'), { code: 'ENOENT' }), path);
    };
    return { take, release: () => undefined };
  }

  async names(folder: string): Promise<string[]> {
    return readdir(this.absolute(folder)).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
      return [];
    });
  }

  /** Memory does not grow with the number of files; symbolic links are neither followed nor listed. */
  async *list(folder: string): AsyncGenerator<readonly LakeEntry[]> {
    let page: Found[] = [];
    for await (const found of walk(this.absolute(folder), folder)) {
      page.push(found);
      if (page.length < SWEEP_PAGE) continue;
      yield await inspected(page);
      page = [];
    }
    if (page.length > 0) yield await inspected(page);
  }

  /** The file is moved aside before it is looked at: whoever wants it afterwards does not find it and writes it again. */
  async removeUntouched(path: string, beforeMs: number): Promise<boolean> {
    const file = this.absolute(path);
    const aside = this.absolute(`tmp/removed-${randomUUID()}`);
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
      if (systemCode(error) === 'ENOENT') return false;
      throw mapFileError(error, path);
    }
  }

  remove(path: string): Promise<void> {
    return rm(this.absolute(path), { recursive: true, force: true });
  }

  async removeEmptyFolders(folder: string, depth: number): Promise<void> {
    for (let path = folder; path.split('/').length >= depth; path = dirname(path)) {
      try {
        await rmdir(this.absolute(path));
      } catch (error) {
        if (systemCode(error) === 'ENOENT') continue;
        if (systemCode(error) === 'ENOTEMPTY' || systemCode(error) === 'EEXIST') return;
        throw mapFileError(error, path);
      }
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
    if (systemCode(error) !== 'ENOENT') throw mapFileError(error, absolute);
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
    if (systemCode(error) === 'ENOENT') return undefined;
    throw mapFileError(error, absolute);
  });
}
