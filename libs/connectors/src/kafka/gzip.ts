import { gunzipSync, gzipSync } from 'node:zlib';
import type { BatchFault } from './batch-fault';

/** Inflates gzip to at most `limit` bytes. */
export function inflateGzip(bytes: Buffer, limit: number): Buffer | BatchFault {
  // zlib fills one chunk after the other and joins them: a chunk that fits nearly always saves the joining.
  const chunkSize = Math.min(Math.max(8 * bytes.length, 16 * 1024), 1024 * 1024);
  try {
    return gunzipSync(bytes, { maxOutputLength: limit, chunkSize });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'inflated_too_large' : 'compressed_corrupt';
  }
}

export function deflateGzip(bytes: Buffer): Buffer {
  return gzipSync(bytes);
}
