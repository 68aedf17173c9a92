import { WeirError } from '@weir/core';

/** What copies for the engine begin with: it takes the first one that it finds at the start of a file away, and that may be of a record. */
export const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Length in bytes of the byte order mark that a file begins with; FILE_MALFORMED for those of UTF-16 and UTF-32. */
export function byteOrderMark(start: Buffer, name: string): number {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 3;
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) {
    throw new WeirError({ code: 'FILE_MALFORMED', message: 'The file is UTF-16, not UTF-8.', place: `${name}:1`, fix: 'Have the producer write UTF-8; of CSV, `source.encoding: utf-16` does too.' });
  }
  return 0;
}
