import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { compressionOf, writePlain } from '@weir/connectors';
import type { FileLayout } from '@weir/core';

const CHUNK_BYTES = 1024 * 1024;

/** A raw file as its format is read: plain, UTF-8. */
export interface PlainFile {
  /** Absolute: the raw file, or what was made of it. */
  readonly path: string;
  /** Of the raw file as it came; undefined where the path is the raw file. */
  readonly rawSha256: string | undefined;
}

export interface PlainCall {
  readonly name: string;
  /** Absolute path for the plain file, where one is made. */
  readonly to: string;
  readonly signal: AbortSignal;
}

/**
 * Inflates a raw file and brings it to UTF-8, where it is compressed or of another encoding; Parquet is neither. Offsets in it are those of the text.
 * Throws FILE_MALFORMED and FILE_TRUNCATED for what cannot be inflated, FILE_TOO_LARGE for what stands for more than a hundred times its size.
 */
export async function plainFile(raw: string, layout: FileLayout, { name, to, signal }: PlainCall): Promise<PlainFile> {
  if (layout.format === 'parquet') return { path: raw, rawSha256: undefined };
  const compression = await compressionOf(raw, name, layout.compression);
  const encoding = layout.format === 'csv' ? layout.encoding : 'utf-8';
  if (compression === undefined && encoding === 'utf-8') return { path: raw, rawSha256: undefined };
  const rawSha256 = await hashOf(raw, signal);
  await writePlain(raw, to, { name, compression, encoding, signal });
  return { path: to, rawSha256 };
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
