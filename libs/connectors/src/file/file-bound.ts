import { WeirError } from '@weir/core';

/** Most bytes of a file, and of a compressed one once it is inflated. */
export const MAX_FILE_BYTES = 16 * 1024 ** 3;

/** Throws FILE_TOO_LARGE, with `place`, for a file of more than MAX_FILE_BYTES. */
export function assertFileSize(bytes: number, place: string): void {
  if (bytes > MAX_FILE_BYTES) throw new WeirError({ code: 'FILE_TOO_LARGE', message: `${place} has ${bytes} bytes; a file has at most ${MAX_FILE_BYTES}.`, place });
}
