import { WeirError } from '@weir/core';
import { byteOrderMark } from './byte-order-mark';
import { LineMachine, type JsonDamage, type LineSpan } from './line-machine';
import { RecordBook, type DamagedSpan, type RecordScan } from './record-book';
import { scanFile, type FileScanOptions } from './scan-file';

/** A line, or an element of an array, that cannot become a row. */
export type DamagedJson = DamagedSpan<JsonDamage>;

/** What one pass over the bytes of a file of JSON lines tells. */
export interface NdjsonScan extends RecordScan<DamagedJson> {
  /** Lines with nothing but spaces and tabs in them, which are no records. */
  readonly blank: number;
  /** The engine reads this file as the scan does; if not, `rewriteNdjson` makes a file that it does. */
  readonly plain: boolean;
}

/**
 * Reads a file of JSON lines once, in chunks, and says what it holds. A line that is no JSON is a record all the same: the engine finds that out. Memory is bounded by one chunk,
 * one record and 16 bytes per 256 records. Throws FILE_MALFORMED (UTF-16, too much damage) and FILE_TRUNCATED (the last line has no line end and stops inside a string, an object or an
 * array), with `name:line` as place; errors of the file system pass through.
 */
export async function scanNdjson(path: string, options: FileScanOptions): Promise<NdjsonScan> {
  const scanner = new LineScanner(options);
  const read = await scanFile(path, options, (chunk) => scanner.push(chunk));
  return { ...read, ...scanner.end() };
}

class LineScanner {
  private readonly book: RecordBook<DamagedJson>;
  private machine: LineMachine | undefined;
  private blank = 0;
  private feeds = 0;
  private returns = 0;

  constructor(private readonly options: FileScanOptions) {
    this.book = new RecordBook(options.name, options.onLineRun);
  }

  push(chunk: Buffer): void {
    if (this.machine) return this.machine.push(chunk);
    const offset = byteOrderMark(chunk, this.options.name);
    this.machine = new LineMachine({ offset, line: 1 }, (span, bytes) => this.take(span, bytes));
    this.machine.push(chunk.subarray(offset));
  }

  end(): Omit<NdjsonScan, 'bytes' | 'sha256'> {
    this.machine?.end();
    const book = this.book.close();
    // The engine makes rows of blank lines, and refuses mixed line ends.
    return { ...book, blank: this.blank, plain: book.damaged.length === 0 && this.blank === 0 && !(this.feeds > 0 && this.returns > 0) };
  }

  private take({ offset, length, line, terminator, blank, damage }: Readonly<LineSpan>, bytes: Buffer | undefined): void {
    if (terminator === 1) this.feeds++;
    else if (terminator === 2) this.returns++;
    else if (bytes && endsOpen(bytes)) {
      const message = `The file ends in the middle of a record: its last line, at byte ${offset}, has no line end and stops after ${length} bytes inside a string, an object or an array.`;
      throw new WeirError({ code: 'FILE_TRUNCATED', message, place: `${this.options.name}:${line}` });
    }
    if (damage) this.book.setAside({ offset, length, line, damage });
    else if (blank) this.blank++;
    else this.book.admit(offset, line);
  }
}

/** Whether JSON text stops inside a string, an object or an array. */
function endsOpen(text: Buffer): boolean {
  let [depth, quoted] = [0, false];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === QUOTE) quoted = !quoted;
    else if (quoted) at += byte === BACKSLASH ? 1 : 0;
    else if (byte === BRACE || byte === BRACKET) depth++;
    // A closing bracket has the code of its opening one and two.
    else if (byte === BRACE + 2 || byte === BRACKET + 2) depth--;
  }
  return quoted || depth > 0;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;
