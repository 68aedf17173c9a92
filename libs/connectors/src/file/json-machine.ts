import { isUtf8 } from 'node:buffer';
import { WeirError } from '@weir/core';
import { JsonNesting } from './json-nesting';
import { UNIT_SEPARATOR, type JsonDamage } from './line-machine';
import { MAX_RECORD_BYTES } from './record-machine';

/** One element. Offsets and lengths in bytes, without the space around it. */
export interface ElementSpan {
  offset: number;
  length: number;
  /** Among the elements, from 1. */
  number: number;
  damage: JsonDamage | undefined;
}

/** Takes each element. `span` is reused for the next one; `bytes` is valid during the call and undefined above the limit. */
export type ElementSink = (span: Readonly<ElementSpan>, bytes: Buffer | undefined) => void;

export interface JsonMachineOptions {
  /** The file's name for people; places in errors are `name:line`. */
  readonly name: string;
  /** Where reading starts: before the array or the object, or at an element. */
  readonly offset: number;
  /** Number of the element that reading starts at, inside the array. */
  readonly number?: number | undefined;
  /** The array or object is a part of a document: what follows it is not looked at. */
  readonly part?: boolean | undefined;
  /** Line of the first byte; 1 when absent. */
  readonly line?: number | undefined;
}

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

const enum Token {
  /** A value may begin: after an opening bracket, a comma or a colon. */
  Open,
  /** In a number or a name, or after it. */
  Word,
  /** After a string or a closing bracket. */
  Ended,
  Text,
  Escape,
}

const enum Place {
  Before,
  Inside,
  After,
}

const enum Kind {
  Other,
  Space,
  Word,
  Quote,
  Opening,
  Closing,
  Comma,
  Colon,
}

/** What a byte is outside strings. Other bytes are not JSON, and may begin a comment or another kind of string. */
const KINDS = new Uint8Array(256);
for (const [kind, characters] of [[Kind.Space, ' \t\r\n'], [Kind.Word, '0123456789+-._$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'], [Kind.Quote, '"'], [Kind.Opening, '[{'], [Kind.Closing, ']}'], [Kind.Comma, ','], [Kind.Colon, ':']] as const) {
  for (const character of characters) KINDS[character.charCodeAt(0)] = kind;
}

/** Bytes that mean something inside strings, or cannot stand there when an element is to be a line. */
const IN_TEXT = new Uint8Array(256);
for (const byte of [QUOTE, BACKSLASH, LF, 0x0d, 0, UNIT_SEPARATOR]) IN_TEXT[byte] = 1;

/**
 * Finds the elements of a JSON array, or one object, in chunks of any size. It keeps at most one element above the chunk in memory, and a byte for each level that is open.
 * An element that is no JSON is one all the same while it is sure where it ends: while strings and brackets open and close as in JSON, and nothing stands outside strings that could
 * begin anything else. Else it throws FILE_MALFORMED, with the byte's offset; FILE_TRUNCATED for a file that ends inside the array or the object.
 */
export class JsonMachine {
  private readonly span: ElementSpan;
  private readonly nesting = new JsonNesting();
  /** The unfinished element, then the newest chunk. */
  private window: Buffer = Buffer.alloc(0);
  /** File offset of the window's first byte. */
  private base: number;
  private place = Place.Before;
  private token = Token.Open;
  /** Levels that are open between two elements: 1 in an array, 0 around an object. */
  private ground = 0;
  /** An element has begun, and the file offset behind its last byte that is not space. */
  private begun = false;
  private solid = 0;
  private dropped = false;
  private damage: JsonDamage | undefined;
  private line = 1;
  private checked = 0;
  private suspect = false;

  constructor(
    private readonly options: JsonMachineOptions,
    private readonly sink: ElementSink,
  ) {
    this.base = options.offset;
    this.line = options.line ?? 1;
    this.span = { offset: 0, length: 0, number: options.number ?? 1, damage: undefined };
    if (options.number !== undefined) this.enter(BRACKET);
  }

  /** Whether the file is an array; known after its first byte that is not space. */
  get array(): boolean {
    return this.ground === 1;
  }

  /** Reads on. The chunk must not change afterwards. */
  push(chunk: Buffer): void {
    const from = this.window.length;
    this.window = from === 0 ? chunk : Buffer.concat([this.window, chunk]);
    this.checkText();
    this.step(from);
    this.keep();
  }

  end(): void {
    if (this.place === Place.After) return;
    if (this.place === Place.Before) throw this.error('FILE_MALFORMED', 'The file is empty: a JSON file is an array or one object.');
    const inside = this.token === Token.Text || this.token === Token.Escape ? 'a string' : this.begun ? (this.array ? 'an element' : 'the object') : 'the array';
    throw this.error('FILE_TRUNCATED', `The file ends inside ${inside}, at byte ${this.base + this.window.length}, in element ${this.span.number}.`);
  }

  private step(from: number): void {
    const { window } = this;
    for (let i = from; i < window.length; i++) {
      const byte = window[i] as number;
      if (this.token === Token.Text) {
        if (IN_TEXT[byte] === 1) this.inText(byte, i);
        // Nearly all bytes are text of strings: this loop and the next one are why a file is read at 300 MB/s.
        else while (i + 1 < window.length && IN_TEXT[window[i + 1] as number] === 0) i++;
      } else if (this.token === Token.Escape) {
        this.token = Token.Text;
        if (byte !== QUOTE && byte !== BACKSLASH && IN_TEXT[byte] === 1) this.inText(byte, i);
      } else {
        const kind = KINDS[byte];
        if (kind === Kind.Space) {
          if (byte === LF) this.line++;
          while (i + 1 < window.length && window[i + 1] === 0x20) i++;
        } else if (this.place !== Place.Inside) this.around(byte, i);
        else {
          this.outside(kind as Kind, byte, i);
          if (kind !== Kind.Word) continue;
          while (i + 1 < window.length && KINDS[window[i + 1] as number] === Kind.Word) i++;
          this.solid = this.base + i + 1;
        }
      }
    }
  }

  private inText(byte: number, at: number): void {
    if (byte === QUOTE) {
      this.token = Token.Ended;
      this.solid = this.base + at + 1;
    } else if (byte === BACKSLASH) this.token = Token.Escape;
    else {
      if (byte === LF) this.line++;
      this.damage ??= byte === 0 ? 'nul_byte' : 'control_character';
    }
  }

  /** A byte before or after the array or the object. */
  private around(byte: number, at: number): void {
    if (this.place === Place.After) {
      if (this.options.part) return;
      const more = this.array || byte !== BRACE ? undefined : 'Files of one JSON object per line are of the format ndjson.';
      throw this.error('FILE_MALFORMED', `${nameOf(byte)} stands behind the end of the ${this.array ? 'array' : 'object'}, at byte ${this.base + at}.`, more);
    }
    if (byte !== BRACKET && byte !== BRACE) throw this.error('FILE_MALFORMED', `${this.options.part ? 'What is to be the records begins' : 'The file begins'} with ${nameOf(byte)}, at byte ${this.base + at}: ${this.options.part ? 'they are' : 'a JSON file is'} an array or one object.`);
    if (byte === BRACE) this.begin(at);
    this.enter(byte);
    this.solid = this.base + at + 1;
  }

  private enter(opening: number): void {
    this.place = Place.Inside;
    this.nesting.open(opening);
    this.ground = opening === BRACKET ? 1 : 0;
  }

  /** A byte inside the array or the object that is not in a string and not space. */
  private outside(kind: Kind, byte: number, at: number): void {
    const between = this.array && this.nesting.depth === 1;
    if (between && kind === Kind.Comma) this.finish(at);
    else if (between && kind === Kind.Closing && byte === BRACKET + 2) {
      // Nothing but space between the brackets is no element.
      if (this.begun || this.span.number > 1) this.finish(at);
      this.place = Place.After;
    } else {
      if (!this.begun) this.begin(at);
      this.token = this.next(kind, byte, at);
      this.solid = this.base + at + 1;
      if (this.nesting.depth === 0) {
        this.finish(at);
        this.place = Place.After;
      }
    }
  }

  private next(kind: Kind, byte: number, at: number): Token {
    switch (kind) {
      case Kind.Word:
        if (this.token === Token.Ended) throw this.unsure(byte, at, 'follows a value');
        return Token.Word;
      case Kind.Quote:
      case Kind.Opening:
        if (this.token !== Token.Open) throw this.unsure(byte, at, 'follows a value');
        if (kind === Kind.Quote) return Token.Text;
        if (!this.nesting.open(byte)) throw this.unsure(byte, at, 'opens more levels than an element has bytes');
        return Token.Open;
      case Kind.Closing:
        if (!this.nesting.close(byte)) throw this.unsure(byte, at, 'closes what another bracket opened');
        return Token.Ended;
      case Kind.Comma:
      case Kind.Colon:
        return Token.Open;
      default:
        throw this.unsure(byte, at, 'stands outside strings');
    }
  }

  private begin(at: number): void {
    this.begun = true;
    this.span.offset = this.base + at;
  }

  /** The element ends before the byte at `at`, or with it. */
  private finish(at: number): void {
    const { span } = this;
    if (!this.begun) {
      span.offset = this.solid = this.base + at;
      this.damage = 'empty_element';
    }
    span.length = this.solid - span.offset;
    const bytes = this.dropped || span.length > MAX_RECORD_BYTES ? undefined : this.window.subarray(span.offset - this.base, this.solid - this.base);
    span.damage = !bytes ? 'too_large' : (this.damage ?? (this.suspect && !isUtf8(bytes) ? 'invalid_utf8' : undefined));
    this.sink(span, bytes);
    span.number++;
    this.begun = this.dropped = false;
    this.damage = undefined;
    this.token = Token.Open;
  }

  /** Checks the window's whole characters in one go; single elements are looked at only when that fails. */
  private checkText(): void {
    const end = wholeCharacters(this.window);
    if (end <= this.checked) return;
    if (!isUtf8(this.window.subarray(this.checked, end))) this.suspect = true;
    this.checked = end;
  }

  /** Lets go of all but the unfinished element, and of that too when it is over the limit. */
  private keep(): void {
    const { window } = this;
    const start = this.begun && !this.dropped ? this.span.offset - this.base : window.length;
    // What was suspected lies in finished elements, unless the unfinished one began before the text that is checked.
    if (start >= this.checked) this.suspect = false;
    this.dropped ||= window.length - start > MAX_RECORD_BYTES;
    const from = this.dropped ? window.length : start;
    this.base += from;
    this.checked = Math.max(0, this.checked - from);
    this.window = window.subarray(from);
  }

  private unsure(byte: number, at: number, what: string): WeirError {
    return this.error('FILE_MALFORMED', `${nameOf(byte)} ${what}, at byte ${this.base + at} in element ${this.span.number}: it is not sure where the elements after it begin.`);
  }

  private error(code: 'FILE_MALFORMED' | 'FILE_TRUNCATED', message: string, fix?: string): WeirError {
    return new WeirError({ code, message, place: `${this.options.name}:${this.line}`, fix });
  }
}

/** Where the last character ends of which all bytes are there, as far as that can be told without reading on. */
function wholeCharacters(text: Buffer): number {
  for (let at = text.length - 1; at >= Math.max(0, text.length - 4); at--) {
    const byte = text[at] as number;
    if (byte < 0x80) return at + 1;
    if (byte >= 0xc0) return at;
  }
  return text.length;
}

function nameOf(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `\`${String.fromCharCode(byte)}\`` : `The byte 0x${byte.toString(16).padStart(2, '0')}`;
}
