import { open } from 'node:fs/promises';
import type { FileLayout } from '@weir/core';

/** No header that a run accepted is longer. */
const MOST_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/** The bytes of a CSV file's header with its line end; undefined when the file is gone, or has no header of at most 1 MiB. */
export async function headerOf(path: string, { quote, escape, skipLines }: Pick<FileLayout, 'quote' | 'escape' | 'skipLines'>): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (!file) return undefined;
  try {
    const bytes = Buffer.alloc(MOST_BYTES);
    const { bytesRead } = await file.read(bytes, 0, MOST_BYTES, 0);
    return firstRecord(skipped(bytes.subarray(0, bytesRead), skipLines), { quote, escape });
  } finally {
    await file.close();
  }
}

function skipped(bytes: Buffer, lines: number): Buffer {
  let rest = bytes;
  for (let line = 0; line < lines; line++) rest = rest.subarray(rest.indexOf(LINE_FEED) + 1);
  return rest;
}

/** A quote that is escaped by another character opens and closes nothing; of doubled ones the first closes and the second opens. */
function firstRecord(bytes: Buffer, { quote, escape }: Pick<FileLayout, 'quote' | 'escape'>): Buffer | undefined {
  const [quoteByte, escapeByte] = [quote.charCodeAt(0), escape === quote ? -1 : escape.charCodeAt(0)];
  let quoted = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (quoted && byte === escapeByte) at++;
    else if (byte === quoteByte) quoted = !quoted;
    else if (byte === LINE_FEED && !quoted) return bytes.subarray(0, at + 1);
  }
  return undefined;
}
