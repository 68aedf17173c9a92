import { open, type FileHandle } from 'node:fs/promises';
import { dialectBytes, type CsvDialect } from './csv-dialect';
import { INDEX_STRIDE } from './record-book';
import { MAX_RECORD_BYTES, RecordMachine } from './record-machine';
import type { CsvScan } from './scan';

const BLOCK_BYTES = 256 * 1024;

/** A whole record found again; offset in bytes. */
export interface FoundRecord {
  readonly ordinal: number;
  readonly offset: number;
  readonly line: number;
  /** The original bytes without the line end, a copy. */
  readonly bytes: Buffer;
}

export interface FindOptions extends CsvDialect {
  readonly name: string;
}

/**
 * The original bytes of the given whole records (ordinals ascending, 0 is the first after the header), read from the nearest entry of the
 * index. Reads each stretch of the file at most once. The file must be the one that was scanned.
 */
export async function* findRecords(path: string, scan: CsvScan, ordinals: readonly number[], options: FindOptions): AsyncGenerator<FoundRecord> {
  const file = await open(path, 'r');
  try {
    for (let from = 0; from < ordinals.length; ) {
      const entry = Math.floor((ordinals[from] as number) / INDEX_STRIDE);
      let to = from;
      while (to < ordinals.length && Math.floor((ordinals[to] as number) / INDEX_STRIDE) === entry) to++;
      yield* await readEntry(file, scan, entry, ordinals.slice(from, to), options);
      from = to;
    }
  } finally {
    await file.close();
  }
}

/** The records of one index entry: at most 256 of at most 1 MiB, usually some kilobytes. */
async function readEntry(file: FileHandle, scan: CsvScan, entry: number, ordinals: readonly number[], options: FindOptions): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  const start = scan.index.offsets[entry] ?? 0;
  const oneColumn = scan.header.length === 1;
  let ordinal = entry * INDEX_STRIDE;
  const machine = new RecordMachine(
    { name: options.name, ...dialectBytes(options), columns: scan.header.length, offset: start, line: scan.index.lines[entry] },
    (span, bytes) => {
      if (span.damage || !bytes || (span.length === 0 && !oneColumn)) return;
      if (ordinals.includes(ordinal)) found.push({ ordinal, offset: span.offset, line: span.line, bytes: Buffer.from(bytes) });
      ordinal++;
    },
  );
  const end = scan.index.offsets[entry + 1] ?? scan.bytes;
  for (let at = start; at < end; at += BLOCK_BYTES) machine.push(await readRange(file, at, Math.min(BLOCK_BYTES, end - at)));
  machine.end();
  return found;
}

/** Bytes of a file, at most 1 MiB of them. */
export async function readRange(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const wanted = Math.min(length, MAX_RECORD_BYTES);
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
  return buffer.subarray(0, bytesRead);
}
