import { CSV_LAYOUT, type Column, type Definition } from '@weir/core';
import { StageGate } from '@weir/platform';
import { connect, InlineEncoding, serve, type Clients, type RpcServer } from '@weir/rpc';
import { services } from './rpc';
import { clickStream, inlineBatch, loadRequest, rangeOf, recordAt, streamContext } from './testing/click-stream';
import { testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

const EXTREMES: Column[] = [
  { name: 'id', type: 'BIGINT' },
  { name: 'amount', type: 'DECIMAL(38,6)' },
  { name: 'ratio', type: 'DOUBLE' },
  { name: 'flag', type: 'BOOLEAN' },
  { name: 'day', type: 'DATE' },
  { name: 'at', type: 'TIMESTAMP' },
  { name: 'value', type: 'VARCHAR' },
];
const keyed = testModel({ name: 'visits', zone: 'silver', scope: 'row', writeMode: 'upsert', key: ['id'], sequence: 'at', columns: EXTREMES });
const appended = testModel({ name: 'lines', zone: 'silver', scope: 'row', writeMode: 'append', columns: EXTREMES });
const daily = testModel({ name: 'daily', writeMode: 'upsert', key: ['day'], columns: [{ name: 'day', type: 'DATE' }] });

let warehouse: Warehouse;
let server: RpcServer;
let clients: Clients;
let load: TestLoad;
let definition: Definition = clickStream([keyed, appended, daily]);
beforeAll(async () => {
  warehouse = await openWarehouse();
  load = new TestLoad(warehouse, destinationAt(warehouse.config), [], { definition: () => Promise.resolve(definition) });
  server = await serve({ host: '127.0.0.1', port: 0, reflection: false, services: services(load.deps, new StageGate(2)) });
  clients = connect({ load: `127.0.0.1:${server.port}` });
});
beforeEach(async () => {
  definition = clickStream([keyed, appended, daily]);
  await warehouse.pool.query('drop schema if exists test, weir cascade');
  await clients.load.openPositions({ context: streamContext(), cluster: 'cluster-1', topic: 'clicks', start: [{ partition: 0, next: 0, greatestTimestamp: 0 }] });
});
afterAll(async () => {
  clients?.close();
  await server?.drain(1_000);
  await load?.destination.close();
  await warehouse?.dispose();
});

const send = (tables: Parameters<typeof loadRequest>[0], from: number, to: number, context = streamContext()) => clients.load.loadBatch(loadRequest(tables, [rangeOf(0, from, to)], context));

test('positions are opened once, by cluster', async () => {
  const open = (cluster: string, next: number) => clients.load.openPositions({ context: streamContext(), cluster, topic: 'clicks', start: [{ partition: 0, next, greatestTimestamp: 5 }, { partition: 1, next, greatestTimestamp: 5 }] });
  expect(await open('cluster-1', 7)).toEqual({ positions: [{ position: { partition: 0, next: 0, greatestTimestamp: 0 }, start: 0 }, { position: { partition: 1, next: 7, greatestTimestamp: 5 }, start: 7 }] });
  expect((await open('cluster-2', 9)).positions.map(({ start }) => start)).toEqual([9, 9]);
});

test('every value arrives exactly as the engine has it, by key and appended, in one commit', async () => {
  const rows: TestRow[] = [
    { id: '-9223372036854775808', amount: '-99999999999999999999999999999999.999999', ratio: '-0.1', flag: 'true', day: '0001-01-01', at: '0001-01-01 00:00:00', value: '' },
    { id: '9223372036854775807', amount: '0.000001', ratio: '1.7976931348623157e+308', flag: 'false', day: '9999-12-31', at: '9999-12-31 23:59:59.999999', value: 'a\n\\.\nb' },
    { id: '0', amount: '1.500000', ratio: '5e-324', flag: null, day: '2024-02-29', at: '2010-12-01 08:26:00', value: '"",\r\n\t\u{1f600}\u2028\uFEFF' },
    { id: '1', amount: null, ratio: 'NaN', flag: null, day: '0044-03-15 (BC)', at: '0044-03-15 (BC) 12:00:00', value: '\\N' },
    { id: '2', amount: '2.000000', ratio: 'Infinity', flag: null, day: 'infinity', at: '-infinity', value: 'NULL' },
    { id: '3', amount: null, ratio: '0.30000000000000004', flag: null, day: null, at: null, value: null },
  ];
  const records = rows.map((row, offset) => recordAt(offset, row));
  const answer = await send([await inlineBatch(keyed, records), await inlineBatch(appended, records)], 0, 6);
  expect(answer).toEqual({ tables: ['test.lines', 'test.visits'].map((table) => ({ table, insertedOrUpdated: 6, deleted: 0, refused: 0, rules: [] })), wasCommitted: false });
  const expected = rows
    .map((row) => [row['id'], row['amount'], row['ratio'], row['flag'], row['day']?.replace(' (BC)', ' BC') ?? null, row['at']?.replace('0044-03-15 (BC) 12:00:00', '0044-03-15 12:00:00 BC') ?? null, row['value']])
    .toSorted(([one], [other]) => (BigInt(one ?? 0) < BigInt(other ?? 0) ? -1 : 1));
  expect(await warehouse.rows(keyed)).toEqual(expected);
  expect(await warehouse.rows(appended)).toEqual(expected);
});

test('of rows with the ends of all ranges as sequence the greatest wins, as the engine orders them', async () => {
  const ordered = ['-infinity', '0044-03-15 (BC) 12:00:00', '0001-01-01 00:00:00', '9999-12-31 23:59:59.999999', 'infinity'];
  const rows = [null, ...ordered].map((at, offset) => recordAt(offset, { id: '1', at, value: at }));
  for (const [at, row] of rows.toReversed().entries()) await send([await inlineBatch(keyed, [row])], at, at + 1);
  expect((await warehouse.pool.query<{ value: string }>('select value from test.visits')).rows).toEqual([{ value: 'infinity' }]);
  for (const [at, row] of rows.entries()) {
    await send([await inlineBatch(keyed, [{ ...row, id: '2' }])], 6 + at, 7 + at);
    expect((await warehouse.pool.query<{ value: string | null }>('select value from test.visits where id = 2')).rows).toEqual([{ value: row['value'] ?? null }]);
  }
});

test('deletes, repeats and late consumers, over the wire: counts, POSITION_MOVED with its place', async () => {
  await send([await inlineBatch(keyed, [recordAt(0, { id: '1', at: '2024-01-01' }), recordAt(1, { id: '2', at: '2024-01-01' })])], 0, 2);
  const context = streamContext();
  const batch = await inlineBatch(keyed, [recordAt(2, { id: '1', at: '2024-01-02' }, { deleted: true }), recordAt(3, { id: '2', at: '2024-01-02' })]);
  const changed = { tables: [{ table: 'test.visits', insertedOrUpdated: 1, deleted: 1, refused: 0, rules: [] }], wasCommitted: false };
  expect(await send([batch], 2, 4, context)).toEqual(changed);
  expect(await send([batch], 2, 4, context)).toEqual({ ...changed, wasCommitted: true });
  await expect(send([batch], 2, 4)).rejects.toMatchObject({ code: 'POSITION_MOVED', place: 'clicks:0', message: expect.stringContaining('stands at 4 in the destination, and the micro-batch begins at 2') });
  // A batch of which no row is left moves its positions.
  expect(await send([{ ...batch, rows: 0, data: Buffer.alloc(0) }], 4, 9)).toEqual({ tables: [], wasCommitted: false });
  const led = await warehouse.pool.query("select run_id, trace_id, counts -> 'accounts' as accounts from weir.ledger order by loaded_at desc limit 1");
  expect(led.rows).toEqual([{ run_id: 'stream-run', trace_id: '', accounts: { read: 2, admitted: 2, duplicate: 0, quarantined: 0, filtered: 0 } }]);
});

test.each([
  ['no context', () => loadRequest([], [rangeOf(0, 0, 1)], undefined), 'no context'],
  ['another topic', () => ({ ...loadRequest([], [rangeOf(0, 0, 1)]), topic: 'orders' }), 'reads the topic clicks, not orders'],
  ['a model that is not over rows', () => loadRequest([{ dataset: 'gold.daily', columns: ['day'], encoding: InlineEncoding.CSV, rows: 1, data: Buffer.from('2024-01-01\n') }], [rangeOf(0, 0, 1)]), 'no model over rows `gold.daily`'],
  ['rows that are not CSV', () => loadRequest([{ dataset: 'silver.visits', columns: ['id'], encoding: InlineEncoding.NDJSON, rows: 1, data: Buffer.from('{}\n') }], [rangeOf(0, 0, 1)]), 'must be CSV'],
  ['no range', () => loadRequest([], []), 'moves no position'],
])('a LoadBatch is refused as INVALID_VALUE: %s', async (what, request, message) => {
  const sent = { ...request(), ...(what === 'no context' ? { context: undefined } : {}) };
  await expect(clients.load.loadBatch(sent)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining(message) });
});

test('INVALID_VALUE: a pipeline that reads no topic, and an offset before the first', async () => {
  const request = { context: streamContext(), cluster: 'cluster-1', topic: 'clicks', start: [{ partition: 0, next: -1, greatestTimestamp: 0 }] };
  await expect(clients.load.openPositions(request)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('-1 is no offset') });
  definition = { ...definition, source: { type: 'file', dataset: 'orders', path: '/nowhere/*.csv', layout: CSV_LAYOUT, empty: 'error' } };
  await expect(clients.load.openPositions({ ...request, start: [] })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('reads file and no topic') });
});
