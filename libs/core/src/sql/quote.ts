import { WeirError } from '../errors';

/** Longest identifier in bytes: Postgres cuts longer ones silently, so two names could become one. */
export const MAX_IDENTIFIER_BYTES = 63;

const BARE = /^[a-z][a-z0-9_]*$/;

/**
 * An SQL identifier in double quotes, for the engine and for Postgres alike.
 * Throws INVALID_VALUE on what neither can hold: empty names, NUL, lone surrogates and more than 63 bytes of UTF-8.
 */
export function quoteIdent(name: string): string {
  const bytes = new TextEncoder().encode(name).length;
  if (bytes === 0 || bytes > MAX_IDENTIFIER_BYTES || name.includes('\0') || !isWellFormed(name)) {
    throw new WeirError({
      code: 'INVALID_VALUE',
      message: `${shown(name)} cannot be the name of a table or column.`,
      fix: `Use 1 to ${MAX_IDENTIFIER_BYTES} bytes of text without NUL.`,
    });
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `zone.table` or `schema.table`, each part quoted by quoteIdent. */
export function quoteQualified(...parts: readonly string[]): string {
  return parts.map(quoteIdent).join('.');
}

/**
 * An SQL string literal in single quotes. Backslashes are plain characters in the engine and in Postgres
 * (standard_conforming_strings, its default). Throws INVALID_VALUE on NUL and lone surrogates, which neither can hold.
 */
export function quoteLiteral(text: string): string {
  if (text.includes('\0') || !isWellFormed(text)) {
    throw new WeirError({ code: 'INVALID_VALUE', message: `${shown(text)} cannot be written as SQL text.`, fix: 'Remove NUL characters and broken surrogate pairs.' });
  }
  return `'${text.replaceAll("'", "''")}'`;
}

/** Most digits that the engine reads as exact; of more before the point it makes another number. */
const EXACT_DIGITS = 38;

/** A finite number without an exponent, so that the engine reads it as exact and not as floating; with one where it is too large for that. */
export function numberLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new WeirError({ code: 'INVALID_VALUE', message: `${value} cannot be written as an SQL number.` });
  const text = String(value);
  const [, sign = '', whole = '', decimals = '', exponent] = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text) ?? [];
  if (exponent === undefined) return text;
  const shift = Number(exponent);
  if (shift >= EXACT_DIGITS) return text;
  return shift > 0 ? `${sign}${(whole + decimals).padEnd(whole.length + shift, '0')}` : `${sign}0.${'0'.repeat(-shift - 1)}${whole}${decimals}`;
}

/** Whether a name can stand in SQL without quotes, keywords aside; what Weir asks of datasets, models and their columns. */
export function isPlainIdentifier(name: string): boolean {
  return BARE.test(name) && name.length <= MAX_IDENTIFIER_BYTES;
}

function shown(text: string): string {
  const json = JSON.stringify(text);
  return json.length > 80 ? `${json.slice(0, 77)}…"` : json;
}

function isWellFormed(text: string): boolean {
  return !/[\uD800-\uDFFF]/u.test(text);
}
