import { testApi } from '@weir/connectors';
import { CSV_LAYOUT, isIdLike, WeirError, type ApiConnectionSettings, type ApiSource } from '@weir/core';
import type { DiscoverSourceResponse } from '@weir/rpc';
import type { Discovery } from './discover-source';
import { columnsByValues, type JsonRecord } from './value-types';

/** A page that is looked at as a whole. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Records that are looked at. */
const MOST_RECORDS = 100;
/** Fields between the top of a page and its list of records. */
const DEEPEST = 3;

/** The columns of the first page of an API, by the values that are seen. Throws SOURCE_REFUSED for a page without a list of objects. */
export async function discoverPage({ name, settings, path }: { readonly name: string; readonly settings: ApiConnectionSettings; readonly path: string }, { egress, secretOf, signal }: Discovery): Promise<DiscoverSourceResponse> {
  const source: ApiSource = { type: 'api', dataset: 'page', connection: name, path: path.startsWith('/') ? path : `/${path}`, query: {}, layout: { ...CSV_LAYOUT, format: 'json' }, pages: { by: 'none' } };
  const { body } = await testApi(source, settings, { signal, address: (host, port) => egress.address(host, port), secretOf });
  if (body.length > MOST_BYTES) throw new WeirError({ code: 'INVALID_VALUE', message: `The page has ${body.length} bytes; at most ${MOST_BYTES} are looked at.`, place: source.path, fix: 'Ask for fewer records, where the path can say so.' });
  const found = listIn(parsed(body, source.path), []);
  if (!found) throw new WeirError({ code: 'SOURCE_REFUSED', message: 'The first page has no list of objects, so nothing says what a record has.', place: source.path, fix: 'Ask for a path that gives records.' });
  const seen = found.records.slice(0, MOST_RECORDS);
  const columns = columnsByValues(seen);
  const key = columns.find(({ name: column, required, type }) => required && type !== 'DOUBLE' && isIdLike(column.toLowerCase()) && new Set(seen.map((record) => record[column])).size === seen.length);
  return { type: 'api', datasets: [{ name: source.path, kind: 'page', columns, key: key ? [key.name] : [], rows: found.records.length, records: found.way.join('.') }], more: false };
}

function parsed(body: Buffer, place: string): unknown {
  try {
    return JSON.parse(body.toString() || 'null');
  } catch (error) {
    throw new WeirError({ code: 'FILE_MALFORMED', message: 'The first page is not JSON.', place, fix: 'Ask for a path that answers with JSON.' }, { cause: error });
  }
}

/** The first list of objects, those nearer to the top first in the order of fields. */
function listIn(value: unknown, way: readonly string[]): { readonly records: readonly JsonRecord[]; readonly way: readonly string[] } | undefined {
  if (Array.isArray(value)) {
    const records = value.filter(isRecord);
    return records.length > 0 && records.length === value.length ? { records, way } : undefined;
  }
  if (!isRecord(value) || way.length === DEEPEST) return undefined;
  const fields = Object.entries(value).filter(([field]) => !field.includes('.'));
  const here = fields.find(([, inner]) => Array.isArray(inner) && listIn(inner, []) !== undefined);
  for (const [field, inner] of here ? [here] : fields) {
    const found = listIn(inner, [...way, field]);
    if (found) return found;
  }
  return undefined;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
