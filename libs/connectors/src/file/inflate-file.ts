import { WeirError } from '@weir/core';
import type { Compression } from './compression';
import { MAX_FILE_BYTES } from './file-bound';
import { gunzip } from './gunzip';
import { assertWanted, readChunks } from './read-chunks';
import { ZstdCut } from './zstd/byte-queue';
import { unzstd, type Inflated } from './zstd/unzstd';
import { ZstdFault } from './zstd/zstd-fault';

/**
 * Most bytes that a compressed byte may stand for, in the whole that was read so far. Text of many like rows is packed 5 to 30 times smaller, and gzip cannot do better than 1,030 times.
 * A small file may be of like rows only, so the first bytes are not counted.
 */
const MAX_RATIO = 100;
const UNCOUNTED_BYTES = 16 * 1024 * 1024;

export interface InflateOptions {
  /** The file's name for people. */
  readonly name: string;
  /** MAX_FILE_BYTES when absent. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Inflates a file, in pieces of at most 256 KiB. Memory is bounded by them and, for zstd, by the window, at most 128 MiB, which grows with what is inflated.
 * Throws FILE_TRUNCATED, FILE_MALFORMED (corrupt, something behind the end, a dictionary or a larger window asked for), FILE_TOO_LARGE (more than 100 times the size of the file, or larger than allowed), CANCELLED;
 * errors of the file system pass through.
 */
export async function* inflateFile(path: string, compression: Compression, options: InflateOptions): AsyncGenerator<Inflated> {
  const { name, maxBytes = MAX_FILE_BYTES, signal } = options;
  let total = 0;
  for await (const piece of compression === 'gzip' ? gunzip(path, name, signal) : unzstdFile(path, name, signal)) {
    // One chunk of the file may stand for 100 MiB.
    assertWanted(signal, name);
    total += piece.bytes.length;
    if (total > maxBytes) throw refused(`The file is more than ${maxBytes} bytes when it is inflated, and that is the most.`, name);
    if (total > UNCOUNTED_BYTES + MAX_RATIO * piece.consumed) throw refused(`The file inflates to more than ${MAX_RATIO} times its size: the first ${piece.consumed} bytes stand for ${total} and more.`, name);
    yield piece;
  }
}

function refused(message: string, place: string): WeirError {
  return new WeirError({ code: 'FILE_TOO_LARGE', message, place, fix: 'Have the producer write the file in parts, or without compression.' });
}

async function* unzstdFile(path: string, name: string, signal: AbortSignal | undefined): AsyncGenerator<Inflated> {
  try {
    yield* unzstd(readChunks(path, signal));
  } catch (error) {
    if (error instanceof ZstdCut) throw new WeirError({ code: 'FILE_TRUNCATED', message: 'The zstd file stops inside a frame.', place: name }, { cause: error });
    if (error instanceof ZstdFault) throw new WeirError({ code: 'FILE_MALFORMED', message: `The zstd file cannot be read: ${error.message}.`, place: name }, { cause: error });
    throw error;
  }
}
