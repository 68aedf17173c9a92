import { WeirError } from '@weir/core';

const LF = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);
const [BRACKET, BRACE, COLON, COMMA] = [0x5b, 0x7b, 0x3a, 0x2c];

/** Names of fields longer than this are of no path. */
const MAX_NAME_BYTES = 4_096;

/**
 * Finds where in a JSON document the value of a path of fields begins, in chunks of any size: the way to the records in an answer of an API. Nothing is kept but the name of a field.
 * Brackets and strings alone are looked at: what is wrong with the document in other ways is found where its records are read, or not at all.
 */
export class RecordsFinder {
  private readonly path: readonly string[];
  /** Fields of the path that were entered, and brackets that are open. */
  private entered = 0;
  private depth = 0;
  /** In an object of the path, where the next string is the name of a field. */
  private naming = false;
  /** The name of the path was read, and its value comes. */
  private wanted = false;
  private text: 'no' | 'yes' | 'escape' = 'no';
  private name: number[] | undefined;
  private at = 0;
  /** Of the byte that is read, for places of errors. */
  line = 1;

  /** `records`: names of fields with dots between them; empty for the document itself. `offset`: of the first byte that is pushed, within the file. */
  constructor(
    private readonly file: string,
    private readonly records: string,
    offset: number,
  ) {
    this.path = records === '' ? [] : records.split('.');
    this.at = offset;
  }

  /** The offset within the file where the value begins, or undefined when it is not in what was pushed until now. */
  push(chunk: Buffer): number | undefined {
    if (this.path.length === 0) return this.at;
    for (const [index, byte] of chunk.entries()) {
      if (byte === LF) this.line++;
      if (this.step(byte)) return this.at + index;
    }
    this.at += chunk.length;
    return undefined;
  }

  /** FILE_MALFORMED: the document ended, and has nothing there. */
  missing(): WeirError {
    return new WeirError({ code: 'FILE_MALFORMED', place: `${this.file}:${this.line}`, message: `The document has no \`${this.records}\`, where its records are to be.`, fix: 'Correct `source.records`, or ask the producer for the document again.' });
  }

  /** Whether the byte is the first one of the value. */
  private step(byte: number): boolean {
    if (this.text !== 'no') return this.inText(byte);
    if (SPACES.has(byte)) return false;
    if (this.wanted && byte !== COLON) {
      this.wanted = false;
      if (this.entered === this.path.length - 1) return true;
      if (byte !== BRACE) throw this.missing();
      this.entered++;
      this.depth++;
      this.naming = true;
      return false;
    }
    if (byte === QUOTE) {
      this.text = 'yes';
      if (this.naming) this.name = [];
    } else if (byte === BRACKET || byte === BRACE) {
      this.depth++;
      this.naming = this.depth === 1 && byte === BRACE;
      if (this.depth === 1 && byte === BRACKET) throw this.missing();
    } else if (byte === BRACKET + 2 || byte === BRACE + 2) {
      this.depth--;
      // The object of the path is over without the field.
      if (this.depth <= this.entered) throw this.missing();
    } else if (byte === COMMA) this.naming = this.depth === this.entered + 1;
    return false;
  }

  private inText(byte: number): false {
    if (this.text === 'escape') this.text = 'yes';
    else if (byte === BACKSLASH) this.text = 'escape';
    else if (byte === QUOTE) {
      this.text = 'no';
      if (this.name) this.wanted = this.isWanted(Buffer.from(this.name));
      if (this.name) this.naming = false;
      this.name = undefined;
      return false;
    }
    if (this.name && this.name.length < MAX_NAME_BYTES) this.name.push(byte);
    return false;
  }

  private isWanted(name: Buffer): boolean {
    try {
      return JSON.parse(`"${name.toString()}"`) === this.path[this.entered];
    } catch {
      return false;
    }
  }
}
