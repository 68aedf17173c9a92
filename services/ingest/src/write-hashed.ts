import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mapFileError, type Digest } from '@weir/lake';

/** Writes chunks as they come, and says what the file has then. Throws DISK_FULL naming `path`, and what the chunks throw, as it is. */
export async function writeHashed(file: FileHandle, path: string, chunks: AsyncIterable<Buffer>): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
    await file.writeFile(chunk).catch((error: unknown) => {
      throw mapFileError(error, path);
    });
  }
  return { bytes, sha256: hash.digest('hex') };
}
