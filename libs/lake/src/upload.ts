import { open } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { WeirError } from '@weir/core';
import { putIfAbsent, putPartsIfAbsent, type Bucket } from '@weir/s3';
import type { Digest } from './durable';

/** Files up to this size go with one request, larger ones in parts of it: what one write holds in memory. */
const PART_BYTES = 8 * 1024 * 1024;
/** S3 takes so many parts; a larger file has larger ones. */
const MAX_PARTS = 10_000;

/** How a writer's hash is kept with the object: in hex. */
export const SHA256 = 'sha256';

/** Where a file goes. */
export interface UploadTarget {
  readonly bucket: Bucket;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Of the parts; for tests. */
  readonly partBytes?: number | undefined;
}

/** Writes a file of this machine as an object with its hash, where there is none; false where there is one. Throws SEGMENT_CORRUPT for a file that is no longer what `digest` says, and what the bucket throws. */
export async function uploadIfAbsent(file: string, digest: Digest, { bucket, key, signal, partBytes = PART_BYTES }: UploadTarget): Promise<boolean> {
  const words = { metadata: { [SHA256]: digest.sha256 } };
  const parts = partsOf(file, digest, Math.max(partBytes, Math.ceil(digest.bytes / MAX_PARTS)));
  if (digest.bytes > partBytes) return putPartsIfAbsent(bucket, key, parts, words, signal);
  const chunks: Buffer[] = [];
  for await (const part of parts) chunks.push(part);
  return putIfAbsent(bucket, key, Buffer.concat(chunks), words, signal);
}

/** The last part comes only when all are what was hashed before. */
async function* partsOf(file: string, { bytes, sha256 }: Digest, partBytes: number): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  try {
    for (let position = 0; position < bytes; ) {
      const part = await handle.read(Buffer.allocUnsafe(Math.min(partBytes, bytes - position)), 0, undefined, position);
      if (part.bytesRead === 0) break;
      position += part.bytesRead;
      const read = part.buffer.subarray(0, part.bytesRead);
      hash.update(read);
      if (position === bytes && hash.digest('hex') !== sha256) throw changed(file);
      yield read;
      if (position === bytes) return;
    }
    if (bytes > 0) throw changed(file);
  } finally {
    await handle.close();
  }
}

function changed(file: string): WeirError {
  return new WeirError({ code: 'SEGMENT_CORRUPT', message: `${file} changed after it was written.`, fix: 'Run again.' });
}
