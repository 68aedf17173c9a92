import { createHash } from 'node:crypto';
import { readChunks } from './read-chunks';
import type { LineRun } from './record-book';

/** What every scan takes, whatever the format. */
export interface FileScanOptions {
  /** The file's name for people. */
  readonly name: string;
  readonly signal?: AbortSignal | undefined;
  /** Takes the records after which lines no longer follow from ordinals: after one of several lines, a damaged one or a blank line. */
  readonly onLineRun?: ((run: LineRun) => void) | undefined;
  /** Called between chunks of at most 1 MiB with the bytes read so far; awaited. */
  readonly onChunk?: ((bytes: number) => Promise<void> | void) | undefined;
}

/** Reads a file once, in chunks that `push` takes. Errors of the file system pass through. */
export async function scanFile(path: string, { signal, onChunk }: Pick<FileScanOptions, 'signal' | 'onChunk'>, push: (chunk: Buffer) => void): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readChunks(path, signal)) {
    hash.update(chunk);
    push(chunk);
    bytes += chunk.length;
    await onChunk?.(bytes);
  }
  return { bytes, sha256: hash.digest('hex') };
}
