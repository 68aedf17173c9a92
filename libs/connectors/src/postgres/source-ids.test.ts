import { setTimeout as pause } from 'node:timers/promises';
import { readCsvText, toWeirError } from '@weir/core';
import { mulberry32, testDatabase, until, type TestDatabase } from '@weir/testkit';
import type { PoolClient } from 'pg';
import { IdReader, type IdBounds, type IdRange, type NewIds } from './source-ids';
import type { PostgresSourceConnection } from './source-connection';
import { reading, sessions, sourceConnection } from './testing/sources';

let database: TestDatabase;
let connection: PostgresSourceConnection;
beforeAll(async () => {
  database = await testDatabase();
  connection = sourceConnection(database.config);
});
beforeEach(() => sql('drop schema if exists shop cascade; create schema shop'));
afterEach(() => until(async () => (await sessions(database)).length === 0, { timeoutMs: 5_000, what: 'The end of all sessions of sources' }));
afterAll(() => database?.drop());

async function sql(text: string): Promise<void> {
  await database.pool.query(text);
}

const BOUNDS: IdBounds = { rows: 1_000_000, bytes: 1024 ** 3, waitMs: 10_000 };
const SOURCE = { table: 'shop.orders', cursor: 'id' };

interface Taken extends NewIds {
  /** Ids in the order in which they came, part by part. */
  readonly parts: readonly (readonly string[])[];
}

/** Takes what is new behind a position; reads other ranges again before it. */
async function take(after: string, { bounds = {}, again = [], table = SOURCE.table, signal = new AbortController().signal }: { bounds?: Partial<IdBounds>; again?: readonly IdRange[]; table?: string; signal?: AbortSignal } = {}): Promise<Taken> {
  const reader = await IdReader.open({ ...SOURCE, table }, connection, after, { ...reading({ signal }), bounds: { ...BOUNDS, ...bounds } });
  try {
    const found = await reader.newIds(after);
    const parts: string[][] = [];
    for (const range of [...again, found.range]) for await (const { bytes } of reader.parts(range, 'all')) parts.push(await idsOf(bytes));
    return { ...found, parts };
  } finally {
    await reader.close();
  }
}

async function idsOf(bytes: AsyncIterable<Buffer>): Promise<string[]> {
  const pieces: Buffer[] = [];
  for await (const piece of bytes) pieces.push(piece);
  const [, ...rows] = readCsvText(Buffer.concat(pieces).toString()) ?? [];
  return rows.map(({ fields }) => fields[0] ?? '');
}

const writers = new Set<PoolClient>();
// A test that fails leaves them, and the next one would wait for their locks.
afterEach(async () => {
  for (const client of writers) await end(client, 'rollback');
});

/** A transaction that stays open until it is told. */
async function writer(text: string): Promise<PoolClient> {
  const client = await database.pool.connect();
  writers.add(client);
  await client.query('begin');
  await client.query(text);
  return client;
}

async function end(client: PoolClient, how: 'commit' | 'rollback' = 'commit'): Promise<void> {
  writers.delete(client);
  await client.query(how);
  client.release();
}

/** Until a reader knows who writes. */
async function lookedAround(): Promise<void> {
  await until(async () => (await sessions(database)).some(({ query, state }) => query.includes('pg_locks') && state === 'idle'), { timeoutMs: 5_000, what: 'A reader that waits' });
}

test('what is new are the rows with greater ids, in their order; a range is the same again, with the rows as they are now', async () => {
  await sql("create table shop.orders (id int generated always as identity, what text); insert into shop.orders (what) select 'x' || n from generate_series(1, 5) n");
  const first = await take('');
  expect(first).toEqual({ range: { from: '', to: '5' }, more: false, parts: [['1', '2', '3', '4', '5']] });
  expect(await take('5')).toEqual({ range: { from: '5', to: '5' }, more: false, parts: [] });
  await sql("insert into shop.orders (what) values ('y'), ('z'); delete from shop.orders where id = 2");
  expect(await take('5', { again: [first.range] })).toEqual({ range: { from: '5', to: '7' }, more: false, parts: [['1', '3', '4', '5'], ['6', '7']] });
});

test('an empty table has nothing; ids below zero, and those that no number is exact for, are ids', async () => {
  await sql('create table shop.orders (id bigint primary key)');
  expect(await take('')).toEqual({ range: { from: '', to: '' }, more: false, parts: [] });
  await sql('insert into shop.orders values (-9223372036854775808), (-1), (9007199254740993), (9223372036854775806)');
  expect(await take('', { bounds: { rows: 1 } })).toMatchObject({ parts: [['-9223372036854775808', '-1', '9007199254740993', '9223372036854775806']] });
  await sql('insert into shop.orders values (9223372036854775807)');
  expect(await take('9223372036854775806')).toEqual({ range: { from: '9223372036854775806', to: '9223372036854775807' }, more: false, parts: [['9223372036854775807']] });
});

test('a transaction that may bring smaller ids is waited for: with its end they are there, or never will be', async () => {
  await sql('create table shop.orders (id int generated always as identity, n int)');
  const [kept, undone] = [await writer('insert into shop.orders (n) values (1)'), await writer('insert into shop.orders (n) values (2)')];
  await sql('insert into shop.orders (n) values (3)');
  const taking = take('');
  await lookedAround();
  // Those that begin after the look are not waited for: their ids are greater.
  const later = await writer('insert into shop.orders (n) values (4)');
  await end(kept);
  await end(undone, 'rollback');
  expect(await taking).toEqual({ range: { from: '', to: '3' }, more: false, parts: [['1', '3']] });
  await end(later);
  expect((await take('3')).parts).toEqual([['4']]);
});

test('of a transaction that stays open nothing is taken, and that is said; without anything visible that is new nobody is waited for', async () => {
  await sql('create table shop.orders (id int generated always as identity, n int); insert into shop.orders (n) values (0)');
  const open = await writer('insert into shop.orders (n) values (1)');
  expect((await take('1', { bounds: { waitMs: 60_000 } })).more).toBe(false);
  await sql('insert into shop.orders (n) values (2)');
  expect(await take('1', { bounds: { waitMs: 100 } })).toEqual({ range: { from: '1', to: '1' }, more: true, parts: [] });
  await end(open);
  expect((await take('1')).parts).toEqual([['2', '3']]);
});

test('writers of partitions, and of the table that one is a partition of, are seen', async () => {
  await sql('create table shop.orders (id int generated always as identity, n int) partition by range (n); create table shop.low partition of shop.orders for values from (0) to (10); create table shop.high partition of shop.orders for values from (10) to (20)');
  for (const table of ['shop.orders', 'shop.low']) {
    const open = await writer('insert into shop.orders (n) values (1)');
    await sql('insert into shop.orders (n) values (2)');
    expect(await take('', { table, bounds: { waitMs: 50 } })).toMatchObject({ range: { from: '', to: '' }, more: true });
    await end(open);
    await sql('truncate shop.orders restart identity');
  }
  const direct = await writer('insert into shop.high (id, n) overriding system value values (1, 12)');
  await sql('insert into shop.orders (n) values (2)');
  expect(await take('', { bounds: { waitMs: 50 } })).toMatchObject({ more: true });
  await end(direct);
});

test('a range has so many rows at most, and comes in parts', async () => {
  await sql("create table shop.orders (id int primary key, what text); insert into shop.orders select n * 10, repeat('x', 10) from generate_series(1, 2500) n; analyze shop.orders");
  const first = await take('', { bounds: { rows: 1_000, bytes: 1 } });
  // At least one part of rows is taken, whatever the bound: here as many as 64 MiB hold.
  expect(first.range).toEqual({ from: '', to: '25000' });
  await sql("truncate shop.orders; alter table shop.orders alter what set storage external; insert into shop.orders select n, repeat(md5(n::text), 3000) from generate_series(1, 3000) n");
  await sql('vacuum full analyze shop.orders');
  const second = await take('', { bounds: { rows: 1_200, bytes: 1024 ** 3 } });
  expect([second.range, second.more, second.parts.map((ids) => ids.length)]).toEqual([{ from: '', to: '1200' }, true, [1_000, 200]]);
  const third = await take('1200', { bounds: { rows: 5_000 } });
  expect([third.range, third.more, third.parts.flat()]).toEqual([{ from: '1200', to: '3000' }, false, Array.from({ length: 1_800 }, (_, n) => String(n + 1_201))]);
});

test.each([
  ['a view', 'create table shop.t (id int); create view shop.orders as select * from shop.t', 'SOURCE_REFUSED', 'is no table'],
  ['a sequence that hands out several at a time', 'create sequence shop.s cache 20; create table shop.orders (id int default nextval($$shop.s$$))', 'SOURCE_REFUSED', '20 ids at a time'],
  ['a sequence that goes down', 'create table shop.orders (id int generated always as identity (increment by -1 minvalue -100 maxvalue 0 start 0))', 'SOURCE_REFUSED', 'goes down'],
  ['a sequence that begins again', 'create table shop.orders (id int generated always as identity (maxvalue 100 cycle))', 'SOURCE_REFUSED', 'begins again'],
  ['a cursor of times', 'create table shop.orders (id timestamptz, number int)', 'SOURCE_REFUSED', 'is timestamp with time zone'],
  ['a cursor that is not there', 'create table shop.orders (number int)', 'SOURCE_REFUSED', 'has no column id'],
  ['rows without an id', 'create table shop.orders (id int); insert into shop.orders values (1), (null)', 'CURSOR_NULL', 'have no id'],
])('ids of %s are refused', async (_what, text, code, message) => {
  await sql(text);
  expect(await take('').then(() => undefined, toWeirError)).toMatchObject({ code, message: expect.stringContaining(message) });
});

test('ids that begin again below the position are an error, not the end of all rows', async () => {
  await sql('create table shop.orders (id int generated always as identity, n int); insert into shop.orders (n) values (1), (2), (3)');
  await sql('truncate shop.orders restart identity; insert into shop.orders (n) values (4)');
  await expect(take('3')).rejects.toMatchObject({ code: 'POSITION_LOST', place: 'shop.orders.id', message: expect.stringContaining('the last that was given is 1, and rows up to 3 were taken') });
});

test('a reader that waits is cancelled at once', async () => {
  await sql('create table shop.orders (id int generated always as identity, n int)');
  const open = await writer('insert into shop.orders (n) values (1)');
  await sql('insert into shop.orders (n) values (2)');
  const cancel = new AbortController();
  const taking = take('', { signal: cancel.signal, bounds: { waitMs: 60_000 } }).then(() => undefined, toWeirError);
  await lookedAround();
  cancel.abort();
  expect(await taking).toMatchObject({ code: 'CANCELLED' });
  await end(open);
});

/** Transactions of many writers at once, some long, some undone, with ids handed out in between; gives the ids that were committed. */
async function write(seed: number, transactions: number): Promise<string[]> {
  const next = mulberry32(seed);
  const random = (): number => next() / 2 ** 32;
  const committed: string[] = [];
  for (let n = 0; n < transactions; n += 1) {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      const ids: string[] = [];
      for (let statements = 1 + Math.floor(random() * 3); statements > 0; statements -= 1) {
        const { rows } = await client.query<{ id: string }>('insert into shop.orders (n) select generate_series(1, $1::int) returning id::text', [1 + Math.floor(random() * 4)]);
        ids.push(...rows.map(({ id }) => id));
        await pause(random() * 12);
      }
      const undo = random() < 0.2;
      await client.query(undo ? 'rollback' : 'commit');
      if (!undo) committed.push(...ids);
    } finally {
      client.release();
    }
  }
  return committed;
}

test('whoever writes meanwhile: every committed row is taken once', async () => {
  await sql('create table shop.orders (id bigint generated always as identity primary key, n int)');
  const seed = Number(process.env['WEIR_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  const taken: string[] = [];
  const state = { position: '', writing: true, takes: 0 };
  const all = Promise.all(Array.from({ length: 6 }, (_, n) => write(seed + n, 25))).finally(() => (state.writing = false));
  const step = async (): Promise<void> => {
    const { range, parts } = await take(state.position, { bounds: { rows: 1_000 } });
    taken.push(...parts.flat());
    state.position = range.to;
    state.takes += 1;
  };
  while (state.writing) await step();
  const committed = (await all).flat();
  await step();
  const order = (ids: readonly string[]): string[] => ids.toSorted((one, other) => Number(one) - Number(other));
  expect({ seed, taken: order(taken) }).toEqual({ seed, taken: order(committed) });
  // In the order of ids, over all takes.
  expect(taken).toEqual(order(taken));
  expect(state.takes).toBeGreaterThan(3);
});
