import type { PostgresDestination } from '@weir/connectors';
import type { Progress } from '@weir/rpc';
import { FaultProxy, until } from '@weir/testkit';
import { destinationAt, newRun, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { Turns } from './turns';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const COLUMNS = [
  { name: 'id', type: 'BIGINT' as const },
  { name: 'note', type: 'VARCHAR' as const },
];

function rowsOf(from: number, to: number, note = 'same'): TestRow[] {
  return Array.from({ length: to - from }, (_, at) => ({ id: String(from + at), note, _weir_row_id: (from + at).toString(16).padStart(32, '0'), _weir_position: `a.csv:${at + 2}` }));
}

test.each([
  ['append', testModel({ name: 'untouched_append', writeMode: 'append', scope: 'row', columns: COLUMNS })],
  ['overwrite', testModel({ name: 'untouched_overwrite', writeMode: 'overwrite', columns: COLUMNS })],
  ['upsert', testModel({ name: 'untouched_upsert', writeMode: 'upsert', key: ['id'], columns: COLUMNS })],
])('%s: a row that did not change is not touched, even when its partition was delivered again with other positions', async (_, model) => {
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  await load.to(await dataset.publish(new Map([['p1', rowsOf(0, 50)], ['p2', rowsOf(50, 100)]])));
  const versions = async () => new Map((await warehouse.pool.query<{ id: string; version: string }>(`select id::text, xmin::text || ctid::text as version from test.${model.name}`)).rows.map(({ id, version }) => [id, version]));
  const before = await versions();

  // Row 0 is gone, so every later one moved up a line; row 10 changed.
  const again = rowsOf(1, 50).map((row, at) => ({ ...row, note: row['id'] === '10' ? 'changed' : 'same', _weir_position: `a.csv:${at + 2}` }));
  const { tables } = await load.to(await dataset.publish(new Map([['p1', again]])));
  const after = await versions();
  expect([...before.keys()].filter((id) => after.get(id) !== before.get(id)).sort()).toEqual(['0', '10']);
  expect(tables[0]).toMatchObject({ rowsInTable: 99, insertedOrUpdated: 1 });
  await destination.close();
});

test('loaded rows carry the position of the file, their id, and the commit that the ledger explains with run and trace', async () => {
  const model = testModel({ name: 'traced', writeMode: 'append', scope: 'row', columns: COLUMNS });
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const context = newRun();
  const snapshot = await dataset.publish(new Map([['2010-12-01T00:00:00Z', rowsOf(7, 8)]]));
  const { tables } = await new TestLoad(warehouse, destination, [dataset]).to(snapshot, { context });
  const found = await warehouse.pool.query(
    `select t._weir_position, t._weir_row_id, t._weir_partition, t._weir_commit, l.run_id, l.pipeline, l.to_snapshot::int, l.inserted::int
       from test.traced t join weir.ledger l on l.commit_id = t._weir_commit`,
  );
  expect(found.rows).toEqual([
    {
      _weir_position: 'a.csv:2',
      _weir_row_id: '00000000-0000-0000-0000-000000000007',
      _weir_partition: '2010-12-01T00:00:00Z',
      _weir_commit: tables[0]?.commitId,
      run_id: context.runId,
      pipeline: 'test',
      to_snapshot: 1,
      inserted: 1,
    },
  ]);
  await destination.close();
});

test('tables that cannot be loaded are reported by name, all of them; the others keep their rows, and the next call loads all', async () => {
  const datasets = ['good', 'bad', 'worse'].map((name) => new TestDataset(warehouse.lake, testModel({ name: `some_${name}`, writeMode: 'upsert', key: ['id'], columns: COLUMNS })));
  for (const dataset of datasets) await dataset.publish(new Map([['all', rowsOf(0, 3)]]));
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, datasets);
  await load.to(1);
  await warehouse.pool.query('alter table test.some_bad alter note type varchar(10); drop table test.some_worse; create table test.some_worse (id text)');
  for (const dataset of datasets) await dataset.publish(new Map([['all', rowsOf(0, 4)]]));
  await expect(load.to(2)).rejects.toMatchObject({
    code: 'DESTINATION_INCOMPATIBLE',
    place: 'test.some_bad',
    message: expect.stringContaining('column note is character varying(10) in the table and text in the model'),
    samples: [expect.stringContaining('test.some_bad: DESTINATION_INCOMPATIBLE'), expect.stringContaining('column id is text in the table and bigint in the model')],
  });
  expect((await warehouse.pool.query('select count(*)::int as n from test.some_good')).rows).toEqual([{ n: 3 }]);
  await warehouse.pool.query('drop table test.some_bad; drop table test.some_worse');
  const { tables } = await load.to(2);
  expect(tables.map(({ table, insertedOrUpdated }) => [table, insertedOrUpdated])).toEqual([['test.some_good', 1], ['test.some_bad', 4], ['test.some_worse', 4]]);
  await destination.close();
});

test('a table beyond what the catalog knows was loaded by another platform: that is said, not passed over', async () => {
  const model = testModel({ name: 'foreign', writeMode: 'append', columns: COLUMNS });
  const [old, young] = [new TestDataset(warehouse.lake, model), new TestDataset(warehouse.lake, model)];
  const destination = destinationAt(warehouse.config);
  for (let snapshot = 1; snapshot <= 3; snapshot += 1) await old.publish(new Map([['all', rowsOf(0, snapshot)]]));
  await new TestLoad(warehouse, destination, [old]).to(3);
  young.snapshot = 1;
  await expect(new TestLoad(warehouse, destination, [young]).to(1)).rejects.toMatchObject({ code: 'DESTINATION_INCOMPATIBLE', message: expect.stringContaining('another platform') });
  await destination.close();
});

test('a table at a later snapshot of the same catalog is left alone', async () => {
  const model = testModel({ name: 'ahead', writeMode: 'append', columns: COLUMNS });
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  for (let snapshot = 1; snapshot <= 3; snapshot += 1) await dataset.publish(new Map([['all', rowsOf(0, snapshot)]]));
  await load.to(3);
  expect((await load.to(2)).tables[0]).toMatchObject({ fromSnapshot: 3, toSnapshot: 3, insertedOrUpdated: 0, deleted: 0, rowsInTable: 3 });
  expect(await warehouse.rows(model)).toHaveLength(3);
  await destination.close();
});

/** A load whose catalog lets it go to the newest snapshot, save across a change of the definition: snapshots from `changedAt` on are of version 2. */
function coalescing(destination: PostgresDestination, dataset: TestDataset, changedAt = Infinity): TestLoad {
  const target = ({ definitionVersion, after }: { definitionVersion: number; after: number }): Promise<number> => Promise.resolve(definitionVersion === 1 ? Math.max(after, Math.min(dataset.snapshot, changedAt - 1)) : dataset.snapshot);
  return new TestLoad(warehouse, destination, [dataset], { catalog: { ...TestDataset.catalog([dataset]), target } });
}

test('of loads that wait for one table the first goes to the newest snapshot, and the others find their work done', async () => {
  const model = testModel({ name: 'together', writeMode: 'upsert', key: ['id'], columns: COLUMNS });
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = coalescing(destination, dataset);
  await load.to(await dataset.publish(new Map([['p0', rowsOf(0, 10)]])));
  for (let nth = 1; nth <= 4; nth += 1) await dataset.publish(new Map([[`p${nth}`, rowsOf(nth * 10, nth * 10 + 10)]]));
  const results = await Promise.all([2, 3, 4, 5].map((snapshot) => load.to(snapshot)));
  expect(results.map(({ tables }) => tables[0])).toEqual([
    expect.objectContaining({ fromSnapshot: 1, toSnapshot: 5, insertedOrUpdated: 40, rowsInTable: 50 }),
    ...[3, 4, 5].map(() => expect.objectContaining({ fromSnapshot: 5, toSnapshot: 5, insertedOrUpdated: 0, deleted: 0, rowsInTable: 50 })),
  ]);
  const commits = await warehouse.pool.query("select 1 from weir.ledger where table_name = 'test.together'");
  expect(commits.rowCount).toBe(2);
  await destination.close();
});

test('a load never goes past the first snapshot of a newer definition; the load of that one does', async () => {
  const model = testModel({ name: 'versions', writeMode: 'append', columns: COLUMNS });
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = coalescing(destination, dataset, 3);
  for (let nth = 1; nth <= 4; nth += 1) await dataset.publish(new Map([[`p${nth}`, rowsOf(nth, nth + 1)]]));
  expect((await load.to(1)).tables[0]).toMatchObject({ toSnapshot: 2, rowsInTable: 2 });
  expect((await load.to(3, { context: { ...newRun(), definitionVersion: 2 } })).tables[0]).toMatchObject({ toSnapshot: 4, rowsInTable: 4 });
  await destination.close();
});

test('cancel while rows are on their way ends the load within 5 s and leaves nothing behind', async () => {
  const proxy = await FaultProxy.start(warehouse.config);
  const model = testModel({ name: 'cancelled', writeMode: 'append', columns: COLUMNS });
  const dataset = new TestDataset(warehouse.lake, model);
  const snapshot = await dataset.publish(new Map([['all', rowsOf(0, 2_000, 'x'.repeat(2_000))]]));
  const destination = destinationAt(warehouse.config, proxy.port);
  const stop = new AbortController();
  const steps: Progress[] = [];
  const report = (progress: Progress): void => {
    if (progress.step.endsWith('copy') && steps.length === 0) proxy.blackhole();
    if (progress.step.endsWith('copy')) steps.push(progress);
  };
  const running = new TestLoad(warehouse, destination, [dataset]).to(snapshot, { signal: stop.signal, report });
  running.catch(() => undefined);
  await until(() => steps.length > 0, { timeoutMs: 10_000, what: 'the first copied bytes' });
  const at = performance.now();
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - at).toBeLessThan(5_000);
  await proxy.close();
  const left = await warehouse.pool.query("select relname from pg_class where relname = 'cancelled' or relname like '\\_weir\\_load%'");
  expect(left.rows).toEqual([]);
  await destination.close();
});

test('bodies of one name take turns up to the width, in order; who is cancelled while waiting leaves the line', async () => {
  const turns = new Turns(2);
  const open = new AbortController();
  const events: string[] = [];
  const gates = new Map<string, () => void>();
  const enter = (name: string, { signal = open.signal, background = false } = {}) =>
    turns.take('one', { signal, background }, () => {
      events.push(name);
      return new Promise<void>((resolve) => gates.set(name, resolve));
    });
  const quitting = new AbortController();
  const all = [enter('a'), enter('b'), enter('c', { signal: quitting.signal }), enter('d')];
  const elsewhere = turns.take('other', open, () => Promise.resolve('free'));
  expect(await elsewhere).toBe('free');
  expect(events).toEqual(['a', 'b']);
  quitting.abort();
  await expect(all[2]).rejects.toMatchObject({ code: 'CANCELLED' });
  gates.get('b')?.();
  await all[1];
  await until(() => events.length === 3, { timeoutMs: 1_000 });
  expect(events).toEqual(['a', 'b', 'd']);
  for (const gate of gates.values()) gate();
  await Promise.all([all[0], all[3]]);
});

test('a live body takes the next turn before those in the background that came earlier', async () => {
  const turns = new Turns(1);
  const { signal } = new AbortController();
  const events: string[] = [];
  const enter = (name: string, background: boolean) => turns.take('one', { signal, background }, () => Promise.resolve(void events.push(name)));
  await Promise.all([enter('first', true), enter('back 1', true), enter('back 2', true), enter('live 1', false), enter('live 2', false)]);
  expect(events).toEqual(['first', 'live 1', 'live 2', 'back 1', 'back 2']);
});
