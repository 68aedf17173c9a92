import { open } from 'node:fs/promises';

/** No header that a run accepted is longer. */
const MOST_BYTES = 1024 * 1024;
const [QUOTE, LINE_FEED] = [0x22, 0x0a];

/** The bytes of a CSV file's header with its line end; undefined when the file is gone, or has no header of at most 1 MiB. */
export async function headerOf(path: string): Promise<Buffer | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (!file) return undefined;
  try {
    const bytes = Buffer.alloc(MOST_BYTES);
    const { bytesRead } = await file.read(bytes, 0, MOST_BYTES, 0);
    return firstRecord(bytes.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

function firstRecord(bytes: Buffer): Buffer | undefined {
  let quoted = false;
  for (const [at, byte] of bytes.entries()) {
    if (byte === QUOTE) quoted = !quoted;
    if (byte === LINE_FEED && !quoted) return bytes.subarray(0, at + 1);
  }
  return undefined;
}
