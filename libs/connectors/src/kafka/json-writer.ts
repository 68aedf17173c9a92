import { isUtf8 } from 'node:buffer';
import { UnreadableValue } from './unreadable-value';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const HEX = '0123456789abcdef';

/** For each byte of a text how JSON writes it: 0 as it is, 1 as \u00.., else a backslash and this byte. */
const ESCAPES = new Uint8Array(256).fill(1, 0, 0x20);
for (const [byte, letter] of [[QUOTE, '"'], [BACKSLASH, '\\'], [0x08, 'b'], [0x09, 't'], [0x0a, 'n'], [0x0c, 'f'], [0x0d, 'r']] as const) ESCAPES[byte] = letter.charCodeAt(0);

/**
 * Writes JSON text as bytes, of one value after the other into the same room. What does not fit is dropped without an error, since writing
 * past the end of a buffer does nothing; `finish` says so, and whoever loops over many values asks `full`.
 */
export class JsonWriter {
  private readonly out: Buffer;
  private at = 0;
  /** All bytes of texts together: is there one that is not ASCII? */
  private bits = 0;

  constructor(private readonly limit: number) {
    this.out = Buffer.allocUnsafe(limit);
  }

  get full(): boolean {
    return this.at > this.limit;
  }

  start(): void {
    this.at = 0;
    this.bits = 0;
  }

  /** The text written since `start`. Throws UnreadableValue for one above the limit and for texts that are not UTF-8. */
  finish(): string {
    if (this.full) throw new UnreadableValue('too_large');
    if (this.bits < 0x80) return this.out.toString('latin1', 0, this.at);
    if (!isUtf8(this.out.subarray(0, this.at))) throw new UnreadableValue('invalid_utf8');
    return this.out.toString('utf8', 0, this.at);
  }

  /** JSON that stands in a schema, such as a field's name and its colon. */
  raw(json: Uint8Array): void {
    const { out } = this;
    let { at } = this;
    for (let i = 0; i < json.length; i++) out[at++] = json[i] as number;
    this.at = at;
  }

  byte(byte: number): void {
    this.out[this.at++] = byte;
  }

  /** Text of ASCII characters as it is, such as digits. */
  ascii(text: string): void {
    const { out } = this;
    let { at } = this;
    for (let i = 0; i < text.length; i++) out[at++] = text.charCodeAt(i);
    this.at = at;
  }

  /** A string of the bytes `[from, to)`, which are to be UTF-8. */
  text(bytes: Buffer, from: number, to: number): void {
    const { out } = this;
    let { at, bits } = this;
    out[at++] = QUOTE;
    for (let i = from; i < to; i++) {
      const byte = bytes[i] as number;
      const escape = ESCAPES[byte] as number;
      bits |= byte;
      if (escape === 0) out[at++] = byte;
      else {
        out[at++] = BACKSLASH;
        out[at++] = escape === 1 ? 0x75 : escape;
        if (escape === 1) {
          out[at++] = ZERO;
          out[at++] = ZERO;
          out[at++] = HEX.charCodeAt(byte >>> 4);
          out[at++] = HEX.charCodeAt(byte & 15);
        }
      }
    }
    out[at++] = QUOTE;
    this.at = at;
    this.bits = bits;
  }

  /** A whole number; a safe one, or a bigint of any size. */
  integer(value: number | bigint): void {
    if (typeof value === 'bigint') return this.ascii(value.toString());
    let rest = value;
    if (rest < 0) {
      this.byte(MINUS);
      rest = -rest;
    }
    // 32-bit arithmetic is several times as fast.
    if (rest < 1e9) return this.natural(rest);
    const high = Math.floor(rest / 1e9);
    if (high < 1e9) this.natural(high);
    this.digits(rest - 1e9 * high, 9);
  }

  /** A whole number from 0 with leading zeros, of at most nine digits. */
  digits(value: number, width: number): void {
    const { out } = this;
    let rest = value | 0;
    for (let at = this.at + width - 1; at >= this.at; at--) {
      const next = (rest / 10) | 0;
      out[at] = ZERO + rest - 10 * next;
      rest = next;
    }
    this.at += width;
  }

  private natural(value: number): void {
    let width = 1;
    for (let bound = 10; value >= bound; bound *= 10) width++;
    this.digits(value, width);
  }
}
