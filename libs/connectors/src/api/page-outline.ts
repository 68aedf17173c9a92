import { WeirError, type ApiSource } from '@weir/core';
import { findFields, type JsonField } from './json-fields';

/** What a page says of itself. */
export interface PageOutline {
  /** Undefined where it has null in place of a list, as some APIs write an empty one. */
  readonly records: number | undefined;
  /** The cursor of the next page, or the link to it, as it was written; undefined where there is none. */
  readonly next: string | undefined;
}

/** Longest cursor, or link. */
const MAX_NEXT_BYTES = 4_096;
const NUMBER = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Counts the records of a page and finds the cursor of the next one, or the link to it, where the source says that a field has it. Throws FILE_TRUNCATED for a page that ends early, FILE_MALFORMED for what is no JSON document, and SOURCE_REFUSED for one that has no
 * records where the source says that they are, no text and no number as the cursor, or no text as the link.
 */
export function outlinePage(body: Buffer, { layout, pages }: Pick<ApiSource, 'layout' | 'pages'>): PageOutline {
  const path = layout.records === '' ? [] : layout.records.split('.');
  const field = 'next' in pages ? pages.next : undefined;
  const { found, names } = findFields(body, [path, ...(field === undefined ? [] : [field.split('.')])]);
  const [records, next] = found;
  if (!records) throw refused(`has no \`${layout.records}\`, where its records are to be`, names.length > 0 ? `Correct \`source.records\`: the page has ${names.map((name) => `\`${name.slice(0, 40)}\``).join(', ')}.` : 'Correct `source.records`.');
  return { records: countOf(body, records, pages), next: field !== undefined && next ? nextOf(body, next, field, pages.by) : undefined };
}

function countOf(body: Buffer, { from, to, elements }: JsonField, { by }: ApiSource['pages']): number | undefined {
  const first = String.fromCharCode(body[from] ?? 0);
  if (first === '[') return elements;
  // One object a page would be a page after the other without an end.
  if (first === '{' && by !== 'page' && by !== 'offset') return 1;
  if (to - from === 4 && body.toString('latin1', from, to) === 'null') return undefined;
  throw refused(first === '{' ? 'is an object, not a list' : 'has no list of records', 'Say in `source.records` which field has the list.');
}

function nextOf(body: Buffer, { from, to }: JsonField, path: string, by: ApiSource['pages']['by']): string | undefined {
  if (to - from > MAX_NEXT_BYTES) throw refused(`has a ${by} of ${to - from} bytes at \`${path}\``, `It has at most ${MAX_NEXT_BYTES}; correct \`source.pages.next\`.`);
  const text = body.toString('utf8', from, to);
  if (text === 'null' || text === 'false' || text === '""') return undefined;
  // Digits that no number of JavaScript holds stay as they are.
  if (by === 'cursor' && NUMBER.test(text)) return text;
  const next = text.startsWith('"') ? parsed(text) : undefined;
  // Half a character cannot be sent.
  if (next !== undefined && !/\p{Cs}/u.test(next)) return next;
  throw refused(by === 'cursor' ? `has neither text nor a number as its cursor at \`${path}\`` : `has no text as its link at \`${path}\``, 'Correct `source.pages.next`.');
}

function parsed(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function refused(what: string, fix: string): WeirError {
  return new WeirError({ code: 'SOURCE_REFUSED', message: `The page ${what}.`, fix });
}
