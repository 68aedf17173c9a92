import { testDatabase, until, type TestDatabase } from '@weir/testkit';
import { readAll, sessions, sourceConnection, type ReadPart } from './testing/sources';
import type { PostgresSourceConnection } from './source-connection';

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
});
beforeEach(() => sql('drop schema if exists shop cascade; create schema shop'));
afterAll(() => database?.drop());

async function sql(text: string): Promise<void> {
  await database.pool.query(text);
}

/** A table whose blocks are nearly empty, so that a few megabytes are several parts. */
function spread(table: string, rows: number): Promise<void> {
  return sql(`create unlogged table ${table} (id bigint primary key, amount bigint not null, note text) with (fillfactor = 10, autovacuum_enabled = off);
    insert into ${table} select g, 1000, repeat(md5(g::text), 3) from generate_series(1, ${rows}) g`);
}

function ids(parts: readonly ReadPart[]): number[] {
  return parts.flatMap(({ rows }) => rows.map(([id]) => Number(id))).sort((a, b) => a - b);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, at) => at + 1);
}

test('a small table is one part: the columns of the table in its order, null without quotes, empty text with them', async () => {
  await sql(`create table shop.orders ("Id" bigint, "the ""note"", long" text, gone int, at timestamptz); alter table shop.orders drop column gone;
    insert into shop.orders values (1, 'a "b", c', '2024-03-31 03:30:00+02'), (2, '', null), (3, null, 'infinity'), (4, E'two\\nlines', null)`);
  expect(await readAll({ table: 'shop.orders' }, connection)).toEqual([
    {
      name: 'shop.orders',
      partition: 'all',
      bytes: expect.any(Number) as number,
      header: ['Id', 'the "note", long', 'at'],
      rows: [['1', 'a "b", c', '2024-03-31 01:30:00+00'], ['2', '', null], ['3', null, 'infinity'], ['4', 'two\nlines', null]],
    },
  ]);
});

test('a table without rows gives no part', async () => {
  await sql('create table shop.orders (id bigint)');
  expect(await readAll({ table: 'shop.orders' }, connection)).toEqual([]);
});

test('a null in a table of one column is a record, not an empty line', async () => {
  await sql("create table shop.flags (flag boolean); insert into shop.flags values (true), (null), (false); create table shop.prices (price money); insert into shop.prices values (12345.6), (null)");
  expect((await readAll({ table: 'shop.flags' }, connection)).map(({ header, rows }) => [header, rows])).toEqual([[['flag'], [['t'], [''], ['f']]]]);
  expect((await readAll({ table: 'shop.prices' }, connection)).map(({ header, rows }) => [header, rows])).toEqual([[['price'], [['12345.60'], ['']]]]);
});

test('a large table comes in parts of bounded size that have each row once, in the order of their names', async () => {
  await spread('shop.orders', 200_000);
  const parts = await readAll({ table: 'shop.orders' }, connection);
  expect(ids(parts)).toEqual(upTo(200_000));
  const size = await database.pool.query<{ parts: number }>("select ceil(pg_table_size('shop.orders') / 67108864.0)::int as parts");
  expect(parts).toHaveLength(size.rows[0]?.parts ?? 0);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map(({ name }) => name).toSorted()).toEqual(parts.map(({ name }) => name));
  const even = parts.reduce((sum, { bytes }) => sum + bytes, 0) / parts.length;
  for (const { bytes } of parts) expect(bytes).toBeLessThan(1.1 * even);
});

test('the parts are one snapshot while others write: what moves between rows of different parts is never seen twice or not at all', async () => {
  await spread('shop.accounts', 200_000);
  const stop = new AbortController();
  let written = 0;
  const writer = async (): Promise<void> => {
    for (let at = 1; !stop.signal.aborted; at += 7) {
      const [from, to] = [(at % 200_000) + 1, ((at * 31) % 200_000) + 1];
      await sql(`update shop.accounts set amount = amount - 1 where id = ${from}; update shop.accounts set amount = amount + 1 where id = ${to}; insert into shop.accounts values (${1_000_000 + at}, 77); delete from shop.accounts where id = ${1_000_000 + at - 7}`);
      written += 1;
    }
  };
  const running = writer();
  await until(() => written > 10, { timeoutMs: 10_000 });
  const seen: number[] = [];
  // Each part waits until others wrote, so that every next one would see another table without the snapshot.
  const parts = await readAll({ table: 'shop.accounts' }, connection, undefined, async () => {
    const before = written;
    await until(() => written > before + 10, { timeoutMs: 10_000 });
    seen.push(written);
  });
  stop.abort();
  await running;
  const rows = parts.flatMap((part) => part.rows);
  const [before, after] = [rows.filter(([id]) => Number(id) <= 200_000), rows.filter(([id]) => Number(id) > 200_000)];
  expect(seen.length).toBeGreaterThan(2);
  expect(before).toHaveLength(200_000);
  expect(before.reduce((sum, [, amount]) => sum + Number(amount), 0)).toBe(200_000_000);
  expect(after).toHaveLength(1);
});

test('the table keeps its columns while it is read: who would change them waits', async () => {
  await spread('shop.orders', 100_000);
  let changed = false;
  let changing: Promise<void> | undefined;
  const parts = await readAll({ table: 'shop.orders' }, connection, undefined, async () => {
    changing ??= sql('alter table shop.orders drop column note').then(() => void (changed = true));
    await until(async () => (await database.pool.query("select from pg_locks where not granted and mode = 'AccessExclusiveLock' and relation = 'shop.orders'::regclass")).rowCount === 1, { timeoutMs: 5_000 });
    expect(changed).toBe(false);
  });
  expect(new Set(parts.map(({ header }) => header.join()))).toEqual(new Set(['id,amount,note']));
  expect(ids(parts)).toEqual(upTo(100_000));
  await changing;
  expect(changed).toBe(true);
});

test('a table that is rewritten while a run begins is read as it is afterwards, not as an empty one', async () => {
  await sql('create table shop.orders (id bigint); insert into shop.orders values (1), (2)');
  const writer = await database.pool.connect();
  try {
    await writer.query('begin; truncate shop.orders; insert into shop.orders values (3), (4), (5)');
    const reader = readAll({ table: 'shop.orders' }, connection);
    await until(async () => (await sessions(database)).some(({ waits }) => waits === 'relation'), { timeoutMs: 5_000 });
    await writer.query('commit');
    expect(ids(await reader)).toEqual([3, 4, 5]);
  } finally {
    writer.release();
  }
});

test('a partitioned table is read through itself: partitions of any size and order of columns, each row once, with rights on the table alone', async () => {
  await sql(`create table shop.orders (id bigint, at date, note text) partition by range (at);
    create table shop.orders_1 partition of shop.orders for values from ('2024-01-01') to ('2024-02-01') with (fillfactor = 10);
    create table shop.orders_2 (note text, at date, id bigint) with (fillfactor = 10); alter table shop.orders attach partition shop.orders_2 for values from ('2024-02-01') to ('2024-03-01');
    create table shop.orders_3 partition of shop.orders for values from ('2024-03-01') to ('2024-04-01') partition by hash (id); create table shop.orders_3_0 partition of shop.orders_3 for values with (modulus 1, remainder 0);
    insert into shop.orders select g, case when g % 4 = 0 then date '2024-01-05' when g = 1 then '2024-03-05' else '2024-02-05' end, repeat(md5(g::text), 3) from generate_series(1, 120000) g;
    revoke all on shop.orders_1, shop.orders_2, shop.orders_3, shop.orders_3_0 from current_user`);
  const parts = await readAll({ table: 'shop.orders' }, connection);
  expect(ids(parts)).toEqual(upTo(120_000));
  expect(parts.length).toBeGreaterThan(1);
  expect(parts[0]?.header).toEqual(['id', 'at', 'note']);
});

test('views, materialized views and children of a table give each row once', async () => {
  await sql(`create table shop.orders (id bigint); insert into shop.orders select generate_series(1, 3);
    create table shop.old_orders () inherits (shop.orders); insert into shop.old_orders select generate_series(4, 6);
    create view shop.even_orders as select id, id * 2 as double from shop.orders where id % 2 = 0 order by id desc; create materialized view shop.all_orders as select * from shop.orders`);
  expect(ids(await readAll({ table: 'shop.orders' }, connection))).toEqual(upTo(6));
  expect((await readAll({ table: 'shop.even_orders' }, connection))[0]?.rows).toEqual([['6', '12'], ['4', '8'], ['2', '4']]);
  expect(ids(await readAll({ table: 'shop.all_orders' }, connection))).toEqual(upTo(6));
});

test('a reading leaves no session behind', async () => {
  await sql('create table shop.orders (id bigint); insert into shop.orders values (1)');
  await readAll({ table: 'shop.orders' }, connection, undefined, async () => {
    expect(await sessions(database)).toHaveLength(1);
  });
  await until(async () => (await sessions(database)).length === 0, { timeoutMs: 2_000 });
});
