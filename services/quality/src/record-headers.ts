import { isUtf8 } from 'node:buffer';
import { HEADERS } from '@weir/core';
import type { RecordText } from './batch-texts';
import type { RecordedHeader } from './quarantine-records';

/**
 * The text of a record with the named headers that it has as a field before its own ones, so that none of these can stand for it: the first of two fields of a name is the one that is read. Of headers of one name
 * the last counts. What is no object stays what it is; a header that is no text makes its record poison.
 */
export function withHeaders(text: RecordText, headers: readonly RecordedHeader[], names: ReadonlySet<string>): RecordText {
  if (!Buffer.isBuffer(text)) return text;
  const brace = afterSpace(text, 0);
  if (text[brace] !== OPEN) return text;
  const named = new Map(headers.filter(({ name }) => names.has(name)).map(({ name, value }) => [name, Buffer.from(value)]));
  if (![...named.values()].every((value) => isUtf8(value))) return { reason: 'invalid_utf8' };
  const member = `${JSON.stringify(HEADERS)}:${JSON.stringify(Object.fromEntries([...named].map(([name, value]) => [name, value.toString('utf8')])))}`;
  const rest = text.subarray(brace + 1);
  return Buffer.concat([text.subarray(0, brace + 1), Buffer.from(rest[afterSpace(rest, 0)] === CLOSE ? member : `${member},`), rest]);
}

const [OPEN, CLOSE] = [0x7b, 0x7d];
/** Space, tab and line ends: what JSON takes for space. */
const SPACE: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0a, 0x0d]);

function afterSpace(text: Buffer, from: number): number {
  let at = from;
  while (SPACE.has(text[at])) at += 1;
  return at;
}

type Base64 = string | null;

/** Headers as ingest archives them: JSON of names to base64, or to a list of these. */
export function archivedHeaders(text: string | null): RecordedHeader[] {
  return entriesOf<Base64>(text).flatMap(([name, value]) => (value === null ? [] : [{ name, value: Buffer.from(value, 'base64') }]));
}

/** Headers as the quarantine has them: JSON of names to text, or to a list of texts. */
export function quarantinedHeaders(text: string | null): RecordedHeader[] {
  return entriesOf<string>(text).map(([name, value]) => ({ name, value: Buffer.from(value) }));
}

function entriesOf<Value>(text: string | null): [string, Value][] {
  if (text === null) return [];
  const headers = JSON.parse(text) as Record<string, Value | Value[]>;
  return Object.entries(headers).flatMap(([name, values]) => (Array.isArray(values) ? values : [values]).map((value): [string, Value] => [name, value]));
}
