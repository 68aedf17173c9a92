import { tempDir, testDatabase, type TempDir, type TestDatabase } from '@weir/testkit';
import type { PostgresDestination } from './destination';
import { deliver, deliverAll, openDestination, type DeliverRows } from './testing/orders';
import type { TableSpec } from './table';

let database: TestDatabase;
let folder: TempDir;
let destination: PostgresDestination;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), tempDir()]);
  destination = openDestination(database.config);
});
beforeEach(async () => {
  await database.pool.query('drop schema if exists shop, weir cascade');
});
afterAll(async () => {
  await destination?.close();
  await Promise.all([database?.drop(), folder?.dispose()]);
});

/** A table by key, each row of which stands for a row of the source. */
const ORDERS: TableSpec = {
  schema: 'shop',
  name: 'orders',
  columns: [
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'BIGINT' },
    { name: 'parent', type: 'BIGINT' },
  ],
  identity: { by: 'key', columns: ['id'] },
  lineage: true,
};
const LINES: TableSpec = { ...ORDERS, name: 'lines' };
const APPENDED: TableSpec = { ...ORDERS, name: 'appended', identity: { by: 'row', id: 'dataset' } };

interface Row {
  readonly id: number | null;
  readonly amount?: number | null;
  readonly parent?: number | null;
}

/** As the engine writes it. */
function line({ id, amount = id, parent = null }: Row): string {
  return [id === null ? '' : `"${id}"`, amount ?? '', parent ?? '', rowId(id ?? 0), `orders.csv:${(id ?? 0) + 2}`].join(',');
}

function rowId(n: number): string {
  return n.toString(16).padStart(32, '0');
}

function someRows(from: number, to: number, fields: Partial<Row> = {}): Row[] {
  return Array.from({ length: to - from }, (_, at) => ({ id: from + at, ...fields }));
}

function rowsFor(to: number, rows: readonly Row[], { spec = ORDERS, ...rest }: Partial<DeliverRows> = {}): DeliverRows {
  return { spec, to, upserts: rows.map(line), mostRefused: 100, ...rest };
}

async function ids(table = 'orders'): Promise<number[]> {
  return (await database.pool.query<{ id: number }>(`select id::int from shop.${table} order by 1`)).rows.map(({ id }) => id);
}

/** What the quarantine would hear, and has heard then. */
async function told(...tables: string[]): Promise<string[]> {
  const signal = new AbortController().signal;
  const rows = await destination.untold(tables.length > 0 ? tables : ['shop.orders'], 'all', signal);
  await destination.markTold(rows, signal);
  return rows.map(({ table, position, rule, became }) => `${table} ${position} ${became ?? rule}`);
}

/** A first load of good rows, and what a person then demands of the table. */
async function tableThat(demand: string): Promise<void> {
  await deliver(destination, folder.path, rowsFor(1, someRows(1, 4)));
  await database.pool.query(demand);
}

test.each([
  ['a check', 'alter table shop.orders add constraint amount_positive check (amount > 0)', { id: 7, amount: -1 }, 'destination:check:amount_positive', /violates check constraint "amount_positive"/],
  ['not null', 'alter table shop.orders alter column amount set not null', { id: 7, amount: null }, 'destination:not_null:amount', /null value in column "amount"/],
  ['a unique index', 'create unique index one_amount on shop.orders (amount)', { id: 7, amount: 3 }, 'destination:unique:one_amount', /duplicate key/],
  ['a foreign key', 'create table shop.parents (id bigint primary key); alter table shop.orders add constraint of_parent foreign key (parent) references shop.parents', { id: 7, parent: 9 }, 'destination:foreign_key:of_parent', /foreign key/],
  ['a foreign key that is checked at the commit', 'create table shop.parents (id bigint primary key); alter table shop.orders add constraint of_parent foreign key (parent) references shop.parents deferrable initially deferred', { id: 7, parent: 9 }, 'destination:foreign_key:of_parent', /foreign key/],
  ['a unique constraint that is checked at the commit', 'alter table shop.orders add constraint one_amount unique (amount) deferrable initially deferred', { id: 7, amount: 3 }, 'destination:unique:one_amount', /duplicate key/],
  ['an exclusion', "alter table shop.orders add constraint apart exclude using gist (int8range(amount, amount, '[]') with &&)", { id: 7, amount: 3 }, 'destination:exclusion:apart', /conflicting key value/],
  ["a trigger's exception", "create function shop.judge() returns trigger language plpgsql as $$ begin if new.amount < 0 then raise exception 'no debts: %', new.amount; end if; return new; end $$; create trigger judge before insert or update on shop.orders for each row execute function shop.judge()", { id: 7, amount: -1234 }, 'destination:trigger', /no debts: -1234/],
  ['a value out of range in a trigger', 'create function shop.judge() returns trigger language plpgsql as $$ begin perform new.amount::int4; return new; end $$; create trigger judge before insert on shop.orders for each row execute function shop.judge()', { id: 7, amount: 99_999_999_999 }, 'destination:value', /out of range/],
] as const)('%s: the row that the table refuses is set aside, and all others are loaded', async (_, demand, bad, rule, reason) => {
  await tableThat(demand);
  const entry = await deliver(destination, folder.path, rowsFor(2, [...someRows(4, 7), bad, ...someRows(8, 11)]));
  expect(entry).toMatchObject({ inserted: 6, updated: 0, deleted: 0, refused: 1, rowsInTable: 9 });
  expect(await ids()).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
  const [row, ...more] = await destination.untold(['shop.orders'], 'all', new AbortController().signal);
  expect(more).toEqual([]);
  expect(row).toMatchObject({ rowId: '00000000-0000-0000-0000-000000000007', position: 'orders.csv:9', rule, reason: expect.stringMatching(reason), runId: 'run-2', became: undefined });
  expect(JSON.parse(row?.original ?? '')).toMatchObject({ id: bad.id });
  expect(await told()).toHaveLength(1);
  expect(await told()).toEqual([]);
});

test('one refused row among 10,000: at most 15 parts of them are tried', async () => {
  await deliver(destination, folder.path, rowsFor(1, someRows(0, 2)));
  // A sequence counts what was rolled back, too.
  await database.pool.query(`alter table shop.orders add check (amount <> 77); create sequence shop.tries;
    create function shop.try() returns trigger language plpgsql as $$ begin perform nextval('shop.tries'); return null; end $$; create trigger try before insert on shop.orders execute function shop.try()`);
  const rows = someRows(10, 10_010).map((row) => (row.id === 6_789 ? { ...row, amount: 77 } : row));
  expect(await deliver(destination, folder.path, rowsFor(2, rows.filter(({ id }) => id !== 77)))).toMatchObject({ inserted: 9_998, refused: 1, rowsInTable: 10_000 });
  const { rows: [tries] } = await database.pool.query<{ last_value: string }>('select last_value from shop.tries');
  // The first is the load of all rows, of which nobody knew yet.
  expect(Number(tries?.last_value)).toBeLessThanOrEqual(1 + 15);
  expect(await told()).toEqual(['shop.orders orders.csv:6791 destination:check:orders_amount_check']);
});

test('random rows, some of which the table refuses: it holds all others, and the ledger counts', async () => {
  await tableThat('alter table shop.orders add check (amount % 7 <> 0)');
  const rows = someRows(10, 2_010).map((row) => ({ ...row, amount: 1 + (((row.id ?? 0) * 2_654_435_761) % 97) }));
  const good = rows.filter(({ amount }) => amount % 7 !== 0);
  expect(await deliver(destination, folder.path, rowsFor(2, rows, { mostRefused: 2_000 }))).toMatchObject({ inserted: good.length, refused: rows.length - good.length, rowsInTable: 3 + good.length });
  expect(await ids()).toEqual([1, 2, 3, ...good.map(({ id }) => id)]);
  const { rows: noted } = await database.pool.query<{ ids: number[] }>("select array_agg(((identity::jsonb)->>0)::int order by ((identity::jsonb)->>0)::int) as ids from weir.refused");
  expect(noted[0]?.ids).toEqual(rows.filter(({ amount }) => amount % 7 === 0).map(({ id }) => id));
});

test('a version that the table refuses takes the older one of its key away: the table is what it would be if it were built anew', async () => {
  await tableThat('alter table shop.orders add check (amount > 0)');
  expect(await deliver(destination, folder.path, rowsFor(2, [{ id: 2, amount: -1 }, { id: 3, amount: 30 }, { id: 4 }]))).toMatchObject({ inserted: 1, updated: 1, deleted: 1, refused: 1, rowsInTable: 3 });
  expect(await ids()).toEqual([1, 3, 4]);
});

test('the plan of the next load names refused rows; one that lands, one that another version or a deletion takes the place of, and one that stays: the quarantine hears of each once', async () => {
  await tableThat('alter table shop.orders add constraint positive check (amount > 0)');
  await deliver(destination, folder.path, rowsFor(2, [5, 6, 7, 8].map((id) => ({ id, amount: -id }))));
  expect(await told()).toHaveLength(4);
  const plan = await destination.plan(ORDERS, 'shop', 3, new AbortController().signal);
  expect(plan.kind === 'merge' && plan.refused.map((id) => Number(`0x${id.slice(-2)}`)).sort((one, other) => one - other)).toEqual([5, 6, 7, 8]);

  await database.pool.query('alter table shop.orders drop constraint positive, add constraint positive check (amount > 0 or amount = -5)');
  const other = line({ id: 6 }).replace(rowId(6), rowId(60));
  expect(await deliver(destination, folder.path, { ...rowsFor(3, []), upserts: [line({ id: 5, amount: -5 }), other, line({ id: 8, amount: -8 })], deletes: ['"7"'] })).toMatchObject({ inserted: 2, refused: 1 });
  expect((await told()).sort()).toEqual(['shop.orders orders.csv:10 destination:check:positive', 'shop.orders orders.csv:7 landed', 'shop.orders orders.csv:8 superseded', 'shop.orders orders.csv:9 superseded']);
  expect(await told()).toEqual([]);
  expect(await ids()).toEqual([1, 2, 3, 5, 6]);
});

test('tables of one load that refer to each other: what the parent refuses its lines lose, whatever the names of the tables are', async () => {
  await deliverAll(destination, folder.path, [rowsFor(1, [], { spec: LINES }), rowsFor(1, someRows(1, 3))]);
  await database.pool.query('alter table shop.orders add constraint amount_positive check (amount > 0); alter table shop.lines add constraint of_order foreign key (parent) references shop.orders');
  const lines = someRows(1, 41).map((row) => ({ ...row, parent: 1 + ((row.id ?? 0) % 20) }));
  const orders = someRows(3, 21).map((row) => (row.id === 11 ? { ...row, amount: -1 } : row));
  const entries = await deliverAll(destination, folder.path, [rowsFor(2, lines, { spec: LINES }), rowsFor(2, orders)]);
  expect(entries).toMatchObject([{ inserted: 38, refused: 2 }, { inserted: 17, refused: 1 }]);
  expect((await told('shop.lines', 'shop.orders')).sort()).toEqual(['shop.lines orders.csv:12 destination:foreign_key:of_order', 'shop.lines orders.csv:32 destination:foreign_key:of_order', 'shop.orders orders.csv:13 destination:check:amount_positive']);
});

test('a foreign key that is checked at the commit, between tables of one load', async () => {
  await deliverAll(destination, folder.path, [rowsFor(1, [], { spec: LINES }), rowsFor(1, someRows(1, 3))]);
  await database.pool.query('alter table shop.lines add constraint of_order foreign key (parent) references shop.orders deferrable initially deferred');
  const entries = await deliverAll(destination, folder.path, [rowsFor(2, [{ id: 1, parent: 1 }, { id: 2, parent: 99 }, { id: 3, parent: 3 }], { spec: LINES }), rowsFor(2, someRows(3, 5))]);
  expect(entries).toMatchObject([{ inserted: 2, refused: 1 }, { inserted: 2, refused: 0 }]);
  expect(await told('shop.lines')).toEqual(['shop.lines orders.csv:4 destination:foreign_key:of_order']);
});

test('a first load: a row without its key is set aside, and the table is made', async () => {
  expect(await deliver(destination, folder.path, rowsFor(1, [{ id: 1 }, { id: null, amount: 2 }, { id: 3 }]))).toMatchObject({ kind: 'create', inserted: 2, refused: 1, rowsInTable: 2 });
  expect(await ids()).toEqual([1, 3]);
  expect(await told()).toEqual(['shop.orders orders.csv:2 destination:not_null:id']);
  expect(await deliver(destination, folder.path, rowsFor(2, [{ id: 4 }]))).toMatchObject({ kind: 'merge', inserted: 1, rowsInTable: 3 });
});

test('a table that is built anew: earlier refusals are settled, and what it refuses now is set aside', async () => {
  await tableThat('alter table shop.orders add constraint positive check (amount > 0)');
  await deliver(destination, folder.path, rowsFor(2, [{ id: 5, amount: -5 }, { id: 6, amount: -6 }]));
  expect(await told()).toHaveLength(2);
  const spec: TableSpec = { ...ORDERS, identity: { by: 'key', columns: ['amount'] } };
  expect(await deliver(destination, folder.path, rowsFor(3, [{ id: 1 }, { id: 5, amount: 5 }, { id: 7, amount: -7 }], { spec }))).toMatchObject({ kind: 'rebuild', inserted: 2, refused: 1, rowsInTable: 2 });
  expect((await told()).sort()).toEqual(['shop.orders orders.csv:7 landed', 'shop.orders orders.csv:8 superseded', 'shop.orders orders.csv:9 destination:check:positive']);
});

test('rows by partition and id are set aside like those by key', async () => {
  const appended = (rows: readonly Row[]): string[] => rows.map((row) => line(row).replace(/,([0-9a-f]{32}),/, ',2024-01-01T00:00:00Z,$1,'));
  await deliver(destination, folder.path, { spec: APPENDED, to: 1, upserts: appended(someRows(1, 4)) });
  await database.pool.query('alter table shop.appended add check (amount > 0)');
  expect(await deliver(destination, folder.path, { spec: APPENDED, to: 2, upserts: appended([{ id: 4 }, { id: 5, amount: -5 }]), mostRefused: 1 })).toMatchObject({ inserted: 1, refused: 1 });
  const [row] = await destination.untold(['shop.appended'], 'all', new AbortController().signal);
  expect(row).toMatchObject({ partition: '2024-01-01T00:00:00Z', position: 'orders.csv:7' });
});

test('QUARANTINE_LIMIT: more than may be refused; the table is as it was, nothing is noted, and no value of a row is told', async () => {
  await tableThat('alter table shop.orders add constraint positive check (amount > 0)');
  const failing = deliver(destination, folder.path, rowsFor(2, [{ id: 4 }, { id: 5, amount: -4321 }, { id: 6, amount: -8765 }], { mostRefused: 1 }));
  await expect(failing).rejects.toMatchObject({ code: 'QUARANTINE_LIMIT', stage: 'load', place: 'shop.orders', message: expect.stringMatching(/refuses more than 1 of 3 rows.*positive/), samples: [expect.stringMatching(/^orders.csv:7: .*positive/), expect.stringMatching(/^orders.csv:8: /)] });
  await expect(failing).rejects.not.toThrow(/4321|8765/);
  expect(await ids()).toEqual([1, 2, 3]);
  expect((await database.pool.query('select from weir.refused')).rowCount).toBe(0);
});

test('what is no fault of rows is not searched for: a right that is missing ends the load', async () => {
  await tableThat('create function shop.judge() returns trigger language plpgsql as $$ begin perform 1 from shop.nowhere; return new; end $$; create trigger judge before insert on shop.orders for each row execute function shop.judge()');
  await expect(deliver(destination, folder.path, rowsFor(2, [{ id: 4 }]))).rejects.toMatchObject({ place: 'shop.orders', message: expect.stringMatching(/42P01/) });
  expect(await ids()).toEqual([1, 2, 3]);
});

test('of what is said of a row while the quarantine is told, nothing is lost', async () => {
  await tableThat('alter table shop.orders add constraint positive check (amount > 0)');
  await deliver(destination, folder.path, rowsFor(2, [{ id: 5, amount: -5 }]));
  const signal = new AbortController().signal;
  const early = await destination.untold(['shop.orders'], 'all', signal);
  await database.pool.query('alter table shop.orders drop constraint positive');
  await deliver(destination, folder.path, rowsFor(3, [{ id: 5, amount: -5 }]));
  await destination.markTold(early, signal);
  const late = await destination.untold(['shop.orders'], 'all', signal);
  expect(late).toMatchObject([{ became: 'landed', runId: 'run-3' }]);
  expect(late[0]?.changed).toBeGreaterThan(early[0]?.changed ?? Number.POSITIVE_INFINITY);
});
