import { parseConnections } from './parse-connections';
import { parsePipeline } from './parse-pipeline';
import { CSV_LAYOUT, isReadInSequence } from './source';

const CONNECTIONS = `
shop_db: { type: postgres, host: db.shop.internal, database: shop, user: reader, password: { secret: SHOP_DB } }
orders_api: { type: api, host: api.shop.internal, basePath: /v2/, login: { type: bearer, token: { secret: ORDERS_TOKEN } } }
landing: { type: s3, host: 10.0.0.7, port: 9000, tls: false, accessKeyId: weir, secretAccessKey: { secret: LANDING } }
`;

const connections = (text: string) => parseConnections({ path: 'connections.yaml', text });
const parse = (source: string, more = '') => parsePipeline({ path: 'pipeline.yaml', text: `name: hello\nsource: ${source}\ndestinations: [{ connection: warehouse, schema: hello }]\n${more}` }, '/p', connections(CONNECTIONS).connections);
const faults = ({ problems }: { problems: readonly { code: string; place: string }[] }): string[] => problems.map(({ code, place }) => `${code} ${place}`);

describe('the connections of a folder', () => {
  test('have their defaults; secrets are names', () => {
    const { connections: found, problems } = connections(CONNECTIONS);
    expect(problems).toEqual([]);
    expect([...found]).toEqual([
      ['shop_db', { type: 'postgres', host: 'db.shop.internal', port: 5432, database: 'shop', user: 'reader', password: { secret: 'SHOP_DB' }, tls: true }],
      ['orders_api', { type: 'api', tls: true, host: 'api.shop.internal', port: 443, basePath: '/v2', headers: {}, login: { type: 'bearer', token: { secret: 'ORDERS_TOKEN' } }, requestsPerSecond: 10 }],
      ['landing', { type: 's3', host: '10.0.0.7', port: 9000, tls: false, region: 'us-east-1', accessKeyId: 'weir', secretAccessKey: { secret: 'LANDING' } }],
    ]);
  });

  // What other tools were broken into by: addresses that are more than an address, and settings beside those that are meant. What is refused stands at the third text.
  test.each([
    ['a URL', 'a: { type: api, host: "https://example.com" }', 'INVALID_VALUE', '"https'],
    ['a URL with a login', 'a: { type: api, host: "u:p@example.com" }', 'INVALID_VALUE', '"u:p'],
    ['a query after the host', 'a: { type: postgres, host: "db?host=169.254.169.254", database: d, user: u }', 'INVALID_VALUE', '"db?'],
    ['a path of a socket', 'a: { type: postgres, host: /var/run/postgresql, database: d, user: u }', 'INVALID_VALUE', '/var'],
    ['a connection string', 'a: postgres://u:p@host/db', 'INVALID_VALUE', 'postgres:'],
    ['a password as text', 'a: { type: postgres, host: h, database: d, user: u, password: hunter2 }', 'INVALID_VALUE', 'hunter2'],
    ["a driver's setting", 'a: { type: postgres, host: h, database: d, user: u, sslrootcert: /etc/passwd }', 'UNKNOWN_KEY', 'sslrootcert'],
    ['a key of another type', 'a: { type: s3, basePath: /x }', 'UNKNOWN_KEY', 'basePath'],
    ['a login without its token', 'a: { type: api, host: h, login: { type: bearer } }', 'MISSING_KEY', '{ type: bearer'],
    ['a header with a line break', 'a: { type: api, host: h, headers: { X: "a\\nb" } }', 'INVALID_VALUE', '"a\\nb'],
    ['a name that the platform has', 'warehouse: { type: postgres, host: h, database: d, user: u }', 'INVALID_VALUE', '{ type'],
    ['half a login of S3', 'a: { type: s3, accessKeyId: k }', 'MISSING_KEY', '{ type'],
  ])('refuse %s', (_what, text, code, at) => {
    expect(faults(connections(text))).toEqual([`${code} connections.yaml:1:${text.indexOf(at) + 1}`]);
  });

  test('never show what stands where a secret should', () => {
    expect(JSON.stringify(connections('a: { type: postgres, host: h, database: d, user: u, password: hunter2 }').problems)).not.toContain('hunter2');
  });
});

describe('a source', () => {
  test.each([
    ['{ dataset: o, type: file, path: d/*.ndjson.gz, format: ndjson, compression: gzip }', { type: 'file', dataset: 'o', path: '/p/d/*.ndjson.gz', layout: { ...CSV_LAYOUT, format: 'ndjson', compression: 'gzip' }, empty: 'error' }],
    ['{ dataset: o, type: file, path: d/*.txt, delimiter: "|", quote: "\'", escape: "\\\\", header: false, skipLines: 2, encoding: latin1 }', { type: 'file', dataset: 'o', path: '/p/d/*.txt', layout: { ...CSV_LAYOUT, delimiter: '|', quote: "'", escape: '\\', header: false, skipLines: 2, encoding: 'latin1' }, empty: 'error' }],
    ['{ dataset: o, type: s3, connection: landing, bucket: shop, path: /orders/*.parquet, format: parquet, empty: allow }', { type: 's3', dataset: 'o', connection: 'landing', bucket: 'shop', path: 'orders/*.parquet', layout: { ...CSV_LAYOUT, format: 'parquet' }, empty: 'allow' }],
    ['{ dataset: o, type: api, connection: orders_api, path: orders, query: { paid: true, n: 5 }, records: data.items, pages: { by: cursor, parameter: after, next: meta.next } }', { type: 'api', dataset: 'o', connection: 'orders_api', path: '/orders', query: { paid: 'true', n: '5' }, layout: { ...CSV_LAYOUT, format: 'json', records: 'data.items' }, pages: { by: 'cursor', parameter: 'after', next: 'meta.next' } }],
    ['{ dataset: o, type: api, connection: orders_api, path: /orders, records: results, pages: { by: link, next: next } }', { type: 'api', dataset: 'o', connection: 'orders_api', path: '/orders', query: {}, layout: { ...CSV_LAYOUT, format: 'json', records: 'results' }, pages: { by: 'link', next: 'next' } }],
    ['{ dataset: o, type: api, connection: orders_api, path: /orders, pages: { by: offset, parameter: skip, size: 50, sizeParameter: limit } }', { type: 'api', dataset: 'o', connection: 'orders_api', path: '/orders', query: {}, layout: { ...CSV_LAYOUT, format: 'json' }, pages: { by: 'offset', parameter: 'skip', first: 0, size: 50, sizeParameter: 'limit' } }],
    ['{ dataset: o, type: postgres, connection: shop_db, table: orders }', { type: 'postgres', dataset: 'o', connection: 'shop_db', table: 'public.orders', layout: CSV_LAYOUT }],
    ['{ dataset: o, type: postgres, connection: shop_db, table: orders, emptyText: keep }', { type: 'postgres', dataset: 'o', connection: 'shop_db', table: 'public.orders', layout: CSV_LAYOUT, emptyText: 'keep' }],
    ['{ dataset: o, type: file, path: d/*.csv, emptyText: keep }', { type: 'file', dataset: 'o', path: '/p/d/*.csv', layout: CSV_LAYOUT, empty: 'error', emptyText: 'keep' }],
  ])('%s is read with its defaults', (text, expected) => {
    const { pipeline, problems } = parse(text);
    expect(problems).toEqual([]);
    expect(pipeline?.source).toEqual(expected);
  });

  test.each(['type: kafka, topic: t', 'type: api, connection: orders_api, path: /o, interval: { from: since, to: until }', 'type: s3, connection: landing, bucket: shop, path: "{date}T.parquet", format: parquet'])('of %s may keep its empty text, too', (what) => {
    const { pipeline, problems } = parse(`{ dataset: o, ${what}, emptyText: keep }`, 'grain: 1d\n');
    expect({ problems, emptyText: pipeline?.source.emptyText }).toEqual({ problems: [], emptyText: 'keep' });
  });

  test.each([
    ['{ dataset: o, type: file, path: "in/**/*.csv", track: new }', { type: 'file', dataset: 'o', path: '/p/in/**/*.csv', layout: CSV_LAYOUT, empty: 'allow', track: 'new' }],
    ['{ dataset: o, type: s3, connection: landing, bucket: shop, path: in/*.csv, track: new, empty: error }', { type: 's3', dataset: 'o', connection: 'landing', bucket: 'shop', path: 'in/*.csv', layout: CSV_LAYOUT, empty: 'error', track: 'new' }],
    ['{ dataset: o, type: postgres, connection: shop_db, table: orders, cursor: id, track: new }', { type: 'postgres', dataset: 'o', connection: 'shop_db', table: 'public.orders', cursor: 'id', layout: CSV_LAYOUT, track: 'new' }],
  ])('%s is read in sequence', (text, expected) => {
    const { pipeline, problems } = parse(text, 'grain: 1h\n');
    expect(problems).toEqual([]);
    expect(pipeline?.source).toEqual(expected);
    expect(pipeline && isReadInSequence(pipeline.source)).toBe(true);
  });

  test.each([
    ['a grain', '{ dataset: o, type: file, path: a, track: new }', '', 'MISSING_KEY', 'new }'],
    ['a path without dates', '{ dataset: o, type: file, path: "{date}.csv", track: new }', 'grain: 1d\n', 'INVALID_VALUE', '"{date'],
    ['a column of ids', '{ dataset: o, type: postgres, connection: shop_db, table: o, track: new }', 'grain: 1d\n', 'MISSING_KEY', '{ dataset'],
    ['files, objects or a table', '{ dataset: o, type: api, connection: orders_api, path: /o, interval: { from: a, to: b }, track: new }', 'grain: 1d\n', 'UNKNOWN_KEY', 'track'],
    ['no other word', '{ dataset: o, type: file, path: a, track: old }', 'grain: 1d\n', 'INVALID_VALUE', 'old'],
  ])('to be read in sequence needs %s', (_what, text, more, code, at) => {
    expect(faults(parse(text, more))).toEqual([`${code} pipeline.yaml:2:${'source: '.length + text.indexOf(at) + 1}`]);
  });

  test('that is read in sequence has no lookback', () => {
    const { problems } = parse('{ dataset: o, type: file, path: a, track: new }', 'grain: 1h\nschedule: true\nlookback: 2h\n');
    expect(problems.map(({ code, place, message }) => [code, place, message.includes('what it had taken')])).toEqual([['INVALID_VALUE', 'pipeline.yaml:6:11', true]]);
  });

  test.each([
    ['{ dataset: o, type: api, connection: orders_api, path: /o, interval: { from: since, to: until } }', { from: 'since', to: 'until', format: 'iso' }],
    ['{ dataset: o, type: postgres, connection: shop_db, table: shop.orders, cursor: updated_at }', 'updated_at'],
  ])('%s has intervals', (text, expected) => {
    const { pipeline, problems } = parse(text, 'grain: 1d\n');
    expect(problems).toEqual([]);
    expect(pipeline?.source).toMatchObject(typeof expected === 'string' ? { cursor: expected } : { interval: expected });
  });

  test.each([
    ['a format of topics for files', '{ dataset: o, type: file, path: a, format: avro }', 'INVALID_VALUE', 'avro'],
    ['a delimiter for Parquet', '{ dataset: o, type: file, path: a, format: parquet, delimiter: ";" }', 'UNKNOWN_KEY', 'delimiter'],
    ['records of lines', '{ dataset: o, type: file, path: a, format: ndjson, records: data }', 'UNKNOWN_KEY', 'records'],
    ['a quote that is the delimiter', '{ dataset: o, type: file, path: a, delimiter: "x", quote: "x" }', 'INVALID_VALUE', '"x"'],
    ['empty text where nothing is quoted', '{ dataset: o, type: file, path: a, quote: "", emptyText: keep }', 'INVALID_VALUE', 'keep'],
    ['another word for empty text', '{ dataset: o, type: kafka, topic: t, emptyText: drop }', 'INVALID_VALUE', 'drop'],
    ['a connection that is not there', '{ dataset: o, type: s3, connection: landin, bucket: shop, path: a }', 'UNKNOWN_CONNECTION', 'landin'],
    ['a connection of another type', '{ dataset: o, type: s3, connection: shop_db, bucket: shop, path: a }', 'UNKNOWN_CONNECTION', 'shop_db'],
    ['the warehouse as its connection', '{ dataset: o, type: postgres, connection: warehouse, table: a }', 'UNKNOWN_CONNECTION', 'warehouse'],
    ['pages by a cursor that nobody finds', '{ dataset: o, type: api, connection: orders_api, path: /o, pages: { by: cursor, parameter: after } }', 'MISSING_KEY', '{ by'],
    ['a table in quotes', '{ dataset: o, type: postgres, connection: shop_db, table: \'o"; drop table x; --\' }', 'INVALID_VALUE', "'o"],
    ['a cursor without a grain', '{ dataset: o, type: postgres, connection: shop_db, table: o, cursor: at }', 'INVALID_VALUE', 'at }'],
    ['a topic where there is a table', '{ dataset: o, type: postgres, connection: shop_db, table: o, topic: t }', 'UNKNOWN_KEY', 'topic'],
  ])('cannot have %s', (_what, text, code, at) => {
    expect(faults(parse(text))).toEqual([`${code} pipeline.yaml:2:${'source: '.length + text.indexOf(at) + 1}`]);
  });

  test.each([
    ['{ dataset: o, type: api, connection: orders_api, path: /o }', 'interval'],
    ['{ dataset: o, type: postgres, connection: shop_db, table: o }', 'cursor'],
  ])('%s must say which rows are of which interval', (text, key) => {
    const { problems } = parse(text, 'grain: 1h\n');
    expect(problems.map(({ code, fix }) => [code, fix?.includes(`\`${key}\``)])).toEqual([['MISSING_KEY', true]]);
  });
});
