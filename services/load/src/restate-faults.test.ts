import { streamTable } from '@weir/connectors';
import type { Column, Model } from '@weir/core';
import { FaultProxy } from '@weir/testkit';
import { tableSpec } from './table-spec';
import { clickStream, inlineBatch, recordAt } from './testing/click-stream';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, newRun, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
let proxy: FaultProxy;
beforeAll(async () => {
  warehouse = await openWarehouse();
  proxy = await FaultProxy.start(warehouse.config);
});
afterAll(async () => {
  await proxy?.close();
  await warehouse?.dispose();
});

const GRAIN = '2024-01-01T00:00:00Z';
const NEVER = new AbortController().signal;

function modelOf(name: string, key: readonly string[], columns: Column[]): Model {
  return testModel({ name, zone: 'silver', scope: 'row', writeMode: 'upsert', key: [...key], columns });
}

function notes(name: string): Model {
  return modelOf(name, ['id'], [{ name: 'id', type: 'BIGINT' }, { name: 'note', type: 'VARCHAR' }]);
}

/** Publishes rows of one grain as made from records [0, to) of the topic. */
function publish(dataset: TestDataset, rows: readonly TestRow[], to: number): Promise<number> {
  return dataset.publish(new Map([[GRAIN, rows]]), new Map([[GRAIN, [`clicks:00000:${'0'.repeat(20)}-${String(to).padStart(20, '0')}`]]]));
}

function loadOver(dataset: TestDataset, port?: number, overrides: ConstructorParameters<typeof TestLoad>[3] = {}): TestLoad {
  return new TestLoad(warehouse, destinationAt(warehouse.config, port), [dataset], { definition: () => Promise.resolve(clickStream([dataset.model])), ...overrides });
}

const round = (text: string): TestRow[] => [0, 1, 2].map((offset) => recordAt(offset, { id: String(offset), note: text }));
const notesOf = async (model: Model): Promise<(string | null)[]> => (await warehouse.rows(model)).map(([, note]) => note ?? null);

test('answers that get lost leave one restatement, with its counts; the stage tried again finds it done', async () => {
  const dataset = new TestDataset(warehouse.lake, notes('lost_restatement'));
  const load = loadOver(dataset, proxy.port);
  await load.to(await publish(dataset, round('first'), 3), { restate: true });
  const snapshot = await publish(dataset, round('second'), 3);
  const context = newRun();
  // Of what makes the table ready, and of the restatement.
  proxy.loseCommitReply({ times: 2 });
  const before = proxy.lostReplies;
  expect((await load.to(snapshot, { context, restate: true })).tables).toMatchObject([{ fromSnapshot: 1, toSnapshot: 2, insertedOrUpdated: 3, deleted: 0 }]);
  expect(proxy.lostReplies - before).toBe(2);
  expect((await load.to(snapshot, { context: { ...context, attempt: 'again' }, restate: true })).tables).toMatchObject([{ fromSnapshot: 1, toSnapshot: 2, insertedOrUpdated: 3 }]);
  expect(await notesOf(dataset.model)).toEqual(['second', 'second', 'second']);
  expect((await warehouse.pool.query("select 1 from weir.ledger where table_name = 'test.lost_restatement'")).rowCount).toBe(2);
  await load.destination.close();
});

test('a late restatement of an older snapshot changes nothing by its old plan, and goes by the newest', async () => {
  const dataset = new TestDataset(warehouse.lake, notes('late_restatement'));
  const other = loadOver(dataset);
  await other.to(await publish(dataset, round('first'), 3), { restate: true });
  const older = await publish(dataset, round('second'), 3);
  const catalog = TestDataset.catalog([dataset]);
  let planned = 0;
  const late = loadOver(dataset, undefined, {
    catalog: {
      ...catalog,
      difference: async (request, signal) => {
        const rows = await catalog.difference(request, signal);
        planned += 1;
        if (planned === 1) await other.to(await publish(dataset, round('third'), 3), { restate: true });
        return rows;
      },
      target: ({ after }) => Promise.resolve(after),
    },
  });
  expect((await late.to(older, { restate: true })).tables).toMatchObject([{ fromSnapshot: 3, toSnapshot: 3, insertedOrUpdated: 0 }]);
  expect(planned).toBe(2);
  expect(await notesOf(dataset.model)).toEqual(['third', 'third', 'third']);
  await Promise.all([late, other].map(({ destination }) => destination.close()));
});

test('keys of every type are found again, to the ends of their ranges', async () => {
  const columns: Column[] = [
    { name: 'amount', type: 'DECIMAL(38,6)' },
    { name: 'ratio', type: 'DOUBLE' },
    { name: 'flag', type: 'BOOLEAN' },
    { name: 'day', type: 'DATE' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'value', type: 'VARCHAR' },
    { name: 'id', type: 'BIGINT' },
    { name: 'note', type: 'VARCHAR' },
  ];
  const keys: TestRow[] = [
    { id: '-9223372036854775808', amount: '-99999999999999999999999999999999.999999', ratio: '-0.1', flag: 'true', day: '0001-01-01', at: '0001-01-01 00:00:00', value: '' },
    { id: '9223372036854775807', amount: '0.000001', ratio: '1.7976931348623157e+308', flag: 'false', day: '9999-12-31', at: '9999-12-31 23:59:59.999999', value: 'a\n\\.\nb' },
    { id: '0', amount: '1.500000', ratio: '5e-324', flag: 'true', day: '2024-02-29', at: '2010-12-01 08:26:00', value: '"",\r\n\t\u{1f600}\uFEFF BC' },
    { id: '1', amount: '0', ratio: 'NaN', flag: 'true', day: '0044-03-15 (BC)', at: '0044-03-15 (BC) 12:00:00', value: '\\N' },
    { id: '2', amount: '2.000000', ratio: '-Infinity', flag: 'true', day: '-infinity', at: 'infinity', value: 'NULL' },
    { id: '3', amount: '3.000000', ratio: '0.30000000000000004', flag: 'false', day: '2024-01-01', at: '2024-01-01 00:00:00.5', value: ' ' },
  ];
  const model = modelOf('typed_keys', columns.slice(0, 7).map(({ name }) => name).toReversed(), columns);
  const dataset = new TestDataset(warehouse.lake, model);
  const load = loadOver(dataset);
  const rows = keys.map((key, offset) => recordAt(offset, { ...key, note: 'streamed' }));
  const batch = await inlineBatch(model, rows);
  await load.destination.openPositions({ pipeline: 'test', cluster: 'c', topic: 'clicks' }, [{ partition: 0, next: 0, greatestTimestamp: 0 }], NEVER);
  const table = streamTable(tableSpec(model, 'test'), undefined, 'clicks');
  await load.destination.commitBatch(
    {
      pipeline: 'test', cluster: 'c', topic: 'clicks', definitionVersion: 1, commitId: '22222222-2222-4222-8222-222222222222', runId: 'stream', traceId: '', accounts: undefined, grains: [],
      ranges: [{ partition: 0, from: 0, to: 6, greatestTimestamp: 0 }], tables: [{ table, columns: batch.columns, rows: 6, data: batch.data }],
    },
    NEVER,
  );
  // Of the first half the snapshot has other rows, of the others nothing; another grain has what the last one was before.
  const before = recordAt(0, { ...keys[5], note: 'before' }, { partition: 1 });
  await dataset.publish(new Map([['2023-01-01T00:00:00Z', [before]]]));
  const snapshot = await publish(dataset, rows.slice(0, 3).map((row) => ({ ...row, note: 'restated' })), 6);
  const context = { ...newRun(), interval: { start: GRAIN, end: '2024-01-02T00:00:00Z' } };
  expect((await load.to(snapshot, { context, restate: true })).tables).toMatchObject([{ insertedOrUpdated: 4, deleted: 2 }]);
  const found = await warehouse.pool.query<{ id: string; note: string }>('select id::text, note from test.typed_keys order by typed_keys.id');
  expect(found.rows).toEqual([{ id: '-9223372036854775808', note: 'restated' }, { id: '0', note: 'restated' }, { id: '3', note: 'before' }, { id: '9223372036854775807', note: 'restated' }]);
  await load.destination.close();
});
