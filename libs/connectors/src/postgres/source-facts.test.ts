import { testDatabase, until, type TestDatabase } from '@weir/testkit';
import type { PostgresSourceConnection } from './source-connection';
import { discoverPostgres } from './source-discovery';
import { testPostgres } from './source-facts';
import { reading, sessions, sourceConnection } from './testing/sources';

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
});
beforeEach(() => sql('drop schema if exists shop cascade; create schema shop'));
afterEach(() => until(async () => (await sessions(database)).length === 0, { timeoutMs: 2_000 }));
afterAll(() => database?.drop());

async function sql(text: string): Promise<void> {
  await database.pool.query(text);
}

const SOURCE = { table: 'shop.orders', cursor: 'at' };

test('a test says the version, the columns with their types, about how many rows there are, and whether the cursor has an index', async () => {
  await sql("create table shop.orders (id int not null, at timestamptz); insert into shop.orders select g, now() from generate_series(1, 1000) g");
  const [version] = (await database.pool.query<{ server_version: string }>('show server_version')).rows;
  const unknown = await testPostgres(SOURCE, connection, reading());
  expect(unknown).toMatchObject({ version: version?.server_version.split(' ')[0], estimatedRows: undefined, cursor: { type: 'timestamptz', indexed: false } });
  expect(unknown.cursor?.advice).toBe('No index begins with at: every interval reads all of shop.orders. Add one: create index concurrently on "shop"."orders" ("at");');
  expect(unknown.columns.map(({ name, type, required, holds }) => [name, type, required, holds])).toEqual([['id', 'integer', true, 'BIGINT'], ['at', 'timestamp with time zone', false, 'TIMESTAMP']]);
  await sql('create index on shop.orders (at, id); analyze shop.orders');
  expect(await testPostgres(SOURCE, connection, reading())).toMatchObject({ estimatedRows: 1000, cursor: { indexed: true, advice: undefined } });
  expect((await testPostgres({ table: 'shop.orders' }, connection, reading())).cursor).toBeUndefined();
});

test('an index that does not find rows by the cursor is none', async () => {
  await sql('create table shop.orders (id int, at timestamp); create index on shop.orders (id, at); create index on shop.orders (at) where id > 5; create index on shop.orders using hash (at); create index on shop.orders ((at + interval \'1 day\'))');
  expect((await testPostgres(SOURCE, connection, reading())).cursor?.indexed).toBe(false);
  await sql('create index on shop.orders using brin (at)');
  expect((await testPostgres(SOURCE, connection, reading())).cursor?.indexed).toBe(true);
});

test('a partitioned table has the rows of its partitions; of a view nothing is known but what to look at', async () => {
  await sql(`create table shop.orders (id int, at date) partition by range (at); create table shop.orders_1 partition of shop.orders for values from ('2024-01-01') to ('2025-01-01'); create index on shop.orders (at);
    insert into shop.orders select g, '2024-05-05' from generate_series(1, 500) g; analyze shop.orders; create view shop.seen as select * from shop.orders`);
  expect(await testPostgres(SOURCE, connection, reading())).toMatchObject({ estimatedRows: 500, cursor: { type: 'date', indexed: true } });
  expect(await testPostgres({ table: 'shop.seen', cursor: 'at' }, connection, reading())).toMatchObject({ estimatedRows: undefined, cursor: { indexed: false, advice: expect.stringContaining('is a view') } });
});

test('a test fails as a run would, before any run', async () => {
  await sql('create table shop.orders (id int, at text); create table shop.secrets (id int); revoke all on shop.secrets from current_user');
  await expect(testPostgres({ table: 'shop.order' }, connection, reading())).rejects.toMatchObject({ code: 'SOURCE_REFUSED', fix: expect.stringContaining('orders') });
  await expect(testPostgres(SOURCE, connection, reading())).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('is text') });
  await expect(testPostgres({ table: 'shop.secrets' }, connection, reading())).rejects.toMatchObject({ code: 'SOURCE_REFUSED', place: 'shop.secrets', message: expect.stringContaining('permission denied') });
  await expect(testPostgres(SOURCE, { ...connection, password: { reveal: () => 'wrong' } }, reading())).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: expect.stringContaining('password authentication failed') });
});

test('discovery lists what can be read, with columns, types and keys, and neither partitions nor what belongs to Postgres', async () => {
  await sql(`create domain shop.price as numeric(12,2);
    create table shop.lines (line int, order_id bigint, price shop.price, note varchar(20), at timestamp(3) with time zone, score real, raw numeric, huge numeric(40,2), gone int, primary key (order_id, line)); alter table shop.lines drop column gone;
    create table shop.events (at date) partition by range (at); create table shop.events_1 partition of shop.events for values from ('2024-01-01') to ('2025-01-01');
    create view shop.seen as select note from shop.lines; create materialized view shop.kept as select note from shop.lines; create table shop.nothing ();
    create table shop.secrets (id int); revoke all on shop.secrets from current_user`);
  const { tables, more } = await discoverPostgres(connection, reading());
  expect(more).toBe(false);
  expect(tables.map(({ table, kind, key }) => [table, kind, key])).toEqual([['shop.events', 'partitioned table', []], ['shop.kept', 'materialized view', []], ['shop.lines', 'table', ['order_id', 'line']], ['shop.seen', 'view', []]]);
  expect(tables[2]?.columns.map(({ name, type, required, holds }) => [name, type, required, holds])).toEqual([
    ['line', 'integer', true, 'BIGINT'],
    ['order_id', 'bigint', true, 'BIGINT'],
    ['price', 'shop.price', false, 'DECIMAL(12,2)'],
    ['note', 'character varying(20)', false, 'VARCHAR'],
    ['at', 'timestamp(3) with time zone', false, 'TIMESTAMP'],
    ['score', 'real', false, 'DOUBLE'],
    ['raw', 'numeric', false, 'VARCHAR'],
    ['huge', 'numeric(40,2)', false, 'VARCHAR'],
  ]);
});

test('discovery lists 500 tables and says that there are more', async () => {
  await sql(`do $$ begin for n in 1..501 loop execute format('create table shop.t%s (id int)', lpad(n::text, 4, '0')); end loop; end $$`);
  const { tables, more } = await discoverPostgres(connection, reading());
  expect([tables.length, tables.at(-1)?.table, more]).toEqual([500, 'shop.t0500', true]);
});
