import { createHash, randomUUID } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { assertFileSize, type SourceFile } from '@weir/connectors';
import { WeirError } from '@weir/core';
import { rawPath, type Lake, type Segment } from '@weir/lake';
import { reading } from './reading';
import { writeHashed } from './write-hashed';

/** Files up to this size are read into memory whole; larger ones go through a temporary file. */
const SMALL_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

/** Where copies go. */
export interface CopyTarget {
  readonly lake: Lake;
  readonly pipeline: string;
  /** Bare name of the raw dataset. */
  readonly dataset: string;
  /** Absolute folder for temporary files, on the lake's file system. */
  readonly scratch: string;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Copies a source file into the raw zone byte for byte, under the name of its content. A file that changes while it is read is read again,
 * once; throws SOURCE_UNREADABLE naming it when it changes again or cannot be read, SOURCE_MISSING when it is gone, FILE_TOO_LARGE, DISK_FULL, and what the lake throws.
 */
export async function copyFile(file: SourceFile, target: CopyTarget): Promise<Segment> {
  const segment = (await attempt(file, target)) ?? (await attempt(file, target));
  if (segment) return segment;
  throw new WeirError({
    code: 'SOURCE_UNREADABLE',
    message: `${file.path} changes while it is read.`,
    place: file.path,
    fix: 'Write files under another name and rename them when they are complete.',
  });
}

/** Undefined when the file changed under way. */
async function attempt(file: SourceFile, target: CopyTarget): Promise<Segment | undefined> {
  const handle = await reading(file, () => open(file.path, 'r'));
  try {
    const before = await reading(file, () => identify(handle));
    if (!before.isFile) throw new WeirError({ code: 'SOURCE_UNREADABLE', message: `${file.path} is not a file.`, place: file.path, fix: 'Let `source.path` name files.' });
    assertFileSize(before.size, file.path);
    const copied = before.size <= SMALL_BYTES ? await copySmall(handle, before, file, target) : await copyLarge(handle, before, file, target);
    return copied && { path: copied.path, rows: 0, bytes: before.size, sha256: copied.sha256, partitions: [file.partition], source: file.name };
  } finally {
    await handle.close();
  }
}

interface Copied {
  readonly path: string;
  readonly sha256: string;
}

async function copySmall(handle: FileHandle, before: Identity, file: SourceFile, target: CopyTarget): Promise<Copied | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(handle, before.size, file, target)) chunks.push(chunk);
  if (!(await isUnchanged(file, before, chunks))) return undefined;
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const sha256 = hash.digest('hex');
  const path = rawPath(target.pipeline, target.dataset, sha256);
  await target.lake.putStream(path, chunks, target.signal);
  return { path, sha256 };
}

async function copyLarge(handle: FileHandle, before: Identity, file: SourceFile, target: CopyTarget): Promise<Copied | undefined> {
  const temporary = join(target.scratch, randomUUID());
  const copy = await open(temporary, 'wx', 0o600);
  const digest = await writeHashed(copy, temporary, chunksOf(handle, before.size, file, target)).finally(() => copy.close());
  if (!(await isUnchanged(file, before, [{ length: digest.bytes }]))) return undefined;
  const path = rawPath(target.pipeline, target.dataset, digest.sha256);
  await target.lake.adopt(temporary, path, digest);
  return { path, sha256: digest.sha256 };
}

/** The file's bytes; one byte more than it had at first is enough to know that it grew. */
async function* chunksOf(handle: FileHandle, size: number, file: SourceFile, { signal, onBytes }: CopyTarget): AsyncGenerator<Buffer> {
  for (let position = 0; position <= size; ) {
    if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: `Cancelled while reading ${file.path}.` });
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - position + 1));
    const { bytesRead } = await reading(file, () => handle.read(buffer, 0, buffer.length, position));
    if (bytesRead === 0) return;
    position += bytesRead;
    onBytes(bytesRead);
    yield buffer.subarray(0, bytesRead);
  }
}

/** What changes when a file is written to or replaced. */
interface Identity {
  readonly inode: bigint;
  readonly size: number;
  readonly modified: bigint;
  readonly isFile: boolean;
}

async function identify(file: FileHandle | string): Promise<Identity> {
  const found = typeof file === 'string' ? await stat(file, { bigint: true }) : await file.stat({ bigint: true });
  return { inode: found.ino, size: Number(found.size), modified: found.mtimeNs, isFile: found.isFile() };
}

async function isUnchanged(file: SourceFile, before: Identity, read: readonly { length: number }[]): Promise<boolean> {
  const after = await reading(file, () => identify(file.path));
  const bytes = read.reduce((sum, { length }) => sum + length, 0);
  return bytes === before.size && after.size === before.size && after.inode === before.inode && after.modified === before.modified;
}
