import { tempDir, testDatabase, type TempDir, type TestDatabase } from '@weir/testkit';
import type { PostgresDestination } from './destination';
import type { TableSpec } from './table';
import { deliver, openDestination } from './testing/orders';
import { byArrival, bySequence, click, commit, contents, KEYED, open, rowId, type StreamRow } from './testing/stream';

let database: TestDatabase;
let folder: TempDir;
let destination: PostgresDestination;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), tempDir()]);
});
beforeEach(async () => {
  await database.pool.query('drop schema if exists shop, weir cascade');
  destination = openDestination(database.config);
  await open(destination);
});
afterEach(() => destination.close());
afterAll(() => Promise.all([database?.drop(), folder?.dispose()]));

const APPENDED: TableSpec = { ...KEYED, name: 'lines', identity: { by: 'row', id: 'dataset' } };

function line(offset: number, partition = '2024-01-01T00:00:00Z'): StreamRow {
  return { id: `line ${offset}`, note: null, seq: offset, _weir_partition: partition, _weir_row_id: rowId(0, offset), _weir_position: `clicks:0:${offset}` };
}

async function primaryKey(table: string): Promise<string[]> {
  const found = await database.pool.query<{ names: string[] }>(`select array(select a.attname::text from unnest(k.conkey) with ordinality as c(n, at) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.n order by c.at) as names from pg_constraint k where k.conrelid = $1::regclass and k.contype = 'p'`, [table]);
  return found.rows[0]?.names ?? [];
}

async function tombstones(): Promise<(string | null)[][]> {
  const found = await database.pool.query<{ name: string }>("select relname as name from pg_class where relname like 'tombstone_%' and relkind = 'r'");
  return contents(database.pool, 'id', `weir.${found.rows[0]?.name}`);
}

test('rows that are told apart by id are there once, however often they come', async () => {
  const table = byArrival(APPENDED);
  expect(await commit(destination, [line(0), line(1), line(1)], 0, 2, { table })).toMatchObject({ tables: [{ table: 'shop.lines', inserted: 2, updated: 0, deleted: 0 }] });
  expect(await commit(destination, [line(1), line(2), line(2, '2024-01-02T00:00:00Z')], 2, 4, { table })).toMatchObject({ tables: [{ inserted: 2 }] });
  expect(await contents(database.pool, 'id, _weir_partition', 'shop.lines')).toEqual([['line 0', '2024-01-01T00:00:00Z'], ['line 1', '2024-01-01T00:00:00Z'], ['line 2', '2024-01-01T00:00:00Z'], ['line 2', '2024-01-02T00:00:00Z']]);
  expect(await primaryKey('shop.lines')).toEqual(['_weir_row_id', '_weir_partition']);
  expect((await database.pool.query("select layout from weir.head where table_name = 'shop.lines'")).rows).toEqual([{ layout: 'stream row id' }]);
});

test('a deleted key stays deleted for older versions, and comes back with a newer one; then nothing of it is left behind', async () => {
  await commit(destination, [click('a', 0, { seq: 5 }), click('b', 1, { seq: 5 })], 0, 2);
  await commit(destination, [click('a', 2, { seq: 7, deleted: true }), click('never', 3, { seq: 1, deleted: true })], 2, 4);
  expect(await contents(database.pool)).toEqual([['b', 'at 1']]);
  expect(await commit(destination, [click('a', 4, { seq: 6 }), click('never', 5, { seq: 0 })], 4, 6)).toMatchObject({ tables: [{ inserted: 0, updated: 0, deleted: 0 }] });
  expect(await tombstones()).toEqual([['a'], ['never']]);
  // A delete that is older than the row takes nothing away and leaves nothing.
  await commit(destination, [click('b', 6, { seq: 4, deleted: true })], 6, 7);
  expect(await contents(database.pool)).toEqual([['b', 'at 1']]);
  await commit(destination, [click('a', 7, { seq: 8 })], 7, 8);
  expect(await contents(database.pool)).toEqual([['a', 'at 7'], ['b', 'at 1']]);
  expect(await tombstones()).toEqual([['never']]);
});

test('a tombstone that has no sequence loses to every row; where the order is arrival it wins when it comes last', async () => {
  await commit(destination, [click('a', 0, { seq: -9 }), click('a', 1, { seq: null, deleted: true })], 0, 2);
  expect(await contents(database.pool)).toEqual([['a', 'at 0']]);
  const table = byArrival({ ...KEYED, name: 'arrived' });
  await commit(destination, [click('a', 2), click('a', 3, { seq: null, deleted: true })], 2, 4, { table });
  expect(await contents(database.pool, 'id', 'shop.arrived')).toEqual([]);
});

test('tombstones and ledger rows of more than a week go, some at a time; younger ones and loads of snapshots stay', async () => {
  await deliver(destination, folder.path, { to: 3, upserts: ['"1",one'] });
  await commit(destination, [click('old', 0, { deleted: true })], 0, 1);
  await database.pool.query(`update weir.ledger set loaded_at = now() - interval '8 days'; insert into weir.ledger (commit_id, pipeline, table_name, run_id, trace_id, inserted, updated, deleted, positions, loaded_at)
    select gen_random_uuid(), 'shop', '', '', '', 0, 0, 0, '{}', now() - interval '8 days' from generate_series(1, 2500)`);
  const [graves] = (await database.pool.query<{ name: string }>("select relname as name from pg_class where relname like 'tombstone_%' and relkind = 'r'")).rows;
  await database.pool.query(`update weir.${graves?.name} set _weir_deleted_at = now() - interval '8 days'`);
  // Another process: this one has just looked.
  const other = openDestination(database.config);
  await commit(other, [click('young', 1, { deleted: true })], 1, 2);
  await other.close();
  expect(await tombstones()).toEqual([['young']]);
  expect((await database.pool.query('select table_name, to_snapshot::int from weir.ledger order by loaded_at')).rows).toEqual([{ table_name: 'shop.orders', to_snapshot: 3 }, { table_name: 'shop.clicks', to_snapshot: null }]);
});

test('what a batch definition of the same pipeline built is taken over as it is, and a batch definition builds it anew', async () => {
  const built = { ...KEYED, columns: KEYED.columns.slice(0, 2) };
  await deliver(destination, folder.path, { spec: built, to: 4, upserts: [`"a",built,${rowId(0, 1)},clicks:0:1`, `"b",built,${rowId(0, 2)},orders.csv:17`] });
  await database.pool.query('grant select on shop.clicks to public');
  const table = byArrival();
  await commit(destination, [click('a', 0), click('b', 0), click('c', 0)], 0, 1, { table });
  // Of `a` the table has a later record; the position of `b` is none of this topic, so that it is older.
  expect(await contents(database.pool, 'id, note, seq')).toEqual([['a', 'built', null], ['b', 'at 0', '0'], ['c', 'at 0', '0']]);
  expect((await database.pool.query("select snapshot::int, layout, has_table_privilege('public', 'shop.clicks', 'select') as granted from weir.head")).rows).toEqual([{ snapshot: 4, layout: 'stream key id', granted: true }]);
  const back = await deliver(destination, folder.path, { spec: KEYED, to: 5, upserts: [`"z",batch,1,${rowId(0, 3)},clicks:0:3`] });
  expect(back).toMatchObject({ kind: 'rebuild', rowsInTable: 1 });
  expect(await contents(database.pool)).toEqual([['z', 'batch']]);
});

test('a table that only a stream wrote goes back to batch as well: its rows are known to be Weir’s', async () => {
  await commit(destination, [click('a', 0)], 0, 1);
  expect(await deliver(destination, folder.path, { spec: KEYED, to: 1, upserts: [`"z",batch,1,${rowId(0, 3)},clicks:0:3`] })).toMatchObject({ kind: 'rebuild', fromSnapshot: 0 });
  expect(await contents(database.pool)).toEqual([['z', 'batch']]);
});

test('an empty table made by hand is used, with its grants and another key; a column that the model gains is added', async () => {
  await database.pool.query('create schema shop; create table shop.clicks (id text, note text primary key); grant select on shop.clicks to public');
  await commit(destination, [click('a', 0), click('b', 1)], 0, 2);
  expect(await primaryKey('shop.clicks')).toEqual(['id']);
  expect((await database.pool.query("select has_table_privilege('public', 'shop.clicks', 'select') as granted")).rows).toEqual([{ granted: true }]);
  const wider = { ...KEYED, columns: [...KEYED.columns, { name: 'price', type: 'DECIMAL(12,3)' as const }] };
  await commit(destination, [{ ...click('b', 2), price: '1.500' }], 2, 3, { table: bySequence(wider), version: 2 });
  expect(await contents(database.pool, 'id, price')).toEqual([['a', null], ['b', '1.500']]);
});

test.each([
  ['another type', 'create table shop.clicks (id text, note integer)', /column note is integer in the table and text in the model/],
  ['a column that it demands', 'create table shop.clicks (id text, owner text not null)', /column owner must not be null/],
  ['rows of its own', "create table shop.clicks (id text primary key, note text); insert into shop.clicks values ('x', 'mine')", /has rows, but was not built by this Weir/],
  ['a view in its place', "create view shop.clicks as select 'x'::text as id", /is not a table/],
])('DESTINATION_INCOMPATIBLE: %s; the stream stands where it stood', async (_, sql, message) => {
  await database.pool.query(`create schema shop; ${sql}`);
  const before = await database.pool.query('select * from shop.clicks');
  await expect(commit(destination, [click('a', 0)], 0, 1)).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', place: 'shop.clicks', message: expect.stringMatching(message) });
  expect((await database.pool.query('select * from shop.clicks')).rows).toEqual(before.rows);
  expect((await database.pool.query('select next::int from weir.position')).rows).toEqual([{ next: 0 }]);
  // Once somebody has seen to it, the same micro-batch goes through.
  await database.pool.query(`drop ${sql.includes('view') ? 'view' : 'table'} shop.clicks`);
  await expect(commit(destination, [click('a', 0)], 0, 1)).resolves.toMatchObject({ tables: [{ inserted: 1 }] });
});

test('DESTINATION_INCOMPATIBLE: another pipeline’s table, and one that tells its rows apart otherwise', async () => {
  await commit(destination, [click('a', 0)], 0, 1);
  await open(destination, 1, { pipeline: 'other', cluster: 'cluster-1', topic: 'clicks' });
  await expect(commit(destination, [click('a', 0)], 0, 1, { pipeline: 'other' })).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringContaining('is loaded by the pipeline shop') });
  const other = bySequence({ ...KEYED, identity: { by: 'key', columns: ['id', 'note'] } });
  await expect(commit(destination, [click('a', 1)], 1, 2, { table: other, version: 2 })).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringContaining('apart by (id) as they were loaded, and the stream by (id, note)') });
});

test('another sequence makes the tombstones anew: what they hold could not be compared', async () => {
  await commit(destination, [click('a', 0, { seq: 9, deleted: true })], 0, 1);
  await commit(destination, [click('a', 1, { seq: 1 })], 1, 2, { table: byArrival(), version: 2 });
  expect(await contents(database.pool)).toEqual([['a', 'at 1']]);
  expect(await tombstones()).toEqual([]);
});

test('names that are SQL are names, and long ones that begin alike have tombstones of their own', async () => {
  const nasty = { ...KEYED, name: 'o"; drop table weir.ledger; --', columns: [{ name: "i'); drop schema weir cascade; --", type: 'VARCHAR' as const }, { name: 'seq', type: 'BIGINT' as const }], identity: { by: 'key' as const, columns: ["i'); drop schema weir cascade; --"] } };
  const row = (offset: number, deleted: boolean): StreamRow => ({ "i'); drop schema weir cascade; --": "'; drop schema weir cascade; --", seq: offset, _weir_row_id: rowId(0, offset), _weir_position: `clicks:0:${offset}`, _weir_deleted: deleted });
  await commit(destination, [row(0, false)], 0, 1, { table: bySequence(nasty) });
  expect(await commit(destination, [row(1, true)], 1, 2, { table: bySequence(nasty) })).toMatchObject({ tables: [{ deleted: 1 }] });
  const long = ['a', 'b'].map((end) => bySequence({ ...KEYED, name: `${'x'.repeat(62)}${end}` }));
  for (const [at, table] of long.entries()) await commit(destination, [click('k', at + 2, { deleted: true })], at + 2, at + 3, { table });
  expect((await database.pool.query("select 1 from pg_class where relname like 'tombstone_%' and relkind = 'r'")).rowCount).toBe(3);
  expect((await database.pool.query('select 1 from weir.ledger')).rowCount).toBe(4);
});
