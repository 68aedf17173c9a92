import { WeirError } from '@weir/core';
import { byteOrderMark } from './byte-order-mark';
import { dialectBytes, type CsvDialect } from './csv-dialect';
import { hold, RecordBook, type DamagedSpan, type RecordScan } from './record-book';
import { RecordMachine, type Damage, type RecordSpan } from './record-machine';
import { scanFile, type FileScanOptions } from './scan-file';
import { splitRecord } from './split-record';

/** A record that cannot become a row. */
export interface DamagedRecord extends DamagedSpan<Damage> {
  readonly fields: number;
}

/** What one pass over the bytes of a CSV file tells. Its records come after the header. */
export interface CsvScan extends RecordScan<DamagedRecord> {
  readonly header: readonly string[];
  /** Where the header begins, or the first row of a file without one. */
  readonly start: number;
  /** The engine reads this file as the scan does; if not, `rewriteCsv` makes a file that it does, if it is told that lines end with LF. */
  readonly plain: boolean;
  /** A line end may lie inside quotes; the engine must then not cut the file into parts. */
  readonly multiline: boolean;
}

export interface ScanOptions extends CsvDialect, FileScanOptions {}

/**
 * Reads a CSV file once, in chunks, and says what it holds. Memory is bounded by one chunk, one record and 16 bytes per 256 records.
 * Throws FILE_MALFORMED (no header, binary, a quote that is never closed, too much damage) and FILE_TRUNCATED, with `name:line` as place;
 * errors of the file system pass through.
 */
export async function scanCsv(path: string, options: ScanOptions): Promise<CsvScan> {
  const scanner = new Scanner(options);
  const read = await scanFile(path, options, (chunk) => scanner.push(chunk));
  return { ...read, ...scanner.end() };
}

const LF = 0x0a;
const CR = 0x0d;

class Scanner {
  private readonly book: RecordBook<DamagedRecord>;
  private machine: RecordMachine | undefined;
  private header: readonly string[] | undefined;
  /** Bytes before the chunk to come, and lines to skip before the header. */
  private at = 0;
  private skip: number;
  private start = 0;
  /** Blank lines: nothing if the file ends here; damage, or rows in a file of one column, if it does not. */
  private readonly blanks: DamagedRecord[] = [];
  private feeds = 0;
  private returns = 0;
  /** The first record has a line end in quotes, or what the engine would take for one. */
  private broken: boolean | undefined;

  constructor(private readonly options: ScanOptions) {
    this.book = new RecordBook(options.name, options.onLineRun);
    this.header = options.header;
    this.skip = options.skipLines ?? 0;
  }

  push(chunk: Buffer): void {
    if (this.machine) return this.machine.push(chunk);
    let from = this.at === 0 ? byteOrderMark(chunk, this.options.name) : 0;
    for (; this.skip > 0 && from < chunk.length; this.skip--) {
      const feed = chunk.indexOf(LF, from);
      if (feed < 0) break;
      from = feed + 1;
    }
    this.start = this.at + (this.skip > 0 ? chunk.length : from);
    this.at += chunk.length;
    if (this.skip > 0) return;
    this.machine = this.open();
    this.machine.push(chunk.subarray(from));
  }

  end(): Omit<CsvScan, 'bytes' | 'sha256'> {
    this.machine?.end();
    if (this.skip > 0) throw this.malformed(`The file has fewer lines than the ${this.options.skipLines} to skip.`, 1);
    if (!this.header) throw this.malformed('The file has no header: it is empty.', 1);
    const { header, start, blanks } = this;
    const book = this.book.close();
    // The engine refuses mixed line ends, and takes the first one that it sees for that of the file, also in quotes; it makes rows of blank lines at the end of a file of one column, and drops
    // escapes that are text.
    const { escape, quote = '"', skipLines = 0 } = this.options;
    const asWritten = (escape ?? quote) === quote && skipLines === 0 && this.broken !== true && !(this.feeds > 0 && this.returns > 0);
    return { ...book, header, start, plain: asWritten && book.damaged.length === 0 && blanks.length === 0, multiline: this.machine?.multiline ?? false };
  }

  private open(): RecordMachine {
    const { name, header, skipLines = 0 } = this.options;
    return new RecordMachine({ name, ...dialectBytes(this.options), columns: header?.length, offset: this.start, line: skipLines + 1 }, (span, bytes) => this.take(span, bytes));
  }

  private take(span: Readonly<RecordSpan>, bytes: Buffer | undefined): void {
    if (span.terminator === 1) this.feeds++;
    else if (span.terminator === 2) this.returns++;
    this.broken ??= bytes !== undefined && (bytes.includes(LF) || bytes.includes(CR));
    if (!this.header) this.takeHeader(span, bytes);
    else if (span.length === 0) hold(this.blanks, damagedRecord(span, 'blank_line'), this.options.name);
    else {
      if (this.blanks.length > 0) this.releaseBlanks();
      if (span.damage) this.book.setAside(damagedRecord(span, span.damage));
      else this.book.admit(span.offset, span.line);
    }
  }

  private takeHeader(span: Readonly<RecordSpan>, bytes: Buffer | undefined): void {
    if (!bytes) throw this.malformed('The first line is longer than 1 MiB: this is not a CSV file.', span.line);
    if (span.damage === 'nul_byte' || span.damage === 'invalid_utf8') throw this.malformed('The first line is not text: the file is binary, or not UTF-8.', span.line);
    if (span.damage === 'blank_line') throw this.malformed('The first line is blank; the header belongs there.', span.line);
    if (span.damage) throw this.malformed(`The header is damaged (${span.damage}).`, span.line);
    this.header = splitRecord(bytes, this.options.delimiter, this.options);
    if (this.machine) this.machine.columns = this.header.length;
  }

  /** In a file of one column a blank line with rows after it is a row without a value. */
  private releaseBlanks(): void {
    for (const blank of this.blanks.splice(0)) {
      if (this.header?.length === 1) this.book.admit(blank.offset, blank.line);
      else this.book.setAside(blank);
    }
  }

  private malformed(message: string, line: number): WeirError {
    return new WeirError({ code: 'FILE_MALFORMED', message, place: `${this.options.name}:${line}` });
  }
}

function damagedRecord({ offset, length, line, fields }: Readonly<RecordSpan>, damage: Damage): DamagedRecord {
  return { offset, length, line, damage, fields };
}
