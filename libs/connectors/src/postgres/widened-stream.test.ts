import { randomUUID } from 'node:crypto';
import type { ColumnType } from '@weir/core';
import { testDatabase, until, type TestDatabase } from '@weir/testkit';
import type { PostgresDestination } from './destination';
import { streamTable, type StreamTable } from './stream-table';
import type { TableSpec } from './table';
import { openDestination } from './testing/orders';
import { batchOf, bySequence, commit, csv, KEYED, NEVER, open, rowId, SOURCE, standing, type StreamRow } from './testing/stream';
import { expectedRows, olderByNumber, randomFrom, rowOf, type Event } from './testing/stream-oracle';

let database: TestDatabase;
let destination: PostgresDestination;
beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  await database.pool.query('drop schema if exists shop, weir cascade');
  destination = openDestination(database.config);
  await open(destination, 4);
});
afterEach(() => destination.close());
afterAll(() => database?.drop());

/** Clicks whose key, sequence and amount have these types. */
function clicks(key: ColumnType, sequence: ColumnType, amount: ColumnType): StreamTable {
  const spec: TableSpec = { ...KEYED, columns: [{ name: 'id', type: key }, { name: 'seq', type: sequence }, { name: 'amount', type: amount }] };
  return streamTable(spec, 'seq', SOURCE.topic);
}

function clickOf(id: string, seq: string, amount: string, offset: number, deleted = false): StreamRow {
  return { id, seq, amount, _weir_row_id: rowId(0, offset), _weir_position: `clicks:0:${offset}`, _weir_deleted: deleted };
}

async function rowsOf(columns: string, table = 'shop.clicks'): Promise<string[][]> {
  return (await database.pool.query<string[]>({ text: `select ${columns} from ${table} order by ${table === 'shop.clicks' ? 'clicks' : 't'}.id`, rowMode: 'array' })).rows;
}

async function graves(columns: string): Promise<string[][]> {
  const [found] = (await database.pool.query<{ name: string }>("select relname as name from pg_class where relname like 'tombstone_%' and relkind = 'r'")).rows;
  return rowsOf(columns, `weir.${found?.name} t`);
}

test('key, sequence and other columns widen; rows keep their commits, deleted keys stay deleted, and versions compare exactly', async () => {
  const [narrow, wide] = [clicks('BIGINT', 'DATE', 'DECIMAL(12,2)'), clicks('DECIMAL(21,2)', 'TIMESTAMP', 'DECIMAL(16,4)')];
  await commit(destination, [clickOf('1', '2024-01-05', '1.50', 0), clickOf('9007199254740993', '2024-01-05', '9999999999.99', 1), clickOf('3', '2024-01-09', '0', 2, true)], 0, 3, { table: narrow });
  const commits = await rowsOf('_weir_commit::text');
  await commit(destination, [clickOf('4.25', '2024-01-05 00:00:00.5', '0.0001', 3)], 3, 4, { table: wide, version: 2 });
  expect(await rowsOf('id::text, seq::text, amount::text')).toEqual([
    ['1.00', '2024-01-05 00:00:00', '1.5000'],
    ['4.25', '2024-01-05 00:00:00.5', '0.0001'],
    ['9007199254740993.00', '2024-01-05 00:00:00', '9999999999.9900'],
  ]);
  expect((await rowsOf('_weir_commit::text')).filter((_, at) => at !== 1)).toEqual(commits);
  expect(await graves('id::text, _weir_sequence::text')).toEqual([['3.00', '2024-01-09 00:00:00']]);
  // Older than the tombstone and than the row by less than a day; then newer.
  await commit(destination, [clickOf('3', '2024-01-08 23:59:59', '5', 4), clickOf('4.25', '2024-01-05 00:00:00.4', '6', 5)], 4, 6, { table: wide, version: 2 });
  expect(await rowsOf('id::text, amount::text')).toEqual([['1.00', '1.5000'], ['4.25', '0.0001'], ['9007199254740993.00', '9999999999.9900']]);
  await commit(destination, [clickOf('3', '2024-01-09 00:00:01', '7', 6)], 6, 7, { table: wide, version: 2 });
  expect(await rowsOf('id::text, amount::text')).toEqual([['1.00', '1.5000'], ['3.00', '7.0000'], ['4.25', '0.0001'], ['9007199254740993.00', '9999999999.9900']]);
  expect(await graves('id::text')).toEqual([]);
});

test('micro-batches of the earlier definition go on over the same connections while the table is wider', async () => {
  const [narrow, wide] = [clicks('BIGINT', 'BIGINT', 'BIGINT'), clicks('DECIMAL(21,2)', 'DECIMAL(19,0)', 'DOUBLE')];
  await commit(destination, [clickOf('1', '9007199254740992', '10', 0), clickOf('2', '1', '20', 1, true)], 0, 2, { table: narrow });
  await commit(destination, [clickOf('3.5', '1', '0.5', 2)], 2, 3, { table: wide, version: 2 });
  // Newer by one, where a floating number would not see it; older than the tombstone; a new tombstone.
  await commit(destination, [clickOf('1', '9007199254740993', '11', 3), clickOf('2', '0', '21', 4), clickOf('5', '7', '0', 5, true)], 3, 6, { table: narrow });
  await commit(destination, [clickOf('1', '9007199254740992', '12', 6), clickOf('5', '6', '1', 7)], 6, 8, { table: narrow });
  expect(await rowsOf('id::text, seq::text, amount::text')).toEqual([['1.00', '9007199254740993', '11'], ['3.50', '1', '0.5']]);
  expect(await graves('id::text, _weir_sequence::text')).toEqual([['2.00', '1'], ['5.00', '7']]);
});

test('consumers that bring and delete rows go on without an error while the table widens under them, many times', async () => {
  const random = randomFrom(11);
  const logs = [0, 1, 2, 3].map((partition) => Array.from({ length: 160 }, (_, offset): Event => ({ id: `k${random(9)}`, note: `${partition}:${offset}`, seq: String(random(90)), partition, offset, rowId: randomUUID(), deleted: random(4) === 0 })));
  const tableOf = (digits: number): StreamTable => bySequence({ ...KEYED, columns: KEYED.columns.map((column) => (column.name === 'seq' ? { name: 'seq', type: `DECIMAL(${digits},0)` } : column)) });
  // One consumer is the first under each definition; the others follow while their batches are on their way.
  let known = 6;
  const consume = async (log: readonly Event[], partition: number): Promise<void> => {
    const [first] = log;
    if (!first) return;
    const rows = log.slice(0, 4).map(rowOf);
    const columns = Object.keys(rows[0] ?? {});
    const ranges = [{ partition, from: first.offset, to: first.offset + rows.length, greatestTimestamp: 0 }];
    const digits = partition === 0 ? Math.min(38, known + 1) : known;
    await destination.commitBatch({ ...batchOf([], 0, 0, { ranges, version: digits }), tables: [{ table: tableOf(digits), columns, rows: rows.length, data: csv(rows, columns) }] }, NEVER);
    known = Math.max(known, digits);
    await consume(log.slice(4), partition);
  };
  await consume((logs[1] ?? []).slice(0, 4), 1);
  await Promise.all(logs.map((log, partition) => consume(partition === 1 ? log.slice(4) : log, partition)));
  expect(known).toBe(38);
  const found = await database.pool.query<string[]>({ text: 'select id, note, seq::text from shop.clicks order by id collate "C"', rowMode: 'array' });
  expect(found.rows).toEqual(expectedRows(logs.flat(), olderByNumber));
});

test.each([
  ['keys that are apart as integers are one as floating numbers', clicks('DOUBLE', 'BIGINT', 'BIGINT'), '', /column id is bigint in the table and double precision in the model, and rows that the first tells apart have one key as the second/],
  ['a view reads the column', clicks('BIGINT', 'BIGINT', 'DOUBLE'), 'create view shop.sums as select sum(amount) as total from shop.clicks', /column amount is bigint .* the view shop\.sums reads it/],
  ['the model’s type is narrower', clicks('BIGINT', 'BIGINT', 'DECIMAL(12,2)'), '', /column amount is bigint in the table and numeric\(12,2\) in the model/],
])('DESTINATION_INCOMPATIBLE: %s; the stream goes on under the definition before', async (_, table, sql, message) => {
  const narrow = clicks('BIGINT', 'BIGINT', 'BIGINT');
  await commit(destination, [clickOf('9007199254740992', '1', '10', 0), clickOf('9007199254740993', '1', '20', 1)], 0, 2, { table: narrow });
  await database.pool.query(sql);
  await expect(commit(destination, [clickOf('1', '1', '1', 2)], 2, 3, { table, version: 2 })).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', place: 'shop.clicks', message: expect.stringMatching(message) });
  expect(await rowsOf('id::text, amount::text')).toEqual([['9007199254740992', '10'], ['9007199254740993', '20']]);
  expect(await standing(database.pool)).toEqual([2, 0, 0, 0]);
  await expect(commit(destination, [clickOf('1', '1', '1', 2)], 2, 3, { table: narrow })).resolves.toMatchObject({ tables: [{ inserted: 1 }] });
});

const slow = (seconds: number): string => `create or replace function shop.slow(amount numeric) returns numeric immutable language plpgsql as $$ begin perform pg_sleep(${seconds}); return amount; end $$`;

/** Whoever widens the table has an index to build that takes its time. */
async function widenSlowly(seconds: number): Promise<StreamTable> {
  await commit(destination, [clickOf('1', '1', '10', 0)], 0, 1, { table: clicks('BIGINT', 'BIGINT', 'BIGINT') });
  await database.pool.query(`${slow(0)}; create index on shop.clicks (shop.slow(amount)); ${slow(seconds)}`);
  return clicks('BIGINT', 'BIGINT', 'DECIMAL(21,2)');
}

test('BUSY: a table that takes longer to widen than a micro-batch may wait; it goes on meanwhile, and a later try finds it done', async () => {
  const table = await widenSlowly(16);
  const batch = batchOf([clickOf('2', '1', '0.5', 1)], 1, 2, { table, version: 2 });
  await expect(destination.commitBatch(batch, NEVER)).rejects.toMatchObject({ code: 'BUSY', place: 'shop.clicks' });
  await database.pool.query(slow(0));
  await expect(destination.commitBatch(batch, NEVER)).resolves.toMatchObject({ wasCommitted: false, tables: [{ inserted: 1 }] });
  expect(await rowsOf('amount::text')).toEqual([['10.00'], ['0.50']]);
});

test('a service that stops ends what it was altering, and leaves the table as it was', async () => {
  const table = await widenSlowly(30);
  const stopping = openDestination(database.config);
  const waiting = commit(stopping, [clickOf('2', '1', '0.5', 1)], 1, 2, { table, version: 2 });
  waiting.catch(() => undefined);
  const altering = async (): Promise<boolean> => ((await database.pool.query("select 1 from pg_stat_activity where state = 'active' and query like 'alter table%' and datname = current_database()")).rowCount ?? 0) > 0;
  await until(altering, { timeoutMs: 5_000, what: 'the table being altered' });
  const at = performance.now();
  await stopping.close();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - at).toBeLessThan(5_000);
  expect(await altering()).toBe(false);
  expect(await rowsOf('amount::text')).toEqual([['10']]);
});
