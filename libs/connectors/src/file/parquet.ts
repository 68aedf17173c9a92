import { open } from 'node:fs/promises';
import { WeirError } from '@weir/core';

const MAGIC = 'PAR1';
/** The same, with a footer that is encrypted. */
const ENCRYPTED = 'PARE';
/** Length of the footer and the magic bytes. */
const TAIL_BYTES = 8;

/**
 * Looks at both ends of a Parquet file, before an engine does: it looks at the last one only, and cannot tell a file that was cut from one that never was Parquet. What lies between is the
 * engine's to judge. Throws FILE_TRUNCATED and FILE_MALFORMED with the file as place; errors of the file system pass through.
 */
export async function checkParquet(path: string, name: string): Promise<void> {
  const { start, tail, size } = await readEnds(path);
  const malformed = (message: string, fix?: string): WeirError => new WeirError({ code: 'FILE_MALFORMED', message, place: name, fix });
  const cut = (message: string): WeirError => new WeirError({ code: 'FILE_TRUNCATED', message, place: name });
  if (start === ENCRYPTED || (start === MAGIC && tail.endsWith(ENCRYPTED))) throw malformed('The Parquet file is encrypted.', 'Have the producer write it without encryption.');
  if (!MAGIC.startsWith(start)) throw malformed('The file is not Parquet: it does not begin with PAR1.');
  if (size < MAGIC.length + TAIL_BYTES) throw cut(`The Parquet file has ${size} bytes: its footer is missing.`);
  if (!tail.endsWith(MAGIC)) throw cut('The Parquet file ends without its footer.');
  const footer = Buffer.from(tail, 'latin1').readUInt32LE();
  if (footer + TAIL_BYTES + MAGIC.length > size) throw malformed(`The footer of the Parquet file is ${footer} bytes by its last bytes, and the file ${size}.`);
}

/** One character per byte. */
async function readEnds(path: string): Promise<{ start: string; tail: string; size: number }> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const read = async (at: number, length: number): Promise<string> => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at);
      return buffer.subarray(0, bytesRead).toString('latin1');
    };
    return { start: await read(0, MAGIC.length), tail: await read(Math.max(0, size - TAIL_BYTES), TAIL_BYTES), size };
  } finally {
    await file.close();
  }
}
