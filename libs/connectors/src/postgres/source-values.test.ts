import { quoteIdent } from '@weir/core';
import { mulberry32, testDatabase, type TestDatabase } from '@weir/testkit';
import type { PostgresSourceConnection } from './source-connection';
import { HOSTILE_TYPES, hostileText, OWN_TYPES, type HostileType } from './testing/hostile-values';
import { readAll, sourceConnection } from './testing/sources';

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
  // What a server, database or user may be set to must not show in what is read.
  const settings = ["timezone = 'Asia/Kolkata'", "datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "bytea_output = 'escape'", 'extra_float_digits = -10', "xmloption = 'document'", "client_encoding = 'LATIN1'"];
  await database.pool.query(settings.map((setting) => `alter database ${database.config.database} set ${setting}`).join('; '));
  await database.pool.query(`create schema shop; ${OWN_TYPES}`);
});
afterAll(() => database?.drop());

/** The texts of a table as a session with settings of its own gives them, row by row. */
async function texts(columns: readonly (HostileType & { readonly name: string })[]): Promise<(string | null)[][]> {
  const client = await database.pool.connect();
  try {
    await client.query("set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1");
    const list = columns.map(({ name, type }) => `case when ${quoteIdent(name)} is distinct from null then format('%s', ${quoteIdent(name)}${type === 'money' ? '::numeric' : ''}) end`);
    return (await client.query<(string | null)[]>({ text: `select ${list.map((text, at) => `${text} as c${at}`).join(', ')} from shop.facts order by ctid`, rowMode: 'array' })).rows;
  } finally {
    client.release(true);
  }
}

async function expectSame(columns: readonly (HostileType & { readonly name: string })[], random: ReturnType<typeof mulberry32>, rows: number): Promise<void> {
  await database.pool.query(`drop table if exists shop.facts; create table shop.facts (${columns.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(', ')})`);
  for (let row = 0; row < rows; row += 1) {
    const values = columns.map(({ value }) => (random() % 7 === 0 ? null : value(random)));
    await database.pool.query(`insert into shop.facts values (${columns.map(({ type }, at) => `$${at + 1}::text::${type}`).join(', ')})`, values);
  }
  const [part, ...others] = await readAll({ table: 'shop.facts' }, connection);
  expect(others).toEqual([]);
  expect(part?.header).toEqual(columns.map(({ name }) => name));
  expect(part?.rows).toEqual(await texts(columns));
}

test('every type: what is read is what the server itself says, whatever the database is set to', async () => {
  await expectSame(HOSTILE_TYPES.map((type, at) => ({ ...type, name: `c${at}` })), mulberry32(7), 60);
});

test.each([1, 2, 3, 4, 5, 6])('random tables, seed %i: names, types and values of any kind', async (seed) => {
  const random = mulberry32(seed);
  const columns = Array.from({ length: 2 + (random() % 10) }, (_, at) => {
    const type = HOSTILE_TYPES[random() % HOSTILE_TYPES.length] as HostileType;
    return { ...type, name: `${hostileText(random).slice(0, 15)}${at}` };
  });
  await expectSame(columns, random, 25);
});

test('arrays of random texts are JSON where that is asked for, and as Postgres writes them in other columns; others than arrays stay what they are', async () => {
  const random = mulberry32(11);
  const lists = Array.from({ length: 80 }, () => (random() % 9 === 0 ? null : Array.from({ length: random() % 5 }, () => (random() % 4 === 0 ? null : hostileText(random)))));
  await database.pool.query('drop domain if exists shop.names cascade; create domain shop.names as text[]; drop table if exists shop.lists; create table shop.lists (list text[], named shop.names, other text[], plain text)');
  for (const list of lists) await database.pool.query('insert into shop.lists values ($1::text[], $1::text[], $1::text[], $2)', [list, '{1}']);
  const [part] = await readAll({ table: 'shop.lists', arrays: new Set(['list', 'named', 'plain', 'nowhere']) }, connection);
  expect(part?.rows.map(([list, named]) => [JSON.parse(list ?? 'null'), JSON.parse(named ?? 'null')])).toEqual(lists.map((list) => [list, list]));
  const { rows } = await database.pool.query<{ other: string | null }>('select other::text from shop.lists order by ctid');
  expect(part?.rows.map(([, , other, plain]) => [other, plain])).toEqual(rows.map(({ other }) => [other, '{1}']));
});
