import { readFile } from 'node:fs/promises';
import { CSV_LAYOUT, type ApiConnectionSettings, type ApiSource } from '@weir/core';
import { apiServer, TransferProxy } from '@weir/testkit';
import type { Row } from './row';
import { changedConnection, changedSource, type OpenSource, type SourceKind } from './source-kind';

const TOKEN = 'right-canary';
const REFUSED = { code: 'SOURCE_REFUSED', place: /^127\.0\.0\.1:\d+$/ } as const;

const source = changedSource<ApiSource>;

export const PAGES: SourceKind = {
  name: 'pages of an API',
  addressed: 'by interval',
  // Compressed answers have a checksum.
  spoilt: { reset: 'goes on', end: 'goes on', corrupt: 'goes on' },
  mistakes: [
    { what: 'a wrong secret', change: (reading) => ({ ...reading, secrets: { API: 'wrong-canary' } }), error: { ...REFUSED, fix: /login/ } },
    { what: 'no login', change: changedConnection<ApiConnectionSettings>({ login: undefined }), error: { ...REFUSED, fix: /login/ } },
    { what: 'a path that is not there', change: source({ path: '/nowhere' }), error: { ...REFUSED, fix: /path/ } },
    { what: 'records where there are none', change: source({ layout: { ...CSV_LAYOUT, format: 'json', records: 'data' } }), error: { ...REFUSED, fix: /`source\.records`/ } },
  ],
  open: openApi,
};

async function openApi(): Promise<OpenSource> {
  const all: Row[] = [];
  const server = await apiServer({
    records: [],
    pages: { by: 'cursor', size: 40, records: 'items' },
    select: (_records, query) => all.filter(({ at }) => at >= isoOf(query.get('since')) && at < isoOf(query.get('until'))).map((row) => JSON.stringify(row)),
    allow: ({ headers }) => headers.authorization === `Bearer ${TOKEN}`,
    encoding: 'gzip',
  });
  const proxy = await TransferProxy.start(server);
  return {
    reading: {
      source: { type: 'api', dataset: 'orders', connection: 'api', path: '/records', query: {}, layout: { ...CSV_LAYOUT, format: 'json', records: 'items' }, pages: { by: 'cursor', parameter: 'cursor', next: 'next' }, interval: { from: 'since', to: 'until', format: 'iso' } },
      connections: { api: { type: 'api', tls: false, host: proxy.host, port: proxy.port, basePath: '', headers: {}, requestsPerSecond: 1_000, login: { type: 'bearer', token: { secret: 'API' } } } },
      secrets: { API: TOKEN },
      allowed: ['127.0.0.1'],
    },
    proxy,
    put: (rows) => Promise.resolve(void all.push(...rows)),
    rowsIn: async (path) => (JSON.parse(await readFile(path, 'utf8')) as { readonly items: readonly Row[] }).items,
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

/** With milliseconds, as rows have their times. */
function isoOf(time: string | null): string {
  return new Date(time ?? '').toISOString();
}
