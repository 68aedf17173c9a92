import { WeirError } from '@weir/core';
import { JsonNesting } from '../file/json-nesting';

/** A value within a document, as a half-open range of bytes. */
export interface JsonField {
  readonly from: number;
  readonly to: number;
  /** Elements of a list; 0 of anything else. */
  readonly elements: number;
}

/** What stands at some paths of a document. */
export interface JsonFields {
  /** In the order of the paths; undefined where the document has no such field. */
  readonly found: readonly (JsonField | undefined)[];
  /** Some names of the fields of the document itself, for people. */
  readonly names: readonly string[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [BRACKET, BRACE, COLON, COMMA] = [0x5b, 0x7b, 0x3a, 0x2c];
const MAX_NAME_BYTES = 4_096;
const MAX_NAMES = 10;

/** Of numbers and names; what is wrong with them is found where records are read. */
const WORD = new Uint8Array(256);
for (const character of '0123456789+-._$abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') WORD[character.charCodeAt(0)] = 1;

/**
 * Finds the values at some paths of fields in one pass over a whole document, and looks at its structure alone: no value is built, so that memory does not grow with what a server sends, and numbers stay as they are.
 * An empty path is the document. Throws FILE_TRUNCATED for a document that ends early, and FILE_MALFORMED for one that is no JSON document, or has a field of a path twice.
 */
export function findFields(document: Buffer, paths: readonly (readonly string[])[]): JsonFields {
  return new FieldWalk(document, paths).run();
}

class FieldWalk {
  private at = 0;
  private readonly nesting = new JsonNesting();
  private readonly found: (JsonField | undefined)[];
  private readonly names: string[] = [];

  constructor(
    private readonly bytes: Buffer,
    private readonly paths: readonly (readonly string[])[],
  ) {
    this.found = paths.map(() => undefined);
  }

  run(): JsonFields {
    const { bytes } = this;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.at = 3;
    this.space();
    const first = bytes[this.at];
    if (first === undefined) throw this.malformed('has nothing in it');
    if (first !== BRACE && first !== BRACKET) throw this.malformed('does not begin with { or [');
    this.value([...this.paths.keys()], 0);
    this.space();
    if (this.at < bytes.length) throw this.malformed('goes on behind its end');
    return { found: this.found, names: this.names };
  }

  /** The value at `at`, for the paths that led here by their first `depth` fields. */
  private value(live: readonly number[], depth: number): void {
    const from = this.at;
    const deeper = live.filter((path) => depth < this.pathOf(path).length);
    const inside = depth === 0 || deeper.length > 0;
    const elements = inside && this.bytes[from] === BRACE ? this.object(deeper, depth) : this.skip();
    for (const path of live) if (this.pathOf(path).length === depth) this.found[path] = { from, to: this.at, elements };
  }

  private object(live: readonly number[], depth: number): number {
    const met = new Set<string>();
    this.at++;
    for (this.space(); this.bytes[this.at] !== BRACE + 2; this.space()) {
      const name = this.name();
      if (depth === 0 && name !== undefined && this.names.length < MAX_NAMES) this.names.push(name);
      this.space();
      this.expect(COLON);
      this.space();
      const matching = live.filter((path) => this.pathOf(path)[depth] === name);
      if (name !== undefined && matching.length > 0) {
        // Readers disagree about which one holds.
        if (met.has(name)) throw this.malformed(`has the field \`${name}\` twice`);
        met.add(name);
        this.value(matching, depth + 1);
      } else this.skip();
      this.space();
      if (this.bytes[this.at] !== BRACE + 2) this.expect(COMMA);
    }
    this.at++;
    return 0;
  }

  /** Goes behind the value at `at`; gives how many elements it has when it is a list. */
  private skip(): number {
    const { nesting } = this;
    const list = this.byte() === BRACKET;
    let [commas, filled] = [0, false];
    do {
      this.space();
      const byte = this.byte();
      filled ||= nesting.depth > 0 && byte !== BRACKET + 2;
      if (nesting.depth === 1 && byte === COMMA) commas++;
      this.token(byte);
    } while (nesting.depth > 0);
    return list && filled ? commas + 1 : 0;
  }

  private token(byte: number): void {
    if (byte === QUOTE) this.text();
    else if (WORD[byte] === 1) while (WORD[this.bytes[this.at] ?? 0] === 1) this.at++;
    else {
      const sure = byte === BRACKET || byte === BRACE ? this.nesting.open(byte) : byte === BRACKET + 2 || byte === BRACE + 2 ? this.nesting.close(byte) : (byte === COMMA || byte === COLON) && this.nesting.depth > 0;
      if (!sure) throw this.malformed('is no JSON');
      this.at++;
    }
  }

  /** Goes behind the string at `at`. */
  private text(): void {
    const { bytes } = this;
    for (this.at++; bytes[this.at] !== QUOTE; this.at++) {
      if (bytes[this.at] === BACKSLASH) this.at++;
      if (this.at >= bytes.length) throw this.truncated();
    }
    this.at++;
  }

  /** Of the field at `at`; undefined for one that is no name of a path. */
  private name(): string | undefined {
    if (this.byte() !== QUOTE) throw this.malformed('is no JSON');
    const from = this.at;
    this.text();
    if (this.at - from > MAX_NAME_BYTES) return undefined;
    try {
      return JSON.parse(this.bytes.toString('utf8', from, this.at)) as string;
    } catch {
      return undefined;
    }
  }

  private space(): void {
    for (let byte = this.bytes[this.at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = this.bytes[this.at]) this.at++;
  }

  private expect(byte: number): void {
    if (this.byte() !== byte) throw this.malformed('is no JSON');
    this.at++;
  }

  private byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) throw this.truncated();
    return byte;
  }

  private pathOf(index: number): readonly string[] {
    return this.paths[index] ?? [];
  }

  private truncated(): WeirError {
    return new WeirError({ code: 'FILE_TRUNCATED', message: `The document ends early, at byte ${this.bytes.length}.` });
  }

  private malformed(what: string): WeirError {
    return new WeirError({ code: 'FILE_MALFORMED', message: `The document ${what}, at byte ${this.at}.` });
  }
}
