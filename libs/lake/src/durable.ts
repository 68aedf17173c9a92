import { createHash, type Hash } from 'node:crypto';
import { chmod, link, lstat, mkdir, open, rename, rm, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isWeirError, systemCode, toWeirError, WeirError } from '@weir/core';

/** Size in bytes and hex SHA-256 of a file's content. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

const CHUNK_BYTES = 1024 * 1024;

/** Reads a file once and says its size and hash; file system errors pass through. */
export async function digestFile(path: string, signal?: AbortSignal): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'r');
  try {
    // One buffer, no larger than the file: most files are small, and a new mebibyte for each keeps the garbage collector busy.
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, (await file.stat()).size + 1));
    for (let read = -1; read !== 0; bytes += read) {
      signal?.throwIfAborted();
      read = (await file.read(buffer, 0, buffer.length, null)).bytesRead;
      hash.update(buffer.subarray(0, read));
    }
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** The same; undefined when the file is not there. */
export async function digestIfThere(path: string): Promise<Digest | undefined> {
  return digestFile(path).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** Writes a new file from chunks and flushes it to the disk; the file is removed again when the chunks fail. */
export async function writeDurably(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal?: AbortSignal): Promise<Digest> {
  const file = await open(path, 'wx', 0o600);
  const hash = createHash('sha256');
  try {
    const bytes = await writeAll(file, hash, chunks, signal);
    await file.sync();
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function writeAll(file: { write(chunk: Uint8Array, offset: number): Promise<{ bytesWritten: number }> }, hash: Hash, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
    // A write may take less than it was given, on a disk that is nearly full for one.
    for (let offset = 0; offset < chunk.length; ) offset += (await file.write(chunk, offset)).bytesWritten;
  }
  return bytes;
}

/** Flushes a file's content, or a folder's entries, to the disk. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Moves a flushed file to its final place, read-only, so that a crash leaves either nothing or the whole file there; false where there is a file already. */
export async function settle(temp: string, target: string): Promise<boolean> {
  await makeFolder(dirname(target));
  await chmod(temp, 0o444);
  if (!(await moveIfAbsent(temp, target))) return false;
  await flush(dirname(target));
  return true;
}

/** File systems that have no second names for a file. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP']);

/** A rename would replace what another writer put there at the same moment. */
async function moveIfAbsent(temp: string, target: string): Promise<boolean> {
  try {
    await link(temp, target);
    await rm(temp);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(systemCode(error))) throw error;
    await rename(temp, target);
    return true;
  }
}

/** Makes a folder and its parents so that they survive a crash. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  // A new folder's own entry lies in its parent: flush every parent up to the one that was there before.
  for (let made = path; ; made = dirname(made)) {
    await flush(dirname(made));
    if (made === first) return;
  }
}

export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    },
  );
}

/** Makes a file at least as new as another; false when it is not there. */
export async function touchLike(path: string, other: string): Promise<boolean> {
  const { mtime } = await lstat(other);
  try {
    if ((await lstat(path)).mtime < mtime) await utimes(path, mtime, mtime);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** A file system failure as a WeirError: DISK_FULL, CANCELLED, SEGMENT_CORRUPT for what should be there, INTERNAL otherwise. */
export function mapFileError(error: unknown, path: string): WeirError {
  if (isWeirError(error)) return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return new WeirError({ code: 'DISK_FULL', message: `The disk of the lake is full; ${path} was not written.` }, { cause: error });
  if (code === 'ABORT_ERR' || nameOf(error) === 'AbortError') return new WeirError({ code: 'CANCELLED', message: `Work on ${path} was cancelled.` }, { cause: error });
  if (code === 'ENOENT') return new WeirError({ code: 'SEGMENT_CORRUPT', message: `${path} is missing in the lake.` }, { cause: error });
  return toWeirError(error);
}

function nameOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
}
