import { createHash } from 'node:crypto';
import { WeirError } from '@weir/core';
import { readChunks } from './read-chunks';
import { RecordMachine, type Damage, type RecordSpan } from './record-machine';
import { splitRecord } from './split-record';

/** Whole records between two entries of the index. */
export const INDEX_STRIDE = 256;

/** Damaged records of one file that are kept apart; a file with more is not usable as a whole. Bounds memory. */
export const MAX_DAMAGED = 100_000;

/** A record that cannot become a row; offset and length in bytes, without its line end. */
export interface DamagedRecord {
  readonly offset: number;
  readonly length: number;
  readonly line: number;
  readonly damage: Damage;
  readonly fields: number;
}

/** From this whole record on (0 is the first after the header), line = ordinal + shift. */
export interface LineRun {
  readonly ordinal: number;
  readonly shift: number;
}

/** Every 256th whole record, so that any record's bytes can be found again. */
export interface RecordIndex {
  readonly offsets: readonly number[];
  readonly lines: readonly number[];
}

/** What one pass over the bytes of a CSV file tells. */
export interface CsvScan {
  readonly bytes: number;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
  readonly header: readonly string[];
  /** Whole records, the header and `damaged` left out. */
  readonly records: number;
  readonly damaged: readonly DamagedRecord[];
  readonly index: RecordIndex;
  /** `line = ordinal + shift` for the records before the first line run that was handed out. */
  readonly shift: number;
  /** The engine reads this file as the scan does; if not, `rewriteCsv` makes a file that it does. */
  readonly plain: boolean;
  /** A line end may lie inside quotes; the engine must then not cut the file into parts. */
  readonly multiline: boolean;
}

export interface ScanOptions {
  /** The file's name for people. */
  readonly name: string;
  /** One ASCII character. */
  readonly delimiter: string;
  readonly signal?: AbortSignal | undefined;
  /** Takes the records after which lines no longer follow from ordinals: after a record of several lines or a damaged one. */
  readonly onLineRun?: ((run: LineRun) => void) | undefined;
  /** Called between chunks of at most 1 MiB with the bytes read so far; awaited. */
  readonly onChunk?: ((bytes: number) => Promise<void> | void) | undefined;
}

/**
 * Reads a CSV file once, in chunks, and says what it holds. Memory is bounded by one chunk, one record and 16 bytes per 256 records.
 * Throws FILE_MALFORMED (no header, binary, a quote that is never closed, too much damage) and FILE_TRUNCATED, with `name:line` as place;
 * errors of the file system pass through.
 */
export async function scanCsv(path: string, options: ScanOptions): Promise<CsvScan> {
  const scanner = new Scanner(options);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readChunks(path, options.signal)) {
    hash.update(chunk);
    scanner.push(chunk);
    bytes += chunk.length;
    await options.onChunk?.(bytes);
  }
  return { bytes, sha256: hash.digest('hex'), ...scanner.end() };
}

/** Length in bytes of the byte order mark that a file begins with; FILE_MALFORMED for those of UTF-16 and UTF-32. */
export function byteOrderMark(start: Buffer, name: string): number {
  if (start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf) return 3;
  if ((start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff)) {
    throw new WeirError({ code: 'FILE_MALFORMED', message: 'The file is UTF-16, not UTF-8.', place: `${name}:1`, fix: 'Have the producer write UTF-8.' });
  }
  return 0;
}

class Scanner {
  private machine: RecordMachine | undefined;
  private header: string[] | undefined;
  private records = 0;
  private readonly damaged: DamagedRecord[] = [];
  private readonly offsets: number[] = [];
  private readonly lines: number[] = [];
  /** Blank lines: nothing if the file ends here; damage, or rows in a file of one column, if it does not. */
  private readonly blanks: DamagedRecord[] = [];
  private firstShift: number | undefined;
  private shift = 0;
  private feeds = 0;
  private returns = 0;

  constructor(private readonly options: ScanOptions) {}

  push(chunk: Buffer): void {
    if (this.machine) return this.machine.push(chunk);
    const mark = byteOrderMark(chunk, this.options.name);
    this.machine = this.open(mark);
    this.machine.push(chunk.subarray(mark));
  }

  end(): Omit<CsvScan, 'bytes' | 'sha256'> {
    this.machine?.end();
    if (!this.header) throw this.malformed('The file has no header: it is empty.', 1);
    const { header, records, damaged, offsets, lines } = this;
    // The engine refuses mixed line ends, and makes rows of blank lines at the end of a file of one column.
    const mixed = this.feeds > 0 && this.returns > 0;
    const plain = damaged.length === 0 && this.blanks.length === 0 && !mixed;
    return { header, records, damaged, index: { offsets, lines }, shift: this.firstShift ?? 0, plain, multiline: this.machine?.multiline ?? false };
  }

  private open(offset: number): RecordMachine {
    const { name, delimiter } = this.options;
    return new RecordMachine({ name, delimiter: delimiter.charCodeAt(0), offset }, (span, bytes) => this.take(span, bytes));
  }

  private take(span: Readonly<RecordSpan>, bytes: Buffer | undefined): void {
    if (span.terminator === 1) this.feeds++;
    else if (span.terminator === 2) this.returns++;
    if (!this.header) this.takeHeader(span, bytes);
    else if (span.length === 0) this.hold(this.blanks, span);
    else {
      if (this.blanks.length > 0) this.releaseBlanks();
      if (span.damage) this.hold(this.damaged, span);
      else this.admit(span.offset, span.line);
    }
  }

  private takeHeader(span: Readonly<RecordSpan>, bytes: Buffer | undefined): void {
    if (!bytes) throw this.malformed('The first line is longer than 1 MiB: this is not a CSV file.', span.line);
    if (span.damage === 'nul_byte' || span.damage === 'invalid_utf8') throw this.malformed('The first line is not text: the file is binary, or not UTF-8.', span.line);
    if (span.damage === 'blank_line') throw this.malformed('The first line is blank; the header belongs there.', span.line);
    if (span.damage) throw this.malformed(`The header is damaged (${span.damage}).`, span.line);
    this.header = splitRecord(bytes, this.options.delimiter);
    if (this.machine) this.machine.columns = this.header.length;
  }

  /** In a file of one column a blank line with rows after it is a row without a value. */
  private releaseBlanks(): void {
    for (const blank of this.blanks.splice(0)) {
      if (this.header?.length === 1) this.admit(blank.offset, blank.line);
      else this.hold(this.damaged, { ...blank, terminator: 0, damage: 'blank_line' });
    }
  }

  private hold(list: DamagedRecord[], { offset, length, line, damage, fields }: Readonly<RecordSpan>): void {
    if (list.length === MAX_DAMAGED) throw this.malformed(`More than ${MAX_DAMAGED} records are damaged, the last of them with ${damage ?? 'blank_line'}.`, line);
    list.push({ offset, length, line, damage: damage ?? 'blank_line', fields });
  }

  private admit(offset: number, line: number): void {
    const ordinal = this.records++;
    if (ordinal % INDEX_STRIDE === 0) {
      this.offsets.push(offset);
      this.lines.push(line);
    }
    const shift = line - ordinal;
    if (this.firstShift === undefined) this.firstShift = this.shift = shift;
    else if (shift !== this.shift) {
      this.shift = shift;
      this.options.onLineRun?.({ ordinal, shift });
    }
  }

  private malformed(message: string, line: number): WeirError {
    return new WeirError({ code: 'FILE_MALFORMED', message, place: `${this.options.name}:${line}` });
  }
}
