import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { FileLayout } from '@weir/core';
import type { Compression } from './compression';
import { inflateFile, type InflateOptions } from './inflate-file';
import { readChunks } from './read-chunks';
import { recode } from './recode';

export interface PlainOptions extends InflateOptions {
  /** As compressionOf says; none when absent. */
  readonly compression?: Compression | undefined;
  /** UTF-8 when absent. */
  readonly encoding?: FileLayout['encoding'] | undefined;
  /** Called between pieces with the bytes of the file that were read so far; awaited. */
  readonly onChunk?: ((bytes: number) => Promise<void> | void) | undefined;
}

/** A file of plain UTF-8 that was made of another one. */
export interface PlainFile {
  readonly bytes: number;
  /** Hex SHA-256. */
  readonly sha256: string;
}

/**
 * Writes the text of a file, inflated and as UTF-8, to a new file. Lines stay what they are; offsets in it are those of the text and not of the file that it was made of.
 * Throws what inflateFile and recode throw, and leaves no file then.
 */
export async function writePlain(path: string, to: string, options: PlainOptions): Promise<PlainFile> {
  const file = await open(to, 'wx');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of plainChunks(path, options)) {
      hash.update(chunk);
      bytes += chunk.length;
      await file.appendFile(chunk);
    }
    return { bytes, sha256: hash.digest('hex') };
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** The text of a file in pieces, as writePlain writes it. */
export function plainChunks(path: string, options: PlainOptions): AsyncIterable<Buffer> {
  const { name, compression, encoding = 'utf-8' } = options;
  return recode(compression ? inflated(path, compression, options) : raw(path, options), encoding, name);
}

async function* inflated(path: string, compression: Compression, options: PlainOptions): AsyncGenerator<Buffer> {
  for await (const { bytes, consumed } of inflateFile(path, compression, options)) {
    yield bytes;
    await options.onChunk?.(consumed);
  }
}

async function* raw(path: string, { signal, onChunk }: PlainOptions): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const chunk of readChunks(path, signal)) {
    yield chunk;
    read += chunk.length;
    await onChunk?.(read);
  }
}
