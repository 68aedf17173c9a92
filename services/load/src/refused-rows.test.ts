import type { Model } from '@weir/core';
import { FaultProxy } from '@weir/testkit';
import fc from 'fast-check';
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

const [ONE, TWO, THREE] = ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z', '2010-12-03T00:00:00Z'] as const;
const COLUMNS: Model['columns'] = [
  { name: 'k', type: 'VARCHAR' },
  { name: 'v', type: 'BIGINT' },
];

let nth = 0;

function orders(fields: Partial<Model> = {}): Model {
  nth += 1;
  return testModel({ name: `orders_${nth}`, columns: COLUMNS, writeMode: 'upsert', key: ['k'], scope: 'row', ...fields });
}

/** A row and where it is in its source; ids have no hyphens, as quality writes them. */
function rowAt(grain: string, k: string, v: number): TestRow {
  return { k, v: String(v), _weir_row_id: Buffer.from(`${grain.slice(8, 10)}${k}${v}`).toString('hex').padStart(32, '0'), _weir_position: `${grain.slice(0, 10)}.csv:${k.charCodeAt(0)}` };
}

/** A table to which a person has added a check after its first load. */
async function checkedTable(model: Model, port = warehouse.config.port) {
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config, port);
  const load = new TestLoad(warehouse, destination, [dataset]);
  await load.to(await dataset.publish(new Map([[ONE, [rowAt(ONE, 'a', 1)]]])), { context: { ...newRun(), runId: 'run-before' } });
  await warehouse.pool.query(`alter table test.${model.name} add constraint positive check (v > 0)`);
  return { dataset, destination, load, publish: (...rows: TestRow[]) => dataset.publish(new Map([[TWO, rows]])) };
}

test.each(['upsert', 'append'] as const)('%s: the row that the table refuses goes to quarantine with its grain and place, all others are loaded, and the result counts it', async (writeMode) => {
  const model = orders({ writeMode, key: writeMode === 'upsert' ? ['k'] : [] });
  const { destination, load, publish } = await checkedTable(model);
  const { tables } = await load.to(await publish(rowAt(TWO, 'b', 2), rowAt(TWO, 'c', -3), rowAt(TWO, 'd', 4)), { context: { ...newRun(), runId: 'run-x' } });
  expect(tables).toMatchObject([{ insertedOrUpdated: 2, refused: 1, rowsInTable: 3, rules: [{ rule: 'destination:check:positive', rows: 1, samples: ['2010-12-02.csv:99: destination:check:positive'], outcome: 'RULE_OUTCOME_QUARANTINE', table: `warehouse/test.${model.name}` }] }]);
  expect(await warehouse.rows(model)).toEqual([['a', '1'], ['b', '2'], ['d', '4']]);
  expect(load.quarantine.told).toEqual([`warehouse/test.${model.name} gold.${model.name} ${TWO} 2010-12-02.csv:99 destination:check:positive run-x`]);
  expect(JSON.parse(load.quarantine.rows[0]?.original?.toString() ?? '')).toMatchObject({ k: 'c', v: -3 });
  await destination.close();
});

test('the grain again: what is still refused stays refused; once the check is gone the row lands; twice changes nothing', async () => {
  const model = orders();
  const { destination, load, publish } = await checkedTable(model);
  const rows = [rowAt(TWO, 'b', 2), rowAt(TWO, 'c', -3), rowAt(TWO, 'd', 4)];
  await load.to(await publish(...rows));
  expect((await load.to(await publish(...rows))).tables).toMatchObject([{ insertedOrUpdated: 0, refused: 1, rowsInTable: 3 }]);
  await warehouse.pool.query(`alter table test.${model.name} drop constraint positive`);
  expect((await load.to(await publish(...rows))).tables).toMatchObject([{ insertedOrUpdated: 1, refused: 0, rowsInTable: 4 }]);
  expect(load.quarantine.rows.map(({ became }) => became)).toEqual(['', '', 'landed']);
  expect((await load.to(await publish(...rows))).tables).toMatchObject([{ insertedOrUpdated: 0, refused: 0, rowsInTable: 4 }]);
  expect(load.quarantine.rows).toHaveLength(3);
  expect(await warehouse.rows(model)).toEqual([['a', '1'], ['b', '2'], ['c', '-3'], ['d', '4']]);
  expect((await warehouse.pool.query(`select from weir.refused where table_name = 'test.${model.name}'`)).rowCount).toBe(0);
  await destination.close();
});

test.each(['before', 'after'] as const)('a quality service that fails %s it has heard: the table is loaded, the stage is repeated, and the quarantine hears all', async (when) => {
  const model = orders();
  const { destination, load, publish } = await checkedTable(model);
  const context = newRun();
  const snapshot = await publish(rowAt(TWO, 'b', 2), rowAt(TWO, 'c', -3));
  load.quarantine.failing = [when];
  await expect(load.to(snapshot, { context })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(await warehouse.rows(model)).toEqual([['a', '1'], ['b', '2']]);
  expect((await load.to(snapshot, { context: { ...context, attempt: 'again' } })).tables).toMatchObject([{ insertedOrUpdated: 1, refused: 1, rules: [{ rows: 1 }] }]);
  expect(load.quarantine.told).toHaveLength(1);
  await load.to(snapshot, { context });
  expect(load.quarantine.rows).toHaveLength(when === 'before' ? 1 : 2);
  await destination.close();
});

test('a service that dies after a commit whose answer was lost: the next one tells what was refused, once, with its counts', async () => {
  const model = orders();
  const { dataset, destination, publish } = await checkedTable(model, proxy.port);
  const context = newRun();
  const snapshot = await publish(rowAt(TWO, 'b', 2), rowAt(TWO, 'c', -3));
  proxy.loseCommitReply({ times: 1 });
  const lost = proxy.lostReplies;
  const watch = setInterval(() => {
    if (proxy.lostReplies > lost) proxy.reset();
  }, 1);
  const dying = new TestLoad(warehouse, destination, [dataset]);
  await expect(dying.to(snapshot, { context })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  clearInterval(watch);
  proxy.pass();
  await destination.close();
  expect(dying.quarantine.rows).toEqual([]);
  const reborn = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset]);
  expect((await reborn.to(snapshot, { context: { ...context, attempt: 'second' } })).tables).toMatchObject([{ insertedOrUpdated: 1, refused: 1 }]);
  expect(reborn.quarantine.told).toHaveLength(1);
  await reborn.destination.close();
});

test('an answer that gets lost on the way, with refused rows: no row twice, none lost, each told once', async () => {
  const model = orders();
  const { destination, load, publish } = await checkedTable(model, proxy.port);
  for (let round = 1; round <= 5; round += 1) {
    proxy.loseCommitReply({ times: 1 });
    const { tables } = await load.to(await publish(rowAt(TWO, 'b', round), rowAt(TWO, 'c', -round), rowAt(TWO, 'd', 4)));
    expect(tables).toMatchObject([{ refused: 1, rowsInTable: 3 }]);
  }
  expect(await warehouse.rows(model)).toEqual([['a', '1'], ['b', '5'], ['d', '4']]);
  // Of each version but the last one: refused, then another one has its place.
  expect(load.quarantine.rows.map(({ became }) => became).sort()).toEqual([...Array.from({ length: 5 }, () => ''), ...Array.from({ length: 4 }, () => 'superseded')]);
  await destination.close();
});

test('QUARANTINE_LIMIT: more rows than the policy allows; no table of the destination is changed', async () => {
  const model = orders();
  const { destination, load, publish } = await checkedTable(model);
  const bad = Array.from({ length: 101 }, (_, at) => rowAt(TWO, `x${at}`, -1 - at));
  await expect(load.to(await publish(rowAt(TWO, 'b', 2), ...bad))).rejects.toMatchObject({ code: 'QUARANTINE_LIMIT', stage: 'load', place: `test.${model.name}` });
  expect(await warehouse.rows(model)).toEqual([['a', '1']]);
  expect((await load.to(await publish(rowAt(TWO, 'b', 2), ...bad.slice(1)))).tables).toMatchObject([{ insertedOrUpdated: 1, refused: 100 }]);
  expect(new Set(load.quarantine.rows.map(({ rowId }) => rowId)).size).toBe(100);
  await destination.close();
});

test('random histories: by key the table has the winner if it takes it, and nothing otherwise; the quarantine has exactly the winners that it does not take', async () => {
  const PARTITIONS = [ONE, TWO, THREE];
  const value = fc.integer({ min: -2, max: 3 });
  const partition = fc.uniqueArray(fc.record({ k: fc.constantFrom('b', 'c', 'd', 'e'), v: value }), { maxLength: 4, selector: ({ k }) => k });
  const step = fc.dictionary(fc.constantFrom(...PARTITIONS), partition, { minKeys: 1, noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (story) => {
      const model = orders();
      const { dataset, destination, load } = await checkedTable(model);
      const state = new Map<string, readonly TestRow[]>([[ONE, [rowAt(ONE, 'a', 1)]]]);
      for (const partitions of story) {
        const changed = new Map(Object.entries(partitions).map(([grain, rows]) => [grain, rows.map(({ k, v }) => rowAt(grain, k, v))]));
        for (const [grain, rows] of changed) state.set(grain, rows);
        const { tables } = await load.to(await dataset.publish(changed));
        const winners = new Map<string, TestRow>();
        for (const grain of PARTITIONS) for (const row of state.get(grain) ?? []) winners.set(row['k'] ?? '', row);
        const living = [...winners.values()].filter(({ v }) => Number(v) > 0);
        expect(await warehouse.rows(model)).toEqual(living.map(({ k = '', v }) => [k, v]).sort(([one], [other]) => ((one ?? '') < (other ?? '') ? -1 : 1)));
        expect(tables[0]?.rowsInTable).toBe(living.length);
        const open = new Map(load.quarantine.rows.map(({ rowId, became }) => [rowId.replaceAll('-', ''), became]));
        const refused = [...winners.values()].filter(({ v }) => Number(v) <= 0).map(({ _weir_row_id: id }) => id ?? '');
        expect([...open].filter(([, became]) => became === '').map(([id]) => id).sort()).toEqual(refused.sort());
      }
      await destination.close();
    }),
    { numRuns: 10 },
  );
});
