import { randomUUID } from 'node:crypto';
import { tempDir, testDatabase, until, type TempDir, type TestDatabase } from '@weir/testkit';
import type { PostgresDestination } from './destination';
import type { TableSpec } from './table';
import { deliver, openDestination } from './testing/orders';
import { batchOf, byArrival, bySequence, click, commit, contents, KEYED, NEVER, open, rowId, SOURCE, standing } from './testing/stream';

let database: TestDatabase;
let folder: TempDir;
let destination: PostgresDestination;

beforeAll(async () => {
  [database, folder] = await Promise.all([testDatabase(), tempDir()]);
});
beforeEach(async () => {
  await database.pool.query('drop schema if exists shop, weir cascade');
  destination = openDestination(database.config);
});
afterEach(() => destination.close());
afterAll(() => Promise.all([database?.drop(), folder?.dispose()]));

test('positions begin where they are told to, once; the same topic of another cluster is another one', async () => {
  const start = [{ partition: 0, next: 7, greatestTimestamp: 70 }, { partition: 2, next: 9, greatestTimestamp: 0 }];
  expect(await destination.openPositions(SOURCE, start, NEVER)).toEqual(start.map((position) => ({ ...position, start: position.next })));
  await commit(destination, [], 7, 8, { ranges: [{ partition: 0, from: 7, to: 8, greatestTimestamp: 80 }] });
  const again = await destination.openPositions(SOURCE, [{ partition: 0, next: 1, greatestTimestamp: 1 }, { partition: 1, next: 3, greatestTimestamp: 30 }], NEVER);
  expect(again).toEqual([
    { partition: 0, next: 8, greatestTimestamp: 80, start: 7 },
    { partition: 1, next: 3, greatestTimestamp: 30, start: 3 },
    { partition: 2, next: 9, greatestTimestamp: 0, start: 9 },
  ]);
  expect(await destination.openPositions({ ...SOURCE, cluster: 'cluster-2' }, [{ partition: 0, next: 1, greatestTimestamp: 0 }], NEVER)).toEqual([{ partition: 0, next: 1, greatestTimestamp: 0, start: 1 }]);
});

test('rows, positions and the ledger’s row are one commit; rows lead to it and to their record', async () => {
  await open(destination, 2);
  const ranges = [{ partition: 0, from: 0, to: 3, greatestTimestamp: 30 }, { partition: 1, from: 0, to: 2, greatestTimestamp: 20 }];
  const batch = batchOf([click('a', 0), click('b', 1), click('c', 1, { partition: 1 })], 0, 3, { ranges });
  expect(await destination.commitBatch(batch, NEVER)).toEqual({ tables: [{ table: 'shop.clicks', inserted: 3, updated: 0, deleted: 0, refused: 0 }], wasCommitted: false, noted: false });
  expect(await commit(destination, [click('b', 3), click('a', 4, { deleted: true }), click('d', 5)], 3, 6)).toMatchObject({ tables: [{ inserted: 1, updated: 1, deleted: 1 }] });
  expect(await contents(database.pool, 'id, note, seq, _weir_position')).toEqual([['b', 'at 3', '3', 'clicks:0:3'], ['c', 'at 1', '1', 'clicks:1:1'], ['d', 'at 5', '5', 'clicks:0:5']]);
  expect(await standing(database.pool)).toEqual([6, 2]);
  const led = await database.pool.query("select l.pipeline, l.table_name, l.run_id, l.trace_id, l.positions, l.counts, l.inserted::int, l.to_snapshot from weir.ledger l join shop.clicks c on c._weir_commit = l.commit_id where c.id = 'c'");
  expect(led.rows).toEqual([
    {
      pipeline: 'shop', table_name: 'shop.clicks', run_id: 'stream-run', trace_id: 'f'.repeat(32), inserted: 3, to_snapshot: null,
      positions: { cluster: 'cluster-1', topic: 'clicks', ranges: [{ partition: 0, from: 0, to: 3 }, { partition: 1, from: 0, to: 2 }] },
      counts: { accounts: { read: 3 }, tables: [{ table: 'shop.clicks', inserted: 3, updated: 0, deleted: 0, refused: 0 }] },
    },
  ]);
});

test('a repeated micro-batch changes nothing and gives the counts of the first time', async () => {
  await open(destination);
  const batch = batchOf([click('a', 0), click('b', 1)], 0, 2);
  const first = await destination.commitBatch(batch, NEVER);
  const before = await database.pool.query('select xmin::text, ctid::text from shop.clicks');
  expect(await destination.commitBatch(batch, NEVER)).toEqual({ ...first, wasCommitted: true, noted: true });
  expect((await database.pool.query('select xmin::text, ctid::text from shop.clicks')).rows).toEqual(before.rows);
});

test.each([
  ['a zombie with a range that another consumer committed', 0, 2, 'stands at 2 in the destination, and the micro-batch begins at 0'],
  ['one that goes ahead of its predecessor', 5, 6, 'stands at 2 in the destination, and the micro-batch begins at 5'],
])('POSITION_MOVED: %s; nothing is changed', async (_, from, to, message) => {
  await open(destination, 2);
  await commit(destination, [click('a', 0), click('b', 1)], 0, 2);
  const other = { partition: 1, from: 0, to: 9, greatestTimestamp: 0 };
  const late = commit(destination, [click('z', from)], from, to, { ranges: [other, { partition: 0, from, to, greatestTimestamp: 0 }] });
  await expect(late).rejects.toMatchObject({ code: 'POSITION_MOVED', place: 'clicks:0', message: expect.stringContaining(message) });
  expect(await contents(database.pool, 'id')).toEqual([['a'], ['b']]);
  expect(await standing(database.pool)).toEqual([2, 0]);
  expect((await database.pool.query('select 1 from weir.ledger')).rowCount).toBe(1);
});

test('POSITION_MOVED: a partition that was never opened', async () => {
  await open(destination);
  const ranges = [{ partition: 3, from: 0, to: 1, greatestTimestamp: 0 }];
  await expect(commit(destination, [], 0, 1, { ranges })).rejects.toMatchObject({ code: 'POSITION_MOVED', message: expect.stringContaining('Partition 3 of clicks has no position') });
});

test('of two consumers that commit the same range at once one wins, and the other is told where the destination stands', async () => {
  await open(destination);
  const others = [openDestination(database.config), openDestination(database.config)];
  for (let round = 0; round < 10; round += 1) {
    const settled = await Promise.allSettled(others.map((one, at) => commit(one, [click(`k${round}`, round, { note: `by ${at}` })], round, round + 1)));
    expect(settled.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(settled.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'POSITION_MOVED' } });
  }
  expect((await contents(database.pool)).length).toBe(10);
  await Promise.all(others.map((one) => one.close()));
});

test('a row of which not even the text reaches the table rolls the whole micro-batch back: MODEL_FAILED with table and column, without the value', async () => {
  await open(destination);
  const good = batchOf([click('a', 0)], 0, 2).tables;
  const second = bySequence({ ...KEYED, name: 'others' });
  const bad = { ...batchOf([{ ...click('b', 1), seq: 'secret-text' }], 0, 2, { table: second }).tables[0] };
  const failing = destination.commitBatch({ ...batchOf([], 0, 2), tables: [...good, bad as (typeof good)[number]] }, NEVER);
  await expect(failing).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'shop.others', message: expect.stringContaining('(column seq)') });
  await expect(failing).rejects.not.toThrow(/secret-text/);
  expect(await contents(database.pool)).toEqual([]);
  expect(await standing(database.pool)).toEqual([0]);
  expect(await commit(destination, [click('c', 0)], 0, 2)).toMatchObject({ tables: [{ inserted: 1 }] });
});

test.each([
  ['a commit id that is none', { commitId: 'x' }, 'not a UUID'],
  ['no range', { ranges: [] }, 'moves no position'],
  ['a range that goes back', { ranges: [{ partition: 0, from: 2, to: 1, greatestTimestamp: 0 }] }, '[2, 1) is not a range'],
  ['a partition twice', { ranges: [0, 1].map((from) => ({ partition: 0, from, to: 2, greatestTimestamp: 0 })) }, 'a partition twice'],
])('a micro-batch is refused as INVALID_VALUE: %s', async (_, options, message) => {
  await expect(commit(destination, [], 0, 1, options)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining(message) });
});

test('INVALID_VALUE: columns that are not the table’s, and those that it lacks; INTERNAL: another number of rows than announced', async () => {
  await open(destination);
  await expect(commit(destination, [{ ...click('a', 0), extra: 1 }], 0, 1)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('`extra`') });
  const { note: _, ...lacking } = click('a', 0);
  await expect(commit(destination, [lacking], 0, 1)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('`note`') });
  const batch = batchOf([click('a', 0)], 0, 1);
  await expect(destination.commitBatch({ ...batch, tables: batch.tables.map((rows) => ({ ...rows, rows: 2 })) }, NEVER)).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(await standing(database.pool)).toEqual([0]);
});

test('a table that somebody dropped, and one that lost a column, are made again by the next micro-batch', async () => {
  await open(destination);
  await commit(destination, [click('a', 0)], 0, 1);
  await database.pool.query("drop table shop.clicks; update weir.head set snapshot = 5 where table_name = 'shop.clicks'");
  expect(await commit(destination, [click('b', 1)], 1, 2)).toMatchObject({ tables: [{ inserted: 1 }] });
  expect(await contents(database.pool)).toEqual([['b', 'at 1']]);
  // It holds nothing of the snapshot any more.
  expect((await database.pool.query('select snapshot::int, layout from weir.head')).rows).toEqual([{ snapshot: 0, layout: 'stream key id' }]);
  await database.pool.query('alter table shop.clicks drop column note');
  await commit(destination, [click('c', 2)], 2, 3);
  expect(await contents(database.pool)).toEqual([['b', null], ['c', 'at 2']]);
});

test('cancel ends a commit that waits for a lock, and the next one finds everything in order', async () => {
  await open(destination);
  await commit(destination, [click('a', 0)], 0, 1);
  const holder = await database.pool.connect();
  await holder.query("begin; select from weir.position for update");
  const stop = new AbortController();
  const waiting = destination.commitBatch(batchOf([click('b', 1)], 1, 2, { commitId: randomUUID() }), stop.signal);
  waiting.catch(() => undefined);
  await until(async () => ((await database.pool.query("select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()")).rowCount ?? 0) > 0, { timeoutMs: 5_000, what: 'a commit that waits' });
  const at = performance.now();
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - at).toBeLessThan(5_000);
  await holder.query('rollback');
  holder.release();
  expect(await commit(destination, [click('b', 1)], 1, 2)).toMatchObject({ wasCommitted: false });
});

test('a connection that has seen very many shapes of tables begins anew', async () => {
  await open(destination);
  for (let at = 0; at < 70; at += 1) {
    const spec: TableSpec = { ...KEYED, name: 'many', columns: [{ name: 'id', type: 'VARCHAR' }, { name: `c${at}`, type: 'BIGINT' }], identity: { by: 'row', id: 'dataset' } };
    await commit(destination, [{ id: 'a', [`c${at}`]: at, _weir_partition: 'p', _weir_row_id: rowId(0, at), _weir_position: `clicks:0:${at}` }], at, at + 1, { table: byArrival(spec) });
  }
  expect((await contents(database.pool, 'c0, c69', 'shop.many')).length).toBe(70);
  expect((await database.pool.query("select count(*)::int < 10 as few from pg_class where relname like 'weir_stage_%'")).rows).toEqual([{ few: true }]);
});

test('a ledger that loads of snapshots made before is used by streams as well', async () => {
  await deliver(destination, folder.path, { to: 3, upserts: ['"1",one'] });
  await open(destination);
  await commit(destination, [click('a', 0)], 0, 1);
  await deliver(destination, folder.path, { to: 4, upserts: ['"2",two'] });
  expect((await database.pool.query('select table_name, to_snapshot::int, positions is null as batch from weir.ledger order by loaded_at')).rows).toEqual([
    { table_name: 'shop.orders', to_snapshot: 3, batch: true },
    { table_name: 'shop.clicks', to_snapshot: null, batch: false },
    { table_name: 'shop.orders', to_snapshot: 4, batch: true },
  ]);
});
