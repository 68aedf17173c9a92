import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeirError } from '@weir/core';
import { testDatabase, type TestDatabase } from '@weir/testkit';
import type pg from 'pg';
import { migrate } from './migrate';
import { inTransaction, mapPostgresError, openPool } from './postgres';
import { Secret } from './secret';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await testDatabase();
  pool = openPool({ ...database.config, password: new Secret(database.config.password) });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function folder(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-migrations-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

test('migrations run once and in order, in their own schema', async () => {
  const dir = await folder({ '002-second.sql': 'alter table t add column b int;', '001-first.sql': 'create table t (a int);', 'notes.txt': 'not sql' });
  await migrate(pool, 'one', dir);
  await migrate(pool, 'one', dir);
  const { rows } = await pool.query("select column_name from information_schema.columns where table_schema = 'one' and table_name = 't' order by ordinal_position");
  expect(rows.map((row: { column_name: string }) => row.column_name)).toEqual(['a', 'b']);
});

test('two processes that migrate at once do it once', async () => {
  const dir = await folder({ '001-first.sql': 'create table once (a int); insert into once values (1);' });
  await Promise.all([1, 2, 3, 4].map(() => migrate(pool, 'two', dir)));
  const { rows } = await pool.query('select count(*)::int as n from two.once');
  expect(rows).toEqual([{ n: 1 }]);
});

test('a migration that fails leaves nothing, and one that changed is refused', async () => {
  const broken = await folder({ '001-first.sql': 'create table half (a int); select 1/0;' });
  await expect(migrate(pool, 'three', broken)).rejects.toThrow('division by zero');
  expect((await pool.query("select to_regclass('three.half') as t")).rows).toEqual([{ t: null }]);
  const good = await folder({ '001-first.sql': 'create table half (a int);' });
  await migrate(pool, 'three', good);
  await writeFile(join(good, '001-first.sql'), 'create table half (b int);');
  await expect(migrate(pool, 'three', good)).rejects.toThrow('changed after it was applied');
});

test('a transaction that throws leaves no trace and gives its connection back', async () => {
  await pool.query('create table kept (a int)');
  const failing = inTransaction(pool, async (client) => {
    await client.query('insert into kept values (1)');
    throw new WeirError({ code: 'LEASE_LOST', message: 'no' });
  });
  await expect(failing).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect((await pool.query('select count(*)::int as n from kept')).rows).toEqual([{ n: 0 }]);
  expect(pool.waitingCount).toBe(0);
});

test('a backend that is killed inside a transaction is UNAVAILABLE and the pool goes on', async () => {
  const killed = inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await client.query('select 1');
  });
  await expect(killed).rejects.toMatchObject({ code: 'UNAVAILABLE', retry: 'transient' });
  await expect(pool.query('select 1 as one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
});

test('a server that is not there is UNAVAILABLE', async () => {
  const nowhere = openPool({ host: '127.0.0.1', port: 1, database: 'x', user: 'x', password: new Secret('x') });
  await expect(inTransaction(nowhere, async () => undefined)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await nowhere.end();
});

test('SQLSTATE classes map to the error table', () => {
  const code = (sqlstate: string) => mapPostgresError(Object.assign(new Error('m'), { code: sqlstate })).code;
  expect(['08006', '57P01', '53100', '53300', '40001', '55P03', '57014', '23505'].map(code)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'DISK_FULL', 'BUSY', 'BUSY', 'BUSY', 'DEADLINE', 'INTERNAL']);
});
