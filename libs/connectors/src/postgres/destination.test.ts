import { FaultProxy, until } from '@weir/testkit';
import type { PostgresDestination } from './destination';
import { byKey, deliver, openDestination, ORDERS, planned } from './testing/orders';
import { useShop } from './testing/shop';

const shop = useShop();

async function rows(): Promise<unknown[][]> {
  return (await shop.database.pool.query<unknown[]>({ text: 'select id::int, note from shop.orders order by 1, 2', rowMode: 'array' })).rows;
}

async function primaryKey(): Promise<string[]> {
  const found = await shop.database.pool.query<{ name: string }>(
    `select a.attname as name from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indrelid = 'shop.orders'::regclass and i.indisprimary order by 1`,
  );
  return found.rows.map(({ name }) => name);
}

test('a table is created with its key, changed by the difference, and each commit is in the ledger and on the rows that it wrote', async () => {
  const first = await deliver(shop.destination, shop.folder.path, { to: 3, upserts: ['"1",one', '"2",', '"3",""'] });
  expect(first).toMatchObject({ kind: 'create', fromSnapshot: 0, toSnapshot: 3, inserted: 3, updated: 0, deleted: 0, rowsInTable: 3 });
  expect(await rows()).toEqual([[1, 'one'], [2, null], [3, '']]);
  expect(await primaryKey()).toEqual(['id']);

  const second = await deliver(shop.destination, shop.folder.path, { to: 7, upserts: ['"2",two', '"4",four'], deletes: ['"3"', '"99"'] });
  expect(second).toMatchObject({ kind: 'merge', fromSnapshot: 3, toSnapshot: 7, inserted: 1, updated: 1, deleted: 1, rowsInTable: 3 });
  expect(await rows()).toEqual([[1, 'one'], [2, 'two'], [4, 'four']]);

  const commits = await shop.database.pool.query(
    `select o.id::int, l.run_id, l.from_snapshot::int, l.to_snapshot::int, l.trace_id from shop.orders o join weir.ledger l on l.commit_id = o._weir_commit order by 1`,
  );
  expect(commits.rows.map((row: { id: number; run_id: string }) => [row.id, row.run_id])).toEqual([[1, 'run-3'], [2, 'run-7'], [4, 'run-7']]);
  const head = await shop.database.pool.query<{ snapshot: string; commit_id: string }>("select snapshot, commit_id from weir.head where table_name = 'shop.orders'");
  expect(head.rows).toEqual([expect.objectContaining({ snapshot: '7', commit_id: second?.commitId })]);
});

test('a difference without rows moves the head and writes no row', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one'] });
  const before = await shop.database.pool.query('select xmin::text from shop.orders');
  expect(await deliver(shop.destination, shop.folder.path, { to: 2 })).toMatchObject({ inserted: 0, updated: 0, deleted: 0, rowsInTable: 1, toSnapshot: 2 });
  expect((await shop.database.pool.query('select xmin::text from shop.orders')).rows).toEqual(before.rows);
});

test('a plan whose head moved since changes nothing and says so', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one'] });
  const signal = new AbortController().signal;
  const stale = await planned(shop.destination, ORDERS, 2, signal);
  await deliver(shop.destination, shop.folder.path, { to: 2, upserts: ['"1",two'] });
  const none = { paths: [], rows: 0, bytes: 0 };
  const late = { plan: stale, commitId: '11111111-1111-4111-8111-111111111111', toSnapshot: 2, runId: 'late', traceId: '', upserts: none, deletes: none };
  expect(await shop.destination.deliver([Promise.resolve(late)], { signal, onBytes: () => undefined, mostRefused: () => 0 })).toBeUndefined();
  expect(await rows()).toEqual([[1, 'two']]);
});

test('a column that the model gained is added; rows that did not change have null there', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one', '"2",two'] });
  const wider = { ...ORDERS, columns: [...ORDERS.columns, { name: 'price', type: 'DECIMAL(12,3)' as const }] };
  await deliver(shop.destination, shop.folder.path, { spec: wider, to: 2, upserts: ['"2",two,1.500'] });
  expect((await shop.database.pool.query('select id::int, price from shop.orders order by 1')).rows).toEqual([{ id: 1, price: null }, { id: 2, price: '1.500' }]);
});

test('another key builds the table anew under that key, and the old key column may then be null', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one', '"2",two'] });
  const spec = byKey('note');
  expect(await deliver(shop.destination, shop.folder.path, { spec, to: 2, upserts: ['"5",five', ',none'] })).toMatchObject({ kind: 'rebuild', inserted: 2, rowsInTable: 2 });
  expect(await rows()).toEqual([[5, 'five'], [null, 'none']]);
  expect(await primaryKey()).toEqual(['note']);
  expect(await deliver(shop.destination, shop.folder.path, { spec, to: 3, upserts: ['"6",five'] })).toMatchObject({ kind: 'merge', updated: 1 });
});

test('a table that was dropped by hand is built again', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 4, upserts: ['"1",one'] });
  await shop.database.pool.query('drop table shop.orders');
  expect(await deliver(shop.destination, shop.folder.path, { to: 5, upserts: ['"1",again'] })).toMatchObject({ kind: 'create', fromSnapshot: 4, rowsInTable: 1 });
  expect(await rows()).toEqual([[1, 'again']]);
});

test('an empty table made by hand is used, with its grants, and gets the key', async () => {
  await shop.database.pool.query('create schema shop; create table shop.orders (id bigint, note text); grant select on shop.orders to public');
  expect(await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one'] })).toMatchObject({ kind: 'rebuild', inserted: 1 });
  expect(await primaryKey()).toEqual(['id']);
  expect((await shop.database.pool.query("select has_table_privilege('public', 'shop.orders', 'select') as granted")).rows).toEqual([{ granted: true }]);
});

test.each([
  ['another type', 'create table shop.orders (id integer, note text)', /column id is integer in the table and bigint in the model/],
  ['another precision', 'create table shop.orders (id bigint, note varchar(10))', /column note is character varying\(10\) in the table and text in the model/],
  ['a column that it demands', 'create table shop.orders (id bigint, note text, owner text not null)', /column owner must not be null/],
  ['rows of its own', "create table shop.orders (id bigint, note text); insert into shop.orders values (1, 'mine')", /has rows, but was not built by this Weir/],
  ['a view in its place', "create view shop.orders as select 1::bigint as id, 'a'::text as note", /is not a table/],
])('DESTINATION_INCOMPATIBLE: %s', async (_, sql, message) => {
  await shop.database.pool.query(`create schema shop; ${sql}`);
  const before = await shop.database.pool.query('select * from shop.orders');
  await expect(deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one'] })).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringMatching(message), place: 'shop.orders' });
  expect((await shop.database.pool.query('select * from shop.orders')).rows).toEqual(before.rows);
});

test('DESTINATION_INCOMPATIBLE: the table belongs to another pipeline', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one'] });
  await expect(shop.destination.plan(ORDERS, 'other', 2, new AbortController().signal)).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringMatching(/pipeline shop/) });
});

test('many first plans at once in an empty database create ledger and schema once and all succeed', async () => {
  const destinations = Array.from({ length: 6 }, () => openDestination(shop.database.config));
  const plans = await Promise.all(destinations.map((one, at) => one.plan({ ...ORDERS, name: `t${at}` }, 'shop', 1, new AbortController().signal)));
  expect(plans.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'create'));
  await Promise.all(destinations.map((one) => one.close()));
});

test('names that are SQL are names: nothing but the table is touched', async () => {
  const nasty = { ...ORDERS, name: 'o"; drop table weir.ledger; --', columns: [{ name: 'id', type: 'BIGINT' as const }, { name: "n'); drop schema weir cascade; --", type: 'VARCHAR' as const }] };
  await deliver(shop.destination, shop.folder.path, { spec: nasty, to: 1, upserts: ['"1",one'] });
  expect(await deliver(shop.destination, shop.folder.path, { spec: nasty, to: 2, upserts: ['"1",two'], deletes: ['"2"'] })).toMatchObject({ updated: 1, rowsInTable: 1 });
});

test.each([
  ['a null key', [',one'], /null value/],
  ['a key that is there twice', ['"1",one', '"1",two'], /unique|duplicate/],
  ['a number beyond its type', ['"99999999999999999999",one'], /out of range/],
])('MODEL_FAILED: %s; nothing is left behind and the message has no value of the row', async (_, upserts, message) => {
  const failing = deliver(shop.destination, shop.folder.path, { to: 1, upserts });
  await expect(failing).rejects.toMatchObject({ code: 'MODEL_FAILED', message: expect.stringMatching(message), place: 'shop.orders' });
  await expect(failing).rejects.not.toThrow(/9999|one|two/);
  const left = await shop.database.pool.query("select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname = 'shop'");
  expect(left.rows).toEqual([]);
});

test.each([
  ['a wrong password', { password: { reveal: () => 'canary-secret' } }, 'INVALID_VALUE'],
  ['a database that is not there', { database: 'nowhere' }, 'INVALID_VALUE'],
  ['a server that is not there', { port: 1 }, 'UNAVAILABLE'],
])('%s: the code says whether waiting helps, and no secret is told', async (_, change, code) => {
  const elsewhere = openDestination(shop.database.config).constructor as typeof PostgresDestination;
  const other = elsewhere.open({ ...shop.database.config, password: { reveal: () => shop.database.config.password }, ...change });
  const asking = other.plan(ORDERS, 'shop', 1, new AbortController().signal);
  await expect(asking).rejects.toMatchObject({ code });
  await expect(asking).rejects.not.toThrow(/canary-secret/);
  await other.close();
});

test('cancel ends a load that waits for a lock, and one whose server is out of reach, within 5 s; the table is as it was', async () => {
  await deliver(shop.destination, shop.folder.path, { to: 1, upserts: ['"1",one'] });
  const holder = await shop.database.pool.connect();
  await holder.query('begin; lock table shop.orders in exclusive mode');
  const first = new AbortController();
  const waiting = deliver(shop.destination, shop.folder.path, { to: 2, upserts: ['"1",two'], signal: first.signal });
  waiting.catch(() => undefined);
  // Not by the holder: a transaction sees the activity of its first look for ever.
  await until(async () => ((await shop.database.pool.query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")).rowCount ?? 0) > 0, { timeoutMs: 5_000, what: 'a load that waits' });
  let at = performance.now();
  first.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - at).toBeLessThan(5_000);
  await holder.query('rollback');
  holder.release();

  const proxy = await FaultProxy.start(shop.database.config);
  const far = openDestination(shop.database.config, proxy.port);
  const second = new AbortController();
  const plan = await planned(far, ORDERS, 2, second.signal);
  proxy.blackhole();
  const none = { paths: [], rows: 0, bytes: 0 };
  const lost = far.deliver([Promise.resolve({ plan, commitId: '22222222-2222-4222-8222-222222222222', toSnapshot: 2, runId: 'r', traceId: '', upserts: none, deletes: none })], { signal: second.signal, onBytes: () => undefined, mostRefused: () => 0 });
  lost.catch(() => undefined);
  await until(() => proxy.connections >= 2, { timeoutMs: 5_000, what: 'the load at the proxy' });
  at = performance.now();
  second.abort();
  await expect(lost).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - at).toBeLessThan(5_000);
  await proxy.close();
  await far.close();
  expect(await rows()).toEqual([[1, 'one']]);
});
