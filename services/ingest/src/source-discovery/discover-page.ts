import { testApi } from '@weir/connectors';
import { CSV_LAYOUT, WeirError, type ApiConnectionSettings, type ApiSource } from '@weir/core';
import type { DiscoverSourceResponse } from '@weir/rpc';
import type { Discovery } from './discover-source';
import { listIn } from './json-list';
import { columnsByValues, keyByValues } from './value-types';

/** A page that is looked at as a whole. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Records that are looked at. */
const MOST_RECORDS = 100;

/** The columns of the first page of an API, by the values that are seen. Throws SOURCE_REFUSED for a page without a list of objects. */
export async function discoverPage({ name, settings, path }: { readonly name: string; readonly settings: ApiConnectionSettings; readonly path: string }, { egress, secretOf, signal }: Discovery): Promise<DiscoverSourceResponse> {
  const source: ApiSource = { type: 'api', dataset: 'page', connection: name, path: path.startsWith('/') ? path : `/${path}`, query: {}, layout: { ...CSV_LAYOUT, format: 'json' }, pages: { by: 'none' } };
  const { body } = await testApi(source, settings, { signal, address: (host, port) => egress.address(host, port), secretOf });
  if (body.length > MOST_BYTES) throw new WeirError({ code: 'INVALID_VALUE', message: `The page has ${body.length} bytes; at most ${MOST_BYTES} are looked at.`, place: source.path, fix: 'Ask for fewer records, where the path can say so.' });
  const found = listIn(parsed(body, source.path));
  if (!found) throw new WeirError({ code: 'SOURCE_REFUSED', message: 'The first page has no list of objects, so nothing says what a record has.', place: source.path, fix: 'Ask for a path that gives records.' });
  const seen = found.records.slice(0, MOST_RECORDS);
  const columns = columnsByValues(seen);
  return { type: 'api', datasets: [{ name: source.path, kind: 'page', columns, key: keyByValues(columns, seen), rows: found.records.length, records: found.way.join('.'), format: '', delimiter: '' }], more: false };
}

function parsed(body: Buffer, place: string): unknown {
  try {
    return JSON.parse(body.toString() || 'null');
  } catch (error) {
    throw new WeirError({ code: 'FILE_MALFORMED', message: 'The first page is not JSON.', place, fix: 'Ask for a path that answers with JSON.' }, { cause: error });
  }
}
