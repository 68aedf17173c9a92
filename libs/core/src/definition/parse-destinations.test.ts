import { parseConnections } from './parse-connections';
import { parsePipeline } from './parse-pipeline';
import { destinationName } from './parse-destinations';

const { connections } = parseConnections({ path: 'connections.yaml', text: 'store: { type: s3, host: store.example }\nlake: { type: postgres, host: h, database: d, user: u }\nshop: { type: api, host: shop.example }\n' });

const SOURCE = 'source: { dataset: orders, type: file, path: data/*.csv }';
const TOPIC = 'mode: realtime\nsource: { dataset: orders, type: kafka, topic: orders }';

/** Each destination stands in a line of its own, from line 4 on, beginning in column 5. */
const parse = (destinations: readonly string[], source = SOURCE) => parsePipeline({ path: 'pipeline.yaml', text: `name: shop\ndestinations:\n${destinations.map((one) => `  - ${one}\n`).join('')}${source}\n` }, '/p', connections);

const FILE = '{ type: file, path: exports/shop }';
const STORE = '{ connection: store, bucket: analytics, prefix: shop }';
const WAREHOUSE = '{ connection: warehouse, schema: shop }';

describe('destinations', () => {
  test('are tables, objects or files, by their connection or type; files are Parquet with zstd unless they are said to be others', () => {
    const { pipeline, problems } = parse([WAREHOUSE, '{ connection: lake, type: postgres, schema: a }', STORE, FILE, '{ type: file, path: a, format: csv }', '{ type: s3, connection: store, bucket: abc, prefix: a/b=1, format: ndjson, compression: gzip }', '{ type: file, path: b, compression: none }']);
    expect(problems).toEqual([]);
    expect(pipeline?.destinations).toEqual([
      { type: 'postgres', connection: 'warehouse', schema: 'shop' },
      { type: 'postgres', connection: 'lake', schema: 'a' },
      { type: 's3', connection: 'store', bucket: 'analytics', prefix: 'shop', format: 'parquet', compression: 'zstd' },
      { type: 'file', path: 'exports/shop', format: 'parquet', compression: 'zstd' },
      { type: 'file', path: 'a', format: 'csv', compression: 'none' },
      { type: 's3', connection: 'store', bucket: 'abc', prefix: 'a/b=1', format: 'ndjson', compression: 'gzip' },
      { type: 'file', path: 'b', format: 'parquet', compression: 'none' },
    ]);
    expect(pipeline?.destinations.slice(0, 4).map(destinationName)).toEqual(['warehouse.shop', 'lake.a', 'store:analytics/shop', 'file:exports/shop']);
  });

  // What is wrong, the destination, the code, what of the line the place is at, and the fix.
  test.each([
    ['a file without a path', '{ type: file }', 'MISSING_KEY', '{ type', '`path`'],
    ['tables without a schema', '{ connection: warehouse }', 'MISSING_KEY', '{ conn', '`connection`, `schema`'],
    ['no connection', '{ schema: shop }', 'MISSING_KEY', '{ schema', '`connection`'],
    ['a store without a prefix', '{ connection: store, bucket: abc }', 'MISSING_KEY', '{ conn', '`prefix`'],
    ['a schema of a store', '{ connection: store, bucket: abc, prefix: a, schema: b }', 'INVALID_VALUE', 'b }', '`connection`, `bucket`, `prefix`'],
    ['a format of tables', '{ connection: warehouse, schema: shop, format: csv }', 'INVALID_VALUE', 'csv', '`connection`, `schema`'],
    ['a connection of files', '{ type: file, path: a, connection: store }', 'INVALID_VALUE', 'store', 'Remove'],
    ['an unknown connection', '{ connection: stor, bucket: abc, prefix: a }', 'UNKNOWN_CONNECTION', 'stor', 'store'],
    ['an API', '{ connection: shop, schema: a }', 'UNKNOWN_CONNECTION', 'shop', undefined],
    ['a type that the connection is not', '{ type: s3, connection: warehouse, bucket: abc, prefix: a }', 'UNKNOWN_CONNECTION', 'warehouse', 'store'],
    ['an absolute path', '{ type: file, path: /tmp/x }', 'INVALID_VALUE', '/tmp', 'below the load service'],
    ['a path that leads out', '{ type: file, path: a/../../x }', 'INVALID_VALUE', 'a/..', 'without'],
    ['a path into the manifests', '{ type: file, path: a/_weir }', 'INVALID_VALUE', 'a/_weir', 'manifests'],
    ['a prefix with an empty name', '{ connection: store, bucket: abc, prefix: a//b }', 'INVALID_VALUE', 'a//b', 'slashes'],
    ['a bucket that cannot be', '{ connection: store, bucket: A_B, prefix: a }', 'INVALID_VALUE', 'A_B', 'bucket'],
    ['an unknown format', '{ type: file, path: a, format: parket }', 'INVALID_VALUE', 'parket', '`parquet`'],
    ['an unknown key', '{ type: file, path: a, formt: csv }', 'UNKNOWN_KEY', 'formt', '`format`'],
    ["the platform's schema", '{ connection: warehouse, schema: weir }', 'INVALID_VALUE', 'weir', 'another schema'],
  ])('%s is refused at its place, with a fix', (_what, destination, code, at, fix) => {
    const { problems } = parse([destination]);
    expect(problems).toEqual([expect.objectContaining({ code, place: `pipeline.yaml:3:${5 + destination.indexOf(at)}`, ...(fix === undefined ? {} : { fix: expect.stringContaining(fix) }) })]);
  });

  // All that is wrong with one destination: the code of each problem and what of the line it is at.
  test.each([
    ['a place and a missing key', '{ connection: store, prefix: a/_weir }', [['INVALID_VALUE', 'a/_weir'], ['MISSING_KEY', '{ conn']]],
    ['a place and a key of another type', '{ type: file, path: ../x, bucket: abc }', [['INVALID_VALUE', '../x'], ['INVALID_VALUE', 'abc']]],
    ['a place of an unknown connection', '{ connection: stor, bucket: abc, prefix: a/.. }', [['UNKNOWN_CONNECTION', 'stor'], ['INVALID_VALUE', 'a/..']]],
    ['an unknown connection, a place and a missing key', '{ type: s3, connection: stor, prefix: _weir }', [['UNKNOWN_CONNECTION', 'stor'], ['INVALID_VALUE', '_weir'], ['MISSING_KEY', '{ type']]],
    ['the keys of an unknown connection, which nobody knows', '{ connection: stor }', [['UNKNOWN_CONNECTION', 'stor']]],
    ['a schema that a store has not, whatever its name', '{ connection: store, bucket: abc, prefix: a, schema: weir }', [['INVALID_VALUE', 'weir']]],
  ])('%s are told at once', (_what, destination, wanted) => {
    const { problems } = parse([destination]);
    expect(problems.map(({ code, place }) => [code, place])).toEqual(wanted.map(([code, at = '']) => [code, `pipeline.yaml:3:${5 + destination.indexOf(at)}`]));
  });

  test.each([
    ['files', FILE, 25],
    ['a store', STORE, 53],
  ])('%s twice are refused', (_what, destination, column) => {
    expect(parse([destination, WAREHOUSE, destination]).problems).toEqual([expect.objectContaining({ code: 'INVALID_VALUE', message: expect.stringContaining('is there twice'), place: `pipeline.yaml:5:${column}` })]);
  });

  test('of a stream begin with one in Postgres, which holds its positions; exports may follow', () => {
    expect(parse([WAREHOUSE, FILE, STORE], TOPIC).problems).toEqual([]);
    expect(parse([FILE, WAREHOUSE], TOPIC).problems).toEqual([
      expect.objectContaining({ code: 'INVALID_VALUE', place: 'pipeline.yaml:3:5', fix: expect.stringContaining('Put a destination in Postgres before it') }),
    ]);
    expect(parse([WAREHOUSE, FILE, '{ connection: lake, schema: a }'], TOPIC).problems).toEqual([expect.objectContaining({ code: 'INVALID_VALUE', message: expect.stringContaining('one destination in Postgres'), place: 'pipeline.yaml:5:5' })]);
  });
});
