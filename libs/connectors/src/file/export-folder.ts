import { randomUUID } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isWeirError, systemCode, toWeirError, WeirError } from '@weir/core';
import type { ExportStore, LocalFile, StoredFile, TaggedFile } from '../export/store';

/** Who holds a pointer needs milliseconds for it; one that stood for so long has stopped. */
const LOCK_MS = 10_000;
const LOOK_EVERY_MS = 25;

/** A folder of this machine, or of a file system that it shares, as the place of an export. */
export class ExportFolder implements ExportStore {
  private constructor(
    readonly name: string,
    private readonly root: string,
    private readonly lockMs: number,
  ) {}

  /** Below `folder`, which must exist; makes what is missing below it. Throws DESTINATION_REFUSED where it may not, and where a link leads elsewhere. */
  static async open(folder: string, path: string, lockMs = LOCK_MS): Promise<ExportFolder> {
    return mapped(path, async () => {
      const above = realpathSync.native(folder);
      const root = join(above, path);
      await makeFolder(root);
      if (!realpathSync.native(root).startsWith(`${above}${sep}`)) throw new WeirError({ code: 'DESTINATION_REFUSED', message: `${path} leads out of the folder for exports over a link.`, place: path });
      return new ExportFolder(path, root, lockMs);
    });
  }

  async read(path: string, mostBytes: number): Promise<TaggedFile | undefined> {
    return this.mapped(path, async () => {
      const file = await ifThere(open(this.at(path), 'r'));
      if (!file) return undefined;
      try {
        if ((await file.stat()).size > mostBytes) throw new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: `${this.name}/${path} has more than ${mostBytes} bytes, which nothing has that Weir writes there.`, place: `${this.name}/${path}` });
        const bytes = await file.readFile();
        return { bytes, tag: bytes.toString('latin1') };
      } finally {
        await file.close();
      }
    });
  }

  async write(path: string, bytes: Buffer): Promise<void> {
    await this.mapped(path, async () => {
      const temporary = await this.temporary(path);
      await writeFlushed(temporary, bytes);
      await this.settle(temporary, path);
    });
  }

  async add(path: string, { file }: LocalFile): Promise<void> {
    await this.mapped(path, async () => {
      const temporary = await this.temporary(path);
      await movedOrCopied(file, temporary);
      await chmod(temporary, 0o644);
      await flush(temporary);
      await this.settle(temporary, path);
    });
  }

  /**
   * The new version lies in a folder that becomes the lock, and is moved from there to its place. Who finds a lock that stands for ten seconds moves it away; whoever had stopped in between then finds nothing there to move. So a process
   * that sleeps for a minute between its look and its move changes nothing.
   */
  async replace(path: string, bytes: Buffer, tag: string | undefined): Promise<boolean> {
    return this.mapped(path, async () => {
      const [target, id] = [this.at(path), randomUUID()];
      const lock = `${target}.lock`;
      const own = `${lock}-${id}`;
      await makeFolder(own);
      try {
        await writeFlushed(join(own, id), bytes);
        await this.acquire(own, lock);
        if ((await ifThere(readFile(target, 'latin1'))) !== tag) return false;
        return await moved(join(lock, id), target);
      } finally {
        await rm(own, { recursive: true, force: true });
        await rm(join(lock, id), { force: true });
        await removeEmpty(lock);
      }
    });
  }

  async list(folder: string): Promise<StoredFile[]> {
    return this.mapped(folder, async () => {
      const names = (await ifThere(readdir(this.at(folder)))) ?? [];
      const found = await Promise.all(names.map(async (name) => ({ path: `${folder}/${name}`, at: await ifThere(stat(this.at(`${folder}/${name}`))) })));
      return found.flatMap(({ path, at }) => (at ? [{ path, modifiedMs: at.mtimeMs }] : []));
    });
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.mapped(path, () => rm(this.at(path), { force: true }));
  }

  close(): void {}

  private at(path: string): string {
    return join(this.root, path);
  }

  /** Beside the file's place. The name begins with a dot: whoever lists a table's files leaves it out. */
  private async temporary(path: string): Promise<string> {
    const target = this.at(path);
    await makeFolder(dirname(target));
    return join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  }

  private async settle(temporary: string, path: string): Promise<void> {
    await rename(temporary, this.at(path));
    await flush(dirname(this.at(path)));
  }

  /** A lock has a file in it while it is held, and no folder can be moved over such a one. */
  private async acquire(own: string, lock: string): Promise<void> {
    let seen: { readonly which: string; readonly since: number } | undefined;
    while (!(await movedOver(own, lock))) {
      const there = await ifThere(lstat(lock));
      const which = there ? `${there.ino} ${there.birthtimeMs}` : '';
      if (seen?.which !== which) seen = { which, since: performance.now() };
      if (performance.now() - seen.since > this.lockMs) await takeAway(lock);
      await delay(LOOK_EVERY_MS);
    }
  }

  private mapped<T>(path: string, body: () => Promise<T>): Promise<T> {
    return mapped(`${this.name}/${path}`, body);
  }
}

async function movedOver(own: string, lock: string): Promise<boolean> {
  try {
    await rename(own, lock);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOTEMPTY' || systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function takeAway(lock: string): Promise<void> {
  const away = `${lock}-${randomUUID()}`;
  await ifThere(rename(lock, away));
  await rm(away, { recursive: true, force: true });
}

/** False where the lock was taken away meanwhile. */
async function moved(next: string, target: string): Promise<boolean> {
  try {
    await rename(next, target);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
  await flush(dirname(target));
  return true;
}

/** Gives back a lock, if it is not somebody else's by now. */
async function removeEmpty(lock: string): Promise<void> {
  await rmdir(lock).catch((error: unknown) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
  });
}

async function movedOrCopied(file: string, target: string): Promise<void> {
  try {
    await rename(file, target);
  } catch (error) {
    // What lies on another disk cannot be moved.
    if (systemCode(error) !== 'EXDEV') throw error;
    await copyFile(file, target);
  }
}

async function writeFlushed(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and its parents so that they survive a crash: the entry of each lies in its parent. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await flush(dirname(made));
    if (made === first) return;
  }
}

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** What a person must change: rights, a file where a folder belongs, a disk that takes nothing. */
const REFUSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT']);

async function mapped<T>(place: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (isWeirError(error)) throw error;
    const code = systemCode(error) ?? '';
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new WeirError({ code: 'DISK_FULL', message: `The disk of the exports is full; ${place} was not written.`, place }, { cause: error });
    if (REFUSED.has(code)) throw new WeirError({ code: 'DESTINATION_REFUSED', message: `${place} cannot be written (${code}).`, place, fix: 'Correct the path, or let the load service write in its folder for exports.' }, { cause: error });
    throw toWeirError(error);
  }
}
