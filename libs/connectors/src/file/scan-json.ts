import { createHash } from 'node:crypto';
import { byteOrderMark } from './byte-order-mark';
import { JsonMachine } from './json-machine';
import { readChunks } from './read-chunks';
import { RecordBook, type RecordScan } from './record-book';
import type { DamagedJson, JsonScanOptions } from './scan-ndjson';

/** What one pass over the bytes of a JSON file tells. Its records are the elements of an array, and `line` is their number in it, from 1; or the one object that the file is. */
export interface JsonScan extends RecordScan<DamagedJson> {
  readonly array: boolean;
}

/**
 * Reads a JSON file once, in chunks, and says what it holds: an array of any size, or one object. The engine does not read it as it is: `rewriteJson` makes lines of it. An element that
 * is no JSON is a record all the same: the engine finds that out. Memory is bounded by one chunk, one element and 16 bytes per 256 elements.
 * Throws FILE_MALFORMED (empty, neither array nor object, not sure where elements begin, too much damage) and FILE_TRUNCATED, with `name:line` as place, where the line is that of the file, and
 * with the offset in the message; errors of the file system pass through.
 */
export async function scanJson(path: string, { name, signal, onLineRun, onChunk }: JsonScanOptions): Promise<JsonScan> {
  const book = new RecordBook<DamagedJson>(name, onLineRun);
  const hash = createHash('sha256');
  let machine: JsonMachine | undefined;
  let bytes = 0;
  for await (const chunk of readChunks(path, signal)) {
    hash.update(chunk);
    const from = machine ? 0 : byteOrderMark(chunk, name);
    machine ??= new JsonMachine({ name, offset: from }, ({ offset, length, number: line, damage }) => {
      if (damage) book.setAside({ offset, length, line, damage });
      else book.admit(offset, line);
    });
    machine.push(chunk.subarray(from));
    bytes += chunk.length;
    await onChunk?.(bytes);
  }
  machine ??= new JsonMachine({ name, offset: 0 }, () => undefined);
  machine.end();
  return { bytes, sha256: hash.digest('hex'), ...book.close(), array: machine.array };
}
