import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DiscoveredDataset } from '@weir/rpc';
import { checkFolder } from '../definition/check-folder';
import { useOwnHome } from '../testing/own-home';
import { proposedDefinition, proposedName } from './proposed-definition';

const root = useOwnHome();

const CONNECTIONS = 'shop_db: { type: postgres, host: db.example.com, database: shop, user: reader, password: { secret: SHOP_DB } }\norders_api: { type: api, host: api.example.com }\nstore: { type: s3 }\n';

const TABLE: DiscoveredDataset = {
  name: 'shop.order_lines',
  kind: 'table',
  columns: [
    { name: 'Line', type: 'BIGINT', sourceType: 'integer', required: true },
    { name: 'order', type: 'BIGINT', sourceType: 'bigint', required: true },
    { name: 'amount', type: 'DECIMAL(12,3)', sourceType: 'numeric(12,3)', required: true },
    { name: 'rate', type: 'DOUBLE', sourceType: 'real', required: false },
    { name: 'created_at', type: 'TIMESTAMP', sourceType: 'timestamp with time zone', required: true },
    { name: 'updated_at', type: 'TIMESTAMP', sourceType: 'timestamp without time zone', required: false },
    { name: 'born', type: 'DATE', sourceType: 'date', required: true },
    { name: 'yes', type: 'BOOLEAN', sourceType: 'boolean', required: false },
    { name: 'ware: "x" # \n- y', type: 'VARCHAR', sourceType: '"My\nType"', required: false },
    { name: 'Ware x y', type: 'VARCHAR', sourceType: 'text', required: false },
  ],
  key: ['order', 'Line'],
  rows: 3,
  records: '',
  format: '',
  delimiter: '',
};

const PAGE: DiscoveredDataset = {
  name: '/v2/orders',
  kind: 'page',
  columns: [{ name: 'id', type: 'BIGINT', sourceType: '', required: true }, { name: 'to', type: 'OBJECT', sourceType: '', required: true }, { name: 'tags', type: 'ARRAY', sourceType: '', required: false }],
  key: [],
  rows: 1,
  records: 'data.items',
  format: '',
  delimiter: '',
};

async function checked(type: string, connection: string | undefined, dataset: DiscoveredDataset, name = proposedName(dataset), sqlName = name) {
  const files = proposedDefinition({ connection, type, bucket: 'landing', dataset }, name, sqlName);
  const folder = join(root(), name);
  for (const { path, text } of [...files, { path: 'connections.yaml', text: CONNECTIONS }]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const outcome = await checkFolder(folder, {});
  if ('problems' in outcome) throw new Error(JSON.stringify(outcome.problems));
  return { ...outcome, pipeline: files[0]?.text ?? '' };
}

test('of a table checks as it is written, whatever its columns are called: exact types, the key in its order, required columns', async () => {
  const { definition, warnings } = await checked('postgres', 'shop_db', TABLE);
  expect(warnings).toEqual([]);
  expect(definition).toMatchObject({ name: 'order_lines', source: { type: 'postgres', connection: 'shop_db', table: 'shop.order_lines', emptyText: 'keep' }, models: [{ name: 'order_lines_rows', zone: 'silver', key: ['order', 'line'] }] });
  expect(definition.grain).toBeUndefined();
  expect(definition.contract.datasets[0]?.columns.map(({ name, physicalName, type, required, keyPosition }) => [name, physicalName, type, required, keyPosition])).toEqual([
    ['line', 'Line', 'BIGINT', true, 2],
    ['order', 'order', 'BIGINT', true, 1],
    ['amount', 'amount', 'DECIMAL(12,3)', true, undefined],
    ['rate', 'rate', 'DOUBLE', false, undefined],
    ['created_at', 'created_at', 'TIMESTAMP', true, undefined],
    ['updated_at', 'updated_at', 'TIMESTAMP', false, undefined],
    ['born', 'born', 'DATE', true, undefined],
    ['yes', 'yes', 'BOOLEAN', false, undefined],
    ['ware_x_y', 'ware: "x" # \n- y', 'VARCHAR', false, undefined],
    ['ware_x_y_2', 'Ware x y', 'VARCHAR', false, undefined],
  ]);
});

test('a cursor is suggested by name, one that is never null first; its lines are settings once they are no comments', async () => {
  const { pipeline } = await checked('postgres', 'shop_db', TABLE);
  expect(pipeline).toContain('  # cursor: created_at   # suggested: timestamp with time zone, never null\n');
  const folder = join(root(), 'order_lines');
  writeFileSync(join(folder, 'pipeline.yaml'), pipeline.replace('# grain: 1d', 'grain: 1d').replace('  # cursor:', '  cursor:'));
  expect(await checkFolder(folder, {})).toMatchObject({ definition: { grain: '1d', source: { cursor: 'created_at' } } });
  const born = { ...TABLE, columns: TABLE.columns.filter(({ name }) => name === 'order' || name === 'Line' || name === 'born') };
  expect((await checked('postgres', 'shop_db', born)).pipeline).not.toContain('cursor');
});

test('of an API checks as it is written; objects and lists are JSON', async () => {
  const { definition, warnings } = await checked('api', 'orders_api', PAGE);
  expect(warnings).toEqual([]);
  expect(definition).toMatchObject({ name: 'orders', source: { type: 'api', connection: 'orders_api', path: '/v2/orders', layout: { records: 'data.items' }, emptyText: 'keep', pages: { by: 'none' } } });
  expect(definition.contract.datasets[0]?.columns.map(({ name, type }) => [name, type])).toEqual([['id', 'BIGINT'], ['to', 'VARCHAR'], ['tags', 'VARCHAR']]);
});

test.each([
  ['in/orders/{date}.csv.gz', { format: 'csv', delimiter: ';' }, { grain: '1d', name: 'orders', source: { layout: { format: 'csv', delimiter: ';' }, emptyText: undefined } }],
  ['events-*.ndjson', { format: 'ndjson' }, { grain: undefined, name: 'events', source: { layout: { format: 'ndjson' }, emptyText: 'keep' } }],
  ['h/{hour}.json', { format: 'json', records: 'data.items' }, { grain: '1h', name: 'h', source: { layout: { format: 'json', records: 'data.items' } } }],
])('of the objects %s checks as it is written', async (key, how, expected) => {
  const { definition, warnings } = await checked('s3', 'store', { ...PAGE, kind: 'object', records: '', ...how, name: key });
  expect(warnings).toEqual([]);
  expect({ ...definition, grain: definition.grain, source: { emptyText: undefined, ...definition.source } }).toMatchObject({ ...expected, source: { type: 's3', bucket: 'landing', path: key, ...expected.source } });
});

test.each([
  ['../in/orders/{date}.csv.gz', { format: 'csv', delimiter: ';' }, { grain: '1d', name: 'orders', source: { layout: { format: 'csv', delimiter: ';' }, emptyText: undefined } }],
  ['../in/events-*.parquet', { format: 'parquet' }, { grain: undefined, name: 'events', source: { layout: { format: 'parquet' }, emptyText: 'keep' } }],
  ['../h/{hour}.json', { format: 'json', records: 'data.items' }, { grain: '1h', name: 'h', source: { layout: { format: 'json', records: 'data.items' } } }],
])('of the files %s checks as it is written', async (path, how, expected) => {
  const { definition, warnings } = await checked('file', undefined, { ...PAGE, kind: 'file', records: '', ...how, name: path });
  expect(warnings).toEqual([]);
  expect({ ...definition, grain: definition.grain, source: { emptyText: undefined, ...definition.source } }).toMatchObject({ ...expected, source: { type: 'file', path: join(root(), path.slice(3)), ...expected.source } });
});

test('of a topic checks as it is written, by the hour', async () => {
  const { definition, warnings } = await checked('kafka', undefined, { ...PAGE, kind: 'topic', records: '', name: 'shop.clicks', key: ['id'] });
  expect(warnings).toEqual([]);
  expect(definition).toMatchObject({ name: 'clicks', grain: '1h', mode: 'batch', source: { type: 'kafka', connection: 'kafka', topic: 'shop.clicks', format: 'json', emptyText: 'keep' }, models: [{ key: ['id'] }] });
});

test('names are those of the last part; words that SQL, YAML or Weir keep for themselves do no harm', async () => {
  const named = (name: string): DiscoveredDataset => ({ ...PAGE, name });
  expect(['public.order', '/v1/items?x=1', '/', 'shop.gold', 'shop.Ünits', '/a/b/'].map((name) => proposedName(named(name)))).toEqual(['order', 'items', 'rows', 'gold_data', 'units', 'b']);
  expect((await checked('api', 'orders_api', named('/order'), 'order', '"order"')).definition.models).toMatchObject([{ name: 'order_rows' }]);
  expect((await checked('api', 'orders_api', named('/on'))).definition.name).toBe('on');
});
