import { WeirError } from '@weir/core';

/** How a CSV file is written. */
export interface CsvDialect {
  /** One ASCII character. */
  readonly delimiter: string;
  /** One ASCII character; empty where quotes mean nothing. `"` when absent. */
  readonly quote?: string | undefined;
  /**
   * What makes a quote inside quotes a part of the field. The quote itself when absent, so that a doubled one stands for one. Another character, mostly a backslash, does so before a quote
   * and before itself; before anything else it is text. A doubled quote stands for one all the same.
   */
  readonly escape?: string | undefined;
  /** Names of the columns where the file has no header: its first line is a row. */
  readonly header?: readonly string[] | undefined;
  /** Lines before the header, or before the first row where there is none, which are not looked at. */
  readonly skipLines?: number | undefined;
}

/** The characters of a dialect as bytes; -1 for what it does not have. */
export interface DialectBytes {
  readonly delimiter: number;
  readonly quote: number;
  /** -1 where quotes are doubled. */
  readonly escape: number;
}

/** Throws INVALID_VALUE, naming the character, for one that is not ASCII, ends lines, or has two meanings. */
export function dialectBytes({ delimiter, quote = '"', escape = quote }: CsvDialect): DialectBytes {
  const bytes = { delimiter: byteOf('delimiter', delimiter), quote: quote === '' ? -1 : byteOf('quote', quote), escape: escape === quote ? -1 : byteOf('escape', escape) };
  if (bytes.delimiter === bytes.quote || bytes.delimiter === bytes.escape) throw invalid('delimiter', delimiter, 'means something else too');
  if (quote === '' && bytes.escape !== -1) throw invalid('escape', escape, 'escapes nothing where nothing is quoted');
  return bytes;
}

function byteOf(what: string, character: string): number {
  if (!/^[^\0\r\n\u0080-\uffff]$/.test(character)) throw invalid(what, character, 'is not one ASCII character');
  return character.charCodeAt(0);
}

function invalid(what: string, character: string, fault: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message: `The ${what} ${JSON.stringify(character)} ${fault}.`, place: what });
}
