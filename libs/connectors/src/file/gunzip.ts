import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { WeirError } from '@weir/core';
import { readChunks } from './read-chunks';
import type { Inflated } from './zstd/unzstd';

const PIECE_BYTES = 256 * 1024;

/**
 * Inflates a gzip file of one or more members, in pieces. Zeros may follow the last one, as on tapes. Throws FILE_TRUNCATED for a file that stops inside a member,
 * FILE_MALFORMED for what is no gzip or does not match its checksum, CANCELLED; errors of the file system pass through.
 */
export async function* gunzip(path: string, name: string, signal: AbortSignal | undefined): AsyncGenerator<Inflated> {
  const inflater = createGunzip({ chunkSize: PIECE_BYTES });
  // It fails too where the inflater has had enough, which is judged below.
  const fed = pipeline(Readable.from(readChunks(path, signal)), inflater).catch(() => undefined);
  try {
    for await (const bytes of inflater) yield { bytes: bytes as Buffer, consumed: inflater.bytesWritten };
  } catch (error) {
    throw mapError(error, name, inflater.bytesWritten);
  } finally {
    inflater.destroy();
    await fed;
  }
  await expectZeros(path, name, inflater.bytesWritten, signal);
}

function mapError(error: unknown, name: string, at: number): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return new WeirError({ code: 'FILE_TRUNCATED', message: `The gzip file stops at byte ${at}, inside its data.`, place: name }, { cause: error });
  if (!code.startsWith('Z_')) return error;
  return new WeirError({ code: 'FILE_MALFORMED', message: `The gzip file is corrupt, at or after byte ${at}: ${message}.`, place: name }, { cause: error });
}

async function expectZeros(path: string, name: string, from: number, signal: AbortSignal | undefined): Promise<void> {
  if ((await stat(path)).size === from) return;
  let at = 0;
  for await (const chunk of readChunks(path, signal)) {
    const rest = chunk.subarray(Math.max(0, from - at));
    if (rest.some((byte) => byte !== 0)) throw new WeirError({ code: 'FILE_MALFORMED', message: `Something that is no gzip follows the gzip data, from byte ${from} on.`, place: name });
    at += chunk.length;
  }
}
