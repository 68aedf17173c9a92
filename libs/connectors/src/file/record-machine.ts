import { isUtf8 } from 'node:buffer';
import { WeirError } from '@weir/core';

/** Why a record cannot become a row. The names are the rule ids that quarantine shows. */
export type Damage =
  | 'too_few_fields'
  | 'too_many_fields'
  | 'blank_line'
  | 'stray_quote'
  | 'stray_carriage_return'
  | 'nul_byte'
  | 'invalid_utf8'
  | 'too_large';

/** Longest record that is read as a row; a longer one is set aside. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** One record between two record ends. Offsets and lengths in bytes, without the line end; lines from 1. */
export interface RecordSpan {
  offset: number;
  length: number;
  /** Bytes of the line end: 1 for LF, 2 for CRLF, 0 for a last record without one. */
  terminator: 0 | 1 | 2;
  line: number;
  fields: number;
  damage: Damage | undefined;
}

/** What a machine needs to know of its file. */
export interface MachineOptions {
  /** The file's name for people; places in errors are `name:line`. */
  readonly name: string;
  /** One byte. */
  readonly delimiter: number;
  /** One byte, `"` when absent; -1 where quotes mean nothing. */
  readonly quote?: number | undefined;
  /** One byte that makes a quote inside quotes text; -1, as when absent, where quotes are doubled. */
  readonly escape?: number | undefined;
  /** Fields of a whole record; undefined while the header is being read. */
  readonly columns?: number | undefined;
  /** Where reading starts: the first byte of a record. */
  readonly offset?: number | undefined;
  readonly line?: number | undefined;
}

/**
 * Takes each record. `span` is reused for the next record: copy what you keep. `bytes` is valid during the call and undefined for
 * records above the limit.
 */
export type RecordSink = (span: Readonly<RecordSpan>, bytes: Buffer | undefined) => void;

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;

const enum State {
  FieldStart,
  Plain,
  Quoted,
  /** After a quote inside a quoted field: its end, or the first half of a doubled quote. */
  Closed,
  /** After an escape inside a quoted field: whatever comes is text. */
  Escaped,
  CarriageReturn,
}

/**
 * Splits bytes into CSV records by RFC 4180, in chunks of any size. It keeps at most one record above the chunk in memory.
 * The boundaries of records rest on quotes alone, so bytes that are damaged inside a record never move the next one.
 * Throws FILE_MALFORMED for a quote that is never closed and FILE_TRUNCATED for a last record that stops short.
 */
export class RecordMachine {
  private readonly special = new Uint8Array(256);
  private readonly span: RecordSpan;
  private readonly quoteByte: number;
  private readonly escapeByte: number;
  /** The unfinished record, then the newest chunk. */
  private window: Buffer = Buffer.alloc(0);
  /** File offset of the window's first byte; the record starts there unless its first part was let go. */
  private base: number;
  private dropped = false;
  private state: State = State.FieldStart;
  private fields = 1;
  private line: number;
  private quoteLine = 0;
  private damage: Damage | undefined;
  /** Window bytes known to be, or to be suspected of not being, UTF-8. */
  private checked = 0;
  private suspect = false;
  /** Set once the header is known. */
  columns: number | undefined;
  /** A line end was seen inside quotes. */
  multiline = false;

  constructor(
    private readonly options: MachineOptions,
    private readonly sink: RecordSink,
  ) {
    this.quoteByte = options.quote ?? 0x22;
    this.escapeByte = options.escape ?? -1;
    for (const byte of [LF, CR, NUL, options.delimiter, this.quoteByte, this.escapeByte]) if (byte >= 0) this.special[byte] = 1;
    this.base = options.offset ?? 0;
    this.line = options.line ?? 1;
    this.columns = options.columns;
    this.span = { offset: this.base, length: 0, terminator: 0, line: this.line, fields: 0, damage: undefined };
  }

  /** Reads on. The chunk must not change afterwards. */
  push(chunk: Buffer): void {
    const from = this.window.length;
    this.window = from === 0 ? chunk : Buffer.concat([this.window, chunk]);
    this.checkText(this.window.lastIndexOf(LF) + 1);
    this.keep(this.step(from));
  }

  /** Ends the file: hands out the last record if it has no line end. */
  end(): void {
    this.checkText(this.window.length);
    const length = this.base + this.window.length - this.span.offset;
    if (this.state === State.Quoted || this.state === State.Escaped) throw this.unclosed(length);
    if (length === 0) return;
    if (this.state === State.CarriageReturn) this.damage ??= 'stray_carriage_return';
    if (this.columns !== undefined && this.fields < this.columns) {
      const message = `The file ends in the middle of a row: its last line has ${this.fields} of ${this.columns} fields and no line end.`;
      throw new WeirError({ code: 'FILE_TRUNCATED', message, place: this.place(this.span.line) });
    }
    this.finish(this.window.length, 0);
  }

  /** Runs the window's bytes from `from` through the states; gives the window index of the unfinished record's first byte. */
  private step(from: number): number {
    const { window, special, quoteByte } = this;
    const { delimiter } = this.options;
    let start = this.span.offset - this.base;
    for (let i = from; i < window.length; i++) {
      const byte = window[i] as number;
      if (special[byte] === 0) {
        if (this.state !== State.Plain && this.state !== State.Quoted) this.text();
        // Nearly all bytes are plain text: this loop is why a file is read at 300 MB/s.
        while (i + 1 < window.length && special[window[i + 1] as number] === 0) i++;
      } else if (this.state === State.Quoted) {
        if (byte === quoteByte) this.state = State.Closed;
        else this.quoted(byte);
      } else if (this.state === State.Escaped) {
        this.state = State.Quoted;
        if (byte !== this.escapeByte) this.quoted(byte);
      } else if (byte === LF) {
        this.finish(i, this.state === State.CarriageReturn ? 2 : 1);
        start = i + 1;
      } else if (byte === quoteByte) this.quote();
      else if (byte === CR && this.state !== State.CarriageReturn) this.state = State.CarriageReturn;
      else if (byte === delimiter && this.state !== State.CarriageReturn) {
        this.fields++;
        this.state = State.FieldStart;
      } else this.oddity(byte);
    }
    return start;
  }

  /** A special byte inside quotes, the quote left out. */
  private quoted(byte: number): void {
    if (byte === this.escapeByte) this.state = State.Escaped;
    else if (byte === NUL) this.damage ??= 'nul_byte';
    else if (byte === LF) {
      this.line++;
      this.multiline = true;
    }
  }

  /** A plain byte where it starts a field, where only a separator may stand, or after an escape. */
  private text(): void {
    if (this.state === State.Escaped) {
      this.state = State.Quoted;
      return;
    }
    if (this.state === State.Closed) this.strayAfterQuote();
    if (this.state === State.CarriageReturn) this.damage ??= 'stray_carriage_return';
    this.state = State.Plain;
  }

  private quote(): void {
    if (this.state === State.FieldStart) {
      this.state = State.Quoted;
      this.quoteLine = this.line;
    } else if (this.state === State.Closed) this.state = State.Quoted;
    else {
      this.damage ??= this.state === State.CarriageReturn ? 'stray_carriage_return' : 'stray_quote';
      this.state = State.Plain;
    }
  }

  /** NUL, an escape outside quotes, or a separator after a lone carriage return. */
  private oddity(byte: number): void {
    if (byte === this.escapeByte) return this.text();
    if (this.state === State.CarriageReturn) this.damage ??= 'stray_carriage_return';
    if (byte === NUL) {
      this.text();
      this.damage ??= 'nul_byte';
    } else if (byte === this.options.delimiter) {
      this.fields++;
      this.state = State.FieldStart;
    } else this.state = State.CarriageReturn;
  }

  /** Text after a closing quote. Over several lines nobody can say which of them are rows, so the file is not usable. */
  private strayAfterQuote(): void {
    if (this.line > this.quoteLine) {
      const message = `The quote opened in line ${this.quoteLine} is not closed: the next quote, in line ${this.line}, is not the end of a field.`;
      throw new WeirError({ code: 'FILE_MALFORMED', message, place: this.place(this.quoteLine) });
    }
    this.damage ??= 'stray_quote';
  }

  private finish(end: number, terminator: 0 | 1 | 2): void {
    const span = this.span;
    const textEnd = terminator === 2 ? end - 1 : end;
    span.length = this.base + textEnd - span.offset;
    span.terminator = terminator;
    span.fields = this.fields;
    const whole = !this.dropped && span.length <= MAX_RECORD_BYTES;
    const bytes = whole ? this.window.subarray(span.offset - this.base, textEnd) : undefined;
    span.damage = this.judge(span.length, bytes);
    this.sink(span, bytes);
    if (terminator !== 0) this.line++;
    span.offset = this.base + end + 1;
    span.line = this.line;
    this.fields = 1;
    this.state = State.FieldStart;
    this.damage = undefined;
    this.dropped = false;
  }

  private judge(length: number, bytes: Buffer | undefined): Damage | undefined {
    if (!bytes) return 'too_large';
    if (this.damage) return this.damage;
    if (length === 0 && this.columns !== 1) return 'blank_line';
    if (this.suspect && !isUtf8(bytes)) return 'invalid_utf8';
    if (this.columns === undefined || this.fields === this.columns) return undefined;
    return this.fields < this.columns ? 'too_few_fields' : 'too_many_fields';
  }

  /** Checks the window's text up to a line end, in one go; single records are looked at only when that fails. */
  private checkText(end: number): void {
    if (end <= this.checked) return;
    if (!isUtf8(this.window.subarray(this.checked, end))) this.suspect = true;
    this.checked = end;
  }

  /** Lets go of all but the unfinished record, and of that too when it is over the limit. */
  private keep(start: number): void {
    const open = this.window.length - start;
    // What was suspected lies in finished records, unless the unfinished one began before the last line end.
    if (start >= this.checked) this.suspect = false;
    const from = this.dropped || open > MAX_RECORD_BYTES + 2 ? this.window.length : start;
    this.dropped ||= open > MAX_RECORD_BYTES + 2;
    this.base += from;
    this.checked = Math.max(0, this.checked - from);
    this.window = this.window.subarray(from);
  }

  private unclosed(length: number): WeirError {
    const short = this.columns !== undefined && this.fields < this.columns && this.line === this.quoteLine;
    return new WeirError({
      code: short ? 'FILE_TRUNCATED' : 'FILE_MALFORMED',
      message: short ? `The file ends inside a quoted field, after ${this.fields} of ${this.columns} fields.` : `The quote opened in line ${this.quoteLine} is never closed; ${length} bytes follow the start of that row.`,
      place: this.place(this.quoteLine),
    });
  }

  private place(line: number): string {
    return `${this.options.name}:${line}`;
  }
}
