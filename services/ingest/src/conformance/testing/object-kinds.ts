import { readFile } from 'node:fs/promises';
import { CSV_LAYOUT, type S3ConnectionSettings, type S3Source } from '@weir/core';
import { testBucket, TransferProxy, type TestBucket } from '@weir/testkit';
import { byDay } from './csv-rows';
import type { Row } from './row';
import { changedConnection, changedSource, type Mistake, type OpenSource, type SourceKind } from './source-kind';

const source = changedSource<S3Source>;
const connection = changedConnection<S3ConnectionSettings>;

const MISTAKES: readonly Mistake[] = [
  { what: 'a wrong secret', change: (reading) => ({ ...reading, secrets: { STORE: 'wrong-canary' } }), error: { code: 'SOURCE_REFUSED', place: /^weir-test-/, fix: /Correct `accessKeyId` of the connection, or the secret/ } },
  { what: 'a login that nobody has', change: connection({ accessKeyId: 'NOBODY' }), error: { code: 'SOURCE_REFUSED', place: /^weir-test-/, fix: /Correct `accessKeyId` of the connection, or the secret/ } },
  { what: 'another region', change: connection({ region: 'eu-west-1' }), error: { code: 'SOURCE_REFUSED', place: /^weir-test-/, fix: 'Write `region: us-east-1` into the connection.' } },
  { what: 'a bucket that is not there', change: source({ bucket: 'weir-nowhere' }), error: { code: 'SOURCE_MISSING', place: 'weir-nowhere', fix: /Create the bucket, or correct `source\.bucket`/ } },
];
const SPOILT: SourceKind['spoilt'] = { reset: 'goes on', end: 'goes on', corrupt: 'goes on' };

export const DATED_OBJECTS: SourceKind = {
  name: 'dated objects of a bucket',
  addressed: 'by interval',
  spoilt: SPOILT,
  mistakes: [...MISTAKES, { what: 'a day without an object', change: source({ empty: 'error' }), error: { code: 'SOURCE_MISSING', place: /\/2026-01-01\.ndjson$/, fix: /`source\.empty: allow`/ } }],
  open: () => openBucket({ path: '{date}.ndjson' }, (bucket, rows) => bucket.put(Object.fromEntries([...byDay(rows)].map(([date, of]) => [`${date}.ndjson`, linesOf(of)])))),
};

export const NEW_OBJECTS: SourceKind = {
  name: 'new objects of a bucket',
  addressed: 'in sequence',
  spoilt: SPOILT,
  mistakes: [...MISTAKES, { what: 'no new object where that is an error', change: source({ empty: 'error' }), error: { code: 'SOURCE_MISSING', place: /\*\.ndjson$/, fix: /`source\.empty: allow`/ } }],
  open: () => openBucket({ path: '*.ndjson', track: 'new' }, (bucket, rows) => bucket.put({ [`from-${rows[0]?.id}.ndjson`]: linesOf(rows) })),
};

function linesOf(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

async function openBucket(what: Pick<S3Source, 'path' | 'track'>, put: (bucket: TestBucket, rows: readonly Row[]) => Promise<void>): Promise<OpenSource> {
  const bucket = await testBucket();
  const { region, accessKeyId, secretAccessKey } = bucket.server;
  const proxy = await TransferProxy.start(bucket.server);
  return {
    reading: {
      source: { type: 's3', dataset: 'orders', connection: 'store', bucket: bucket.name, layout: { ...CSV_LAYOUT, format: 'ndjson' }, empty: 'allow', ...what },
      connections: { store: { type: 's3', host: proxy.host, port: proxy.port, tls: false, region, accessKeyId, secretAccessKey: { secret: 'STORE' } } },
      secrets: { STORE: secretAccessKey },
      allowed: ['127.0.0.1'],
    },
    proxy,
    put: (rows) => put(bucket, rows),
    rowsIn: async (path) => (await readFile(path, 'utf8')).split('\n').filter(Boolean).map((line) => JSON.parse(line) as Row),
    close: async () => {
      bucket.close();
      await proxy.close();
    },
  };
}
