import { streamTable } from '@weir/connectors';
import type { Model } from '@weir/core';
import { listHeads } from './list-heads';
import { tableSpec } from './table-spec';
import { clickStream, inlineBatch, recordAt } from './testing/click-stream';
import { RestatedWorld, type LogRecord, type Version } from './testing/restated-world';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, newRun, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const COLUMNS: Model['columns'] = [{ name: 'id', type: 'VARCHAR' }, { name: 'note', type: 'VARCHAR' }, { name: 'seq', type: 'BIGINT' }, { name: 'kind', type: 'VARCHAR' }];
const GRAINS = Array.from({ length: 5 }, (_, at) => `2024-01-0${at + 1}T00:00:00Z`);

const byArrival = (one: Version, other: Version): number => one.partition - other.partition || one.offset - other.offset;
/** Ids grow with partition and offset. */
const bySequence = (one: Version, other: Version): number => Number(one.seq ?? -1) - Number(other.seq ?? -1) || byArrival(one, other);

const RULES = [
  { rule: 'arrival', sequence: undefined, older: byArrival },
  { rule: 'sequence', sequence: 'seq', older: bySequence },
];

/** A random number in [0, below), the same for the same seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomLog(partition: number, random: (below: number) => number): LogRecord[] {
  return Array.from({ length: 24 }, (_, offset) => ({ partition, offset, key: `k${random(11)}`, seq: random(8) === 0 ? null : String(random(12)), value: random(12) }));
}

async function openWorld(model: Model, older: (one: Version, other: Version) => number, logs: readonly (readonly LogRecord[])[]) {
  const dataset = new TestDataset(warehouse.lake, model);
  const load = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset], { definition: () => Promise.resolve(clickStream([model])) });
  await warehouse.pool.query('drop schema if exists test, weir cascade');
  const world = new RestatedWorld(logs, model, dataset, load, older);
  await world.open();
  return { world, load, dataset };
}

async function contents(model: Model): Promise<(string | null)[][]> {
  return (await warehouse.rows(model)).map((row) => row.slice(0, 2));
}

async function tamper(model: Model, random: (below: number) => number): Promise<void> {
  await warehouse.pool.query(`update test.${model.name} set note = 'tampered' where id = 'k${random(11)}'`);
}

test.each(RULES)('by $rule: whatever the stream, its archive and runs of older and newer models do, restated records are as the snapshot says and others stay', async ({ rule, sequence, older }) => {
  for (let seed = 1; seed <= 14; seed += 1) {
    const random = randomFrom(seed);
    const model = testModel({ name: `restated_${rule}_${seed}`, zone: 'silver', scope: 'row', writeMode: 'upsert', key: ['kind', 'id'], ...(sequence ? { sequence } : {}), columns: COLUMNS });
    const { world, load } = await openWorld(model, older, [0, 1].map((partition) => randomLog(partition, random)));
    let version: 1 | 2 = 1;
    await world.consume(0, 3, version);
    for (let step = 0; step < 10; step += 1) {
      if (random(4) === 0) version = 2;
      for (const partition of [0, 1]) {
        if (random(2) === 0) await world.consume(partition, random(8), version);
        if (random(2) === 0) world.archive(partition, random(8));
      }
      if (random(2) > 0) continue;
      const first = random(GRAINS.length);
      const grains = GRAINS.slice(first, first + 1 + random(2));
      await world.restate(grains, { start: grains[0] ?? '', end: GRAINS[first + grains.length] ?? '2024-02-01T00:00:00Z' }, version);
      expect({ seed, step, rows: await contents(model) }).toEqual({ seed, step, rows: world.expected() });
    }
    // At rest, with everything in the archive, a run over all of it repairs whatever was wrong.
    for (const partition of [0, 1]) {
      await world.consume(partition, 99, version);
      world.archive(partition, 99);
    }
    await tamper(model, random);
    await world.restate(GRAINS, undefined, version);
    expect({ seed, rows: await contents(model) }).toEqual({ seed, rows: world.expected() });
    await load.destination.close();
  }
});

const keyed = (name: string): Model => testModel({ name, zone: 'silver', scope: 'row', writeMode: 'upsert', key: ['kind', 'id'], sequence: 'seq', columns: COLUMNS });
const record = (offset: number, key: string, seq: string, value: number): LogRecord => ({ partition: 0, offset, key, seq, value });

test('a tombstone whose record is no delete any more gives way to an older row, in the snapshot and in the stream; any other stays', async () => {
  // The first model deletes by 10, the second has nothing of it; both delete by 1.
  const { world, load } = await openWorld(keyed('graves'), bySequence, [[record(0, 'a', '1', 2), record(1, 'a', '5', 10), record(2, 'b', '5', 10), record(3, 'c', '5', 1), record(4, 'b', '1', 2), record(5, 'c', '1', 2)]]);
  await world.consume(0, 4, 1);
  expect(await contents(keyed('graves'))).toEqual([]);
  world.archive(0, 4);
  await world.restate(GRAINS.slice(0, 1), undefined, 2);
  expect(await contents(keyed('graves'))).toEqual([['a', '2!']]);
  await world.consume(0, 2, 2);
  expect(await contents(keyed('graves'))).toEqual([['a', '2!'], ['b', '2!']]);
  await load.destination.close();
});

test('rows that came after the archive stay, though the snapshot deletes their key or has another row of it', async () => {
  const { world, load } = await openWorld(keyed('ahead'), bySequence, [[record(0, 'a', '1', 2), record(1, 'b', '1', 2), record(2, 'a', '2', 4), record(3, 'b', '0', 4)]]);
  await world.consume(0, 4, 1);
  world.archive(0, 2);
  const before = await warehouse.pool.query('select xmin::text, id from test.ahead order by id');
  await world.restate(GRAINS.slice(0, 1), undefined, 1);
  expect(await contents(keyed('ahead'))).toEqual([['a', '4'], ['b', '2']]);
  // What is right is not touched.
  expect((await warehouse.pool.query('select xmin::text, id from test.ahead order by id')).rows).toEqual(before.rows);
  await load.destination.close();
});

test('without restate the tables of models over rows are the stream’s, and heads do not speak of them; those of other models are loaded', async () => {
  const rows = new TestDataset(warehouse.lake, keyed('streamed'));
  const daily = new TestDataset(warehouse.lake, testModel({ name: 'daily', writeMode: 'upsert', key: ['day'], columns: [{ name: 'day', type: 'VARCHAR' }] }));
  const definition = clickStream([rows.model, daily.model]);
  const load = new TestLoad(warehouse, destinationAt(warehouse.config), [rows, daily], { definition: () => Promise.resolve(definition) });
  const deps = { ...load.deps, newestDefinition: () => Promise.resolve(definition) };
  const [grain = ''] = GRAINS;
  await rows.publish(new Map([[grain, [{ id: 'a', kind: 'x', note: 'x', seq: '1', _weir_row_id: '0'.repeat(32), _weir_position: 'clicks:0:0', _weir_deleted: 'false' }]]]), new Map([[grain, ['clicks:00000:00000000000000000000-00000000000000000001']]]));
  await daily.publish(new Map([[grain, [{ day: 'monday' }]]]));
  expect((await load.to(1)).tables.map(({ table }) => table)).toEqual(['test.daily']);
  expect((await warehouse.pool.query("select to_regclass('test.streamed') as there")).rows).toEqual([{ there: null }]);
  const restated = await load.to(1, { restate: true });
  expect(restated.tables).toMatchObject([{ table: 'test.streamed', fromSnapshot: 0, toSnapshot: 1, insertedOrUpdated: 1 }, { table: 'test.daily', insertedOrUpdated: 0 }]);
  expect(await listHeads(deps, { pipeline: 'test' }, new AbortController().signal)).toEqual({ heads: [{ connection: 'warehouse', table: 'test.daily', snapshot: 1 }] });
  const ledger = await warehouse.pool.query("select from_snapshot::int, to_snapshot::int, inserted::int, rows_in_table, positions from weir.ledger where table_name = 'test.streamed'");
  expect(ledger.rows).toEqual([{ from_snapshot: 0, to_snapshot: 1, inserted: 1, rows_in_table: null, positions: null }]);
  await load.destination.close();
});

test('rows that are told apart by id: those of restated records come, change and go with the snapshot, others stay', async () => {
  const model = testModel({ name: 'appended', zone: 'silver', scope: 'row', writeMode: 'append', columns: COLUMNS });
  const dataset = new TestDataset(warehouse.lake, model);
  const load = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset], { definition: () => Promise.resolve(clickStream([model])) });
  await warehouse.pool.query('drop schema if exists test, weir cascade');
  await load.destination.openPositions({ pipeline: 'test', cluster: 'c', topic: 'clicks' }, [{ partition: 0, next: 0, greatestTimestamp: 0 }], new AbortController().signal);
  const [grain = ''] = GRAINS;
  const rowOf = (offset: number, note: string): TestRow => recordAt(offset, { id: `r${offset}`, note, seq: '1' });
  const batch = await inlineBatch(model, [0, 1, 2, 3].map((offset) => rowOf(offset, 'streamed')));
  const table = streamTable(tableSpec(model, 'test'), undefined, 'clicks');
  await load.destination.commitBatch({ ...STREAMED, tables: [{ table, columns: batch.columns, rows: 4, data: batch.data }] }, new AbortController().signal);
  // Of the first three records the second is nothing any more and the third is otherwise; the archive has no fourth yet.
  const snapshot = await dataset.publish(new Map([[grain, [rowOf(0, 'streamed'), rowOf(2, 'restated')]]]), new Map([[grain, ['clicks:00000:00000000000000000000-00000000000000000003']]]));
  expect((await load.to(snapshot, { context: { ...newRun(), interval: { start: grain, end: GRAINS[1] ?? '' } }, restate: true })).tables).toMatchObject([{ insertedOrUpdated: 1, deleted: 1 }]);
  expect(await contents(model)).toEqual([['r0', 'streamed'], ['r2', 'restated'], ['r3', 'streamed']]);
  await load.destination.close();
});

const STREAMED = {
  pipeline: 'test', cluster: 'c', topic: 'clicks', definitionVersion: 1, commitId: '11111111-1111-4111-8111-111111111111', runId: 'stream', traceId: '', accounts: undefined, grains: [],
  ranges: [{ partition: 0, from: 0, to: 4, greatestTimestamp: 0 }],
};
