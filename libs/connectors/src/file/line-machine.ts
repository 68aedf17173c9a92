import { isUtf8 } from 'node:buffer';
import { MAX_RECORD_BYTES } from './record-machine';

/** Why a record of JSON cannot become a line of text. The names are the rule ids that quarantine shows. Text that is no JSON is not damaged: the engine says so of each. */
export type JsonDamage = 'stray_carriage_return' | 'nul_byte' | 'control_character' | 'invalid_utf8' | 'too_large' | 'empty_element';

/** The character that the engine takes for the end of a field, when it reads lines; JSON text never has it as it is. */
export const UNIT_SEPARATOR = 0x1f;

/** One line. Offsets and lengths in bytes, without the line end; lines from 1. */
export interface LineSpan {
  offset: number;
  length: number;
  /** Bytes of the line end: 1 for LF, 2 for CRLF, 0 for a last line without one. */
  terminator: 0 | 1 | 2;
  line: number;
  /** Nothing but spaces and tabs. */
  blank: boolean;
  damage: JsonDamage | undefined;
}

/** Takes each line. `span` is reused for the next one; `bytes` is valid during the call and undefined above the limit. */
export type LineSink = (span: Readonly<LineSpan>, bytes: Buffer | undefined) => void;

const LF = 0x0a;
const CR = 0x0d;

/** Splits bytes into lines, in chunks of any size. It keeps at most one line above the chunk in memory. */
export class LineMachine {
  private readonly span: LineSpan;
  /** The unfinished line, or its last byte if it is over the limit; then the newest chunk. */
  private window: Buffer = Buffer.alloc(0);
  /** File offset of the window's first byte. */
  private base: number;
  private dropped = false;
  /** What the window's whole lines may have, each of them or not: carriage returns, other bytes that are not text. */
  private returns = false;
  private suspect = false;

  /** `offset` is where a line begins, and `line` its number. */
  constructor(
    { offset, line }: { readonly offset: number; readonly line: number },
    private readonly sink: LineSink,
  ) {
    this.base = offset;
    this.span = { offset, length: 0, terminator: 0, line, blank: false, damage: undefined };
  }

  /** Reads on. The chunk must not change afterwards. */
  push(chunk: Buffer): void {
    const window = this.window.length === 0 ? chunk : Buffer.concat([this.window, chunk]);
    this.window = window;
    let start = 0;
    const end = window.lastIndexOf(LF) + 1;
    if (end > 0) {
      this.look(end);
      // A byte loop here would be five times as slow as the search that the platform has.
      for (let feed = window.indexOf(LF); feed >= 0; feed = window.indexOf(LF, start)) {
        this.finish(start, feed, true);
        start = feed + 1;
      }
    }
    this.keep(start);
  }

  /** Ends the file: hands out the last line if it has no line end. */
  end(): void {
    if (this.window.length === 0) return;
    this.look(this.window.length);
    this.finish(0, this.window.length, false);
  }

  /** Looks at the window's text in one go; single lines are looked at only where that finds something. */
  private look(end: number): void {
    const text = this.window.subarray(0, end);
    this.returns = text.includes(CR);
    this.suspect = text.includes(0) || text.includes(UNIT_SEPARATOR) || !isUtf8(text);
  }

  private finish(from: number, end: number, ended: boolean): void {
    const { span, window } = this;
    const terminator = !ended ? 0 : this.returns && end > from && window[end - 1] === CR ? 2 : 1;
    const textEnd = terminator === 2 ? end - 1 : end;
    span.length = this.base + textEnd - span.offset;
    span.terminator = terminator;
    const bytes = this.dropped || span.length > MAX_RECORD_BYTES ? undefined : window.subarray(from, textEnd);
    span.blank = bytes !== undefined && isBlank(bytes);
    span.damage = bytes ? this.judge(bytes) : 'too_large';
    this.sink(span, bytes);
    span.offset = this.base + end + 1;
    span.line++;
    this.dropped = false;
  }

  private judge(bytes: Buffer): JsonDamage | undefined {
    if (this.returns && bytes.includes(CR)) return 'stray_carriage_return';
    if (!this.suspect) return undefined;
    if (bytes.includes(0)) return 'nul_byte';
    if (bytes.includes(UNIT_SEPARATOR)) return 'control_character';
    return isUtf8(bytes) ? undefined : 'invalid_utf8';
  }

  /** Lets go of all but the unfinished line, and of nearly all of that too when it is over the limit: its last byte may be the first of a line end. */
  private keep(start: number): void {
    const open = this.window.length - start;
    if (open > MAX_RECORD_BYTES + 2) this.dropped = true;
    const from = this.dropped && open > 0 ? this.window.length - 1 : start;
    this.base += from;
    this.window = this.window.subarray(from);
  }
}

function isBlank(text: Buffer): boolean {
  let at = 0;
  while (at < text.length && (text[at] === 0x20 || text[at] === 0x09)) at++;
  return at === text.length;
}
