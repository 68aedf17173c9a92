import { canonicalInstant, partitionsOf } from '@weir/core';
import { mulberry32, testDatabase, until, type TestDatabase } from '@weir/testkit';
import type { PostgresSourceConnection } from './source-connection';
import type { PostgresSlice } from './source-plan';
import { readAll, sessions, sourceConnection, type ReadPart } from './testing/sources';

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
  // No setting of the database may decide which interval a row is of.
  await sql(`alter database ${database.config.database} set timezone = 'Asia/Kolkata'; alter database ${database.config.database} set datestyle = 'German, DMY'`);
});
beforeEach(() => sql('drop schema if exists shop cascade; create schema shop'));
afterAll(() => database?.drop());

async function sql(text: string): Promise<void> {
  await database.pool.query(text);
}

const SOURCE = { table: 'shop.orders', cursor: 'at' };

function slice(start: string, end: string, grain: string): PostgresSlice {
  return { partitions: partitionsOf({ start, end }, grain), grain };
}

/** Ids by partition, in the order in which they came. */
function idsOf(parts: readonly ReadPart[]): Record<string, string[]> {
  return Object.fromEntries(parts.map(({ partition, rows }) => [partition, rows.map(([id]) => id ?? '')]));
}

test('a grain has the rows from its start to before its end, to the microsecond, ties together, in the order of the cursor', async () => {
  await sql(`create table shop.orders (id int, at timestamptz); insert into shop.orders values
    (9, '2024-01-02 23:59:59.999999Z'), (1, '2024-01-01 23:59:59.999999Z'), (2, '2024-01-02 00:00:00Z'), (3, '2024-01-02 00:00:00Z'), (4, '2024-01-02 00:00:00.000001Z'), (10, '2024-01-03 00:00:00Z'), (5, '2024-01-02 05:30:00+05:30')`);
  const [first, second, ...others] = await readAll(SOURCE, connection, slice('2024-01-02T00:00:00Z', '2024-01-05T00:00:00Z', '1d'));
  expect(first).toMatchObject({ name: 'shop.orders 2024-01-02T00:00:00Z', partition: '2024-01-02T00:00:00Z', header: ['id', 'at'] });
  expect(first?.rows.slice(0, 3).map(([id]) => id).toSorted()).toEqual(['2', '3', '5']);
  expect(first?.rows.slice(3)).toEqual([['4', '2024-01-02 00:00:00.000001+00'], ['9', '2024-01-02 23:59:59.999999+00']]);
  expect(second).toMatchObject({ partition: '2024-01-03T00:00:00Z', rows: [['10', '2024-01-03 00:00:00+00']] });
  // The 4th has no rows, and no part.
  expect(others).toEqual([]);
});

test('times without a zone are UTC', async () => {
  await sql("create table shop.orders (id int, at timestamp); insert into shop.orders values (1, '2024-01-01 23:59:59.999999'), (2, '2024-01-02'), (3, '2024-01-02 00:59:59'), (4, '2024-01-02 01:00:00')");
  expect(idsOf(await readAll(SOURCE, connection, slice('2024-01-02T00:00:00Z', '2024-01-02T02:00:00Z', '1h')))).toEqual({ '2024-01-02T00:00:00Z': ['2', '3'], '2024-01-02T01:00:00Z': ['4'] });
});

test('a day is its midnight: of grains of hours the first has all its rows', async () => {
  await sql("create table shop.orders (id int, at date); insert into shop.orders values (1, '2024-01-01'), (2, '2024-01-02'), (3, '2024-01-03')");
  expect(idsOf(await readAll(SOURCE, connection, slice('2024-01-01T22:00:00Z', '2024-01-02T03:00:00Z', '1h')))).toEqual({ '2024-01-02T00:00:00Z': ['2'] });
  expect(idsOf(await readAll(SOURCE, connection, slice('2024-01-01T00:00:00Z', '2024-01-03T00:00:00Z', '1d')))).toEqual({ '2024-01-01T00:00:00Z': ['1'], '2024-01-02T00:00:00Z': ['2'] });
});

test('a table of nothing but its cursor is in its order too', async () => {
  await sql("create table shop.orders (at timestamptz); insert into shop.orders values ('2024-01-02 10:00Z'), ('2024-01-02 09:00Z')");
  expect((await readAll(SOURCE, connection, slice('2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z', '1d')))[0]?.rows).toEqual([['2024-01-02 09:00:00+00'], ['2024-01-02 10:00:00+00']]);
});

test('rows without a time end the run before anything is read, with their number and what to do', async () => {
  const day = slice('2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z', '1d');
  await sql("create table shop.orders (id int, at timestamptz); insert into shop.orders values (1, '2024-01-02'), (2, null), (3, 'infinity')");
  await expect(readAll(SOURCE, connection, day)).rejects.toMatchObject({ code: 'CURSOR_NULL', place: 'shop.orders', message: '2 rows of shop.orders have no time in at (null or infinity), so no interval has them.', fix: expect.stringContaining('make at NOT NULL') });
  await sql("delete from shop.orders where id = 2; update shop.orders set at = '-infinity' where id = 3; alter table shop.orders alter at set not null");
  await expect(readAll(SOURCE, connection, day)).rejects.toMatchObject({ code: 'CURSOR_NULL', message: expect.stringMatching(/^A row of shop.orders has no time/) });
  await sql('alter table shop.orders alter at drop not null; insert into shop.orders select g, null from generate_series(1, 2000) g');
  await expect(readAll(SOURCE, connection, day)).rejects.toMatchObject({ code: 'CURSOR_NULL', message: expect.stringMatching(/^More than 1000 rows of/) });
  await sql('create view shop.timed as select * from shop.orders where isfinite(at)');
  expect(idsOf(await readAll({ table: 'shop.timed', cursor: 'at' }, connection, day))).toEqual({ '2024-01-02T00:00:00Z': ['1'] });
  await until(async () => (await sessions(database)).length === 0, { timeoutMs: 2_000 });
});

test('all grains of a run are one snapshot: a row that moves on while the first is read is in neither or in one', async () => {
  await sql("create table shop.orders (id int, at timestamptz); insert into shop.orders values (1, '2024-01-01 10:00Z'), (2, '2024-01-02 10:00Z')");
  const parts = await readAll(SOURCE, connection, slice('2024-01-01T00:00:00Z', '2024-01-04T00:00:00Z', '1d'), () => sql("update shop.orders set at = at + interval '1 day'; insert into shop.orders values (3, '2024-01-02 11:00Z')"));
  expect(idsOf(parts)).toEqual({ '2024-01-01T00:00:00Z': ['1'], '2024-01-02T00:00:00Z': ['2'] });
});

test('a cursor that is not there, or no time, is refused and the columns that could be one are named', async () => {
  const day = slice('2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z', '1d');
  await sql('create table shop.orders (id int, made timestamp, at text); create table shop.notes (id int)');
  await expect(readAll(SOURCE, connection, day)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: 'The column at of shop.orders is text, which is no time.', fix: expect.stringContaining('`made`') });
  await expect(readAll({ table: 'shop.orders', cursor: 'updated_at' }, connection, day)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', message: 'shop.orders has no column updated_at.' });
  await expect(readAll({ table: 'shop.notes', cursor: 'at' }, connection, day)).rejects.toMatchObject({ code: 'SOURCE_REFUSED', fix: expect.stringContaining('Remove the grain') });
});

const GRAINS = [['15m', 900_000], ['1h', 3_600_000], ['1d', 86_400_000]] as const;

test.each([
  ['timestamptz', 1],
  ['timestamptz', 2],
  ['timestamp', 3],
  ['timestamptz(0)', 4],
  ['date', 5],
] as const)('random rows by %s, seed %i: every row is in exactly the one interval that its time is in', async (type, seed) => {
  const random = mulberry32(seed);
  const [grain, length] = GRAINS[random() % GRAINS.length] ?? GRAINS[0];
  const [count, start] = [30, Date.parse('2023-12-31T00:00:00Z')];
  const [from, step] = [start * 1_000, length * 1_000];
  // Around boundaries and anywhere; before the first interval and after the last, too.
  const boundary = (): number => (random() % (count + 2)) * step + (random() % 3) - 1;
  const anywhere = (): number => Math.floor((random() / 2 ** 32) * (count + 2) * step);
  const micros = Array.from({ length: 400 }, () => from - step + (random() % 2 === 0 ? boundary() : anywhere()));
  const zoned = type.startsWith('timestamptz') ? "at time zone 'UTC'" : '::timestamp';
  await sql(`create table shop.orders (id int, at ${type}); ${random() % 2 === 0 ? 'create index on shop.orders (at)' : ''}`);
  await database.pool.query(`insert into shop.orders select g.place, (timestamp 'epoch' + g.micros * interval '1 microsecond') ${zoned} from unnest($1::bigint[], $2::int[]) g(micros, place)`, [micros, micros.map((_, at) => at)]);
  const parts = await readAll(SOURCE, connection, { partitions: partitionsOf({ start: canonicalInstant(start), end: canonicalInstant(start + count * length) }, grain), grain });
  // By the server's own arithmetic, in whole microseconds of what is stored.
  const stored = await database.pool.query<{ id: string; nth: number }>(`select id::text, floor((extract(epoch from at ${zoned} - timestamp 'epoch') * 1000000 - $1::bigint) / $2::bigint)::int as nth from shop.orders order by at, id`, [from, step]);
  const expected = stored.rows.filter(({ nth }) => nth >= 0 && nth < count).map(({ id, nth }) => `${canonicalInstant(start + nth * length)} ${id}`);
  expect(expected.length).toBeGreaterThan(300);
  const found = Object.entries(idsOf(parts)).flatMap(([partition, ids]) => ids.map((id) => `${partition} ${id}`));
  expect(found.toSorted()).toEqual(expected.toSorted());
});
