import { open, type FileHandle } from 'node:fs/promises';
import { INDEX_STRIDE, type RecordScan } from './record-book';
import { MAX_RECORD_BYTES } from './record-machine';

const BLOCK_BYTES = 256 * 1024;

/** A whole record found again; offset in bytes. */
export interface FoundRecord {
  readonly ordinal: number;
  readonly offset: number;
  readonly line: number;
  /** The original bytes without the line end, a copy. */
  readonly bytes: Buffer;
}

/** Where a reader begins: at a record of the index. */
export interface Entry {
  readonly offset: number;
  readonly line: number;
}

/** Splits bytes into records as the scan did; `end` is for the end of the file. */
export interface RecordReader {
  push(chunk: Buffer): void;
  end(): void;
}

/** Takes each whole record; the bytes are valid during the call. */
export type RecordTaker = (offset: number, line: number, bytes: Buffer) => void;

export type OpenReader = (entry: Entry, take: RecordTaker) => RecordReader;

/** The given whole records of a file (ordinals ascending), read from the nearest entries of the index. Reads each stretch of the file at most once. The file must be the one that was scanned. */
export async function* findIn(path: string, scan: RecordScan<unknown>, ordinals: readonly number[], openReader: OpenReader): AsyncGenerator<FoundRecord> {
  const file = await open(path, 'r');
  try {
    for (let from = 0; from < ordinals.length; ) {
      const entry = Math.floor((ordinals[from] as number) / INDEX_STRIDE);
      let to = from;
      while (to < ordinals.length && Math.floor((ordinals[to] as number) / INDEX_STRIDE) === entry) to++;
      yield* await readEntry(file, scan, entry, new Set(ordinals.slice(from, to)), openReader);
      from = to;
    }
  } finally {
    await file.close();
  }
}

/** The records of one index entry: at most 256 of at most 1 MiB, usually some kilobytes. */
async function readEntry(file: FileHandle, { index, bytes: size }: RecordScan<unknown>, entry: number, ordinals: ReadonlySet<number>, openReader: OpenReader): Promise<FoundRecord[]> {
  const found: FoundRecord[] = [];
  const start = index.offsets[entry] ?? 0;
  let ordinal = entry * INDEX_STRIDE;
  const reader = openReader({ offset: start, line: index.lines[entry] ?? 1 }, (offset, line, bytes) => {
    if (ordinals.has(ordinal)) found.push({ ordinal, offset, line, bytes: Buffer.from(bytes) });
    ordinal++;
  });
  const end = index.offsets[entry + 1] ?? size;
  for (let at = start; at < end; at += BLOCK_BYTES) reader.push(await readRange(file, at, Math.min(BLOCK_BYTES, end - at)));
  if (end === size) reader.end();
  return found;
}

/** Bytes of a file, at most 1 MiB of them. */
export async function readRange(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const wanted = Math.min(length, MAX_RECORD_BYTES);
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
  return buffer.subarray(0, bytesRead);
}
