import { JsonReader } from './json-reader';
import { RecordBook, type RecordScan } from './record-book';
import { scanFile, type FileScanOptions } from './scan-file';
import type { DamagedJson } from './scan-ndjson';

/** What one pass over the bytes of a JSON file tells. Its records are the elements of an array, and `line` is their number in it, from 1; or the one object that the file is. */
export interface JsonScan extends RecordScan<DamagedJson> {
  readonly array: boolean;
}

export interface RecordsOptions {
  /** Names of the fields that lead to the array, such as `data.items`; empty or absent where the file is the array. */
  readonly records?: string | undefined;
}

/**
 * Reads a JSON file once, in chunks, and says what it holds: an array of any size, or one object, as a whole or below the fields that `records` names. The engine does not read it as it is: `rewriteJson` makes lines of it. An element that
 * is no JSON is a record all the same: the engine finds that out. Memory is bounded by one chunk, one element and 16 bytes per 256 elements.
 * Throws FILE_MALFORMED (empty, neither array nor object, not sure where elements begin, too much damage) and FILE_TRUNCATED, with `name:line` as place, where the line is that of the file, and
 * with the offset in the message; errors of the file system pass through.
 */
export async function scanJson(path: string, { name, records, signal, onLineRun, onChunk }: FileScanOptions & RecordsOptions): Promise<JsonScan> {
  const book = new RecordBook<DamagedJson>(name, onLineRun);
  const reader = new JsonReader({ name, records }, ({ offset, length, number: line, damage }) => {
    if (damage) book.setAside({ offset, length, line, damage });
    else book.admit(offset, line);
  });
  const read = await scanFile(path, { signal, onChunk }, (chunk) => reader.push(chunk));
  const array = reader.end();
  return { ...read, ...book.close(), array };
}
