import type { Model } from '@weir/core';
import fc from 'fast-check';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const PARTITIONS = ['2010-12-01T00:00:00Z', '2010-12-02T00:00:00Z', '2010-12-03T00:00:00Z'];
const DAYS = ['2010-01-01', '2010-02-01', '2010-03-01', '2010-04-01', '2010-05-01'];

let nth = 0;

/** A dimension by key `k` whose versions have `v`, since `at`. */
function dimension(fields: Partial<Model> = {}): Model {
  nth += 1;
  return testModel({ name: `dim${nth}`, writeMode: 'scd2', key: ['k'], sequence: 'at', columns: [{ name: 'k', type: 'VARCHAR' }, { name: 'v', type: 'BIGINT' }, { name: 'at', type: 'DATE' }], ...fields });
}

/** What stands in the table: key, value, from, to, whether it is the last; by key and time. */
async function versionsIn({ name }: Model): Promise<string[]> {
  const { rows } = await warehouse.pool.query<{ version: string }>(`select concat_ws(' ', k, coalesce(v::text, '-'), valid_from, coalesce(valid_to::text, '…'), case when is_current then 'current' end) as version from test.${name} order by k, valid_from`);
  return rows.map(({ version }) => version);
}

/** A change of a key; one that is gone has no value any more. */
interface Change extends TestRow {
  readonly k: string;
  readonly v: string | null;
  readonly at: string;
}

/** Kimball's type 2, told by a person: of each key the changes by time, those that change nothing left out, each until the next. */
function historyOf(partitions: ReadonlyMap<string, readonly Change[]>): string[] {
  const byTime = new Map<string, Change>();
  // Of one time the latest partition says what is right.
  for (const partition of [...partitions.keys()].sort()) for (const change of partitions.get(partition) ?? []) byTime.set(`${change.k} ${change.at}`, change);
  const history: string[] = [];
  for (const key of [...new Set([...byTime.values()].map(({ k }) => k))].sort()) {
    const changes = [...byTime.values()].filter(({ k }) => k === key).sort((a, b) => (a.at < b.at ? -1 : 1));
    const kept = changes.filter((change, at) => at === 0 || changes[at - 1]?.v !== change.v || changes[at - 1]?.['_weir_deleted'] !== change['_weir_deleted']);
    for (const [at, { v, at: since, _weir_deleted: gone }] of kept.entries()) {
      const next = kept[at + 1]?.at;
      if (gone !== 'true') history.push([key, v ?? '-', since, next ?? '…', ...(next === undefined ? ['current'] : [])].join(' '));
    }
  }
  return history;
}

const change = fc.record({ k: fc.constantFrom('a', 'b', 'c'), v: fc.option(fc.constantFrom('1', '2'), { nil: null }), at: fc.constantFrom(...DAYS) });
const changes = fc.uniqueArray(change, { maxLength: 8, selector: ({ k, at }) => `${k} ${at}` });

async function follow(model: Model, story: readonly ReadonlyMap<string, readonly Change[]>[]): Promise<void> {
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  const state = new Map<string, readonly Change[]>();
  try {
    for (const partitions of story) {
      for (const [partition, rows] of partitions) state.set(partition, rows);
      const result = await load.to(await dataset.publish(partitions));
      expect(await versionsIn(model)).toEqual(historyOf(state));
      expect(result.tables[0]?.rowsInTable).toBe(historyOf(state).length);
    }
  } finally {
    await destination.close();
  }
}

const story = (rows: fc.Arbitrary<Change[]>) => fc.array(fc.dictionary(fc.constantFrom(...PARTITIONS), rows, { minKeys: 1, noNullPrototype: true }).map((record) => new Map(Object.entries(record))), { minLength: 2, maxLength: 5 });

test('scd2: the table has every version of a key, each until the next, in whatever order changes came and partitions were replaced', async () => {
  await fc.assert(fc.asyncProperty(story(changes), (each) => follow(dimension(), each)), { numRuns: 30 });
});

test('scd2 of rows that may delete their key: a deleted key has no version from then until it comes again', async () => {
  const withIds = fc.uniqueArray(fc.record({ k: fc.constantFrom('a', 'b'), v: fc.constantFrom('1', '2'), at: fc.constantFrom(...DAYS), gone: fc.boolean() }), { maxLength: 6, selector: ({ k, at }) => `${k} ${at}` }).map((rows) =>
    rows.map(({ gone, ...row }, n): Change => ({ ...row, v: gone ? null : row.v, _weir_row_id: String(n).padStart(32, '0'), _weir_position: `file.csv:${n}`, _weir_deleted: String(gone) })),
  );
  // Of one time the greatest row id wins, not the latest partition: one partition has all rows.
  await fc.assert(fc.asyncProperty(fc.array(withIds.map((rows) => new Map([[PARTITIONS[0] ?? '', rows]])), { minLength: 2, maxLength: 4 }), (each) => follow(dimension({ scope: 'row' }), each)), { numRuns: 20 });
});

test('a change that comes late splits the version that it falls into, and touches no other row', async () => {
  const model = dimension();
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  const [first = '', second = ''] = PARTITIONS;
  await load.to(await dataset.publish(new Map([[first, [{ k: 'a', v: '1', at: '2010-01-01' }, { k: 'a', v: '3', at: '2010-05-01' }, { k: 'b', v: '1', at: '2010-01-01' }]]])));
  const result = await load.to(await dataset.publish(new Map([[second, [{ k: 'a', v: '2', at: '2010-03-01' }]]])));
  await destination.close();
  expect(await versionsIn(model)).toEqual(['a 1 2010-01-01 2010-03-01', 'a 2 2010-03-01 2010-05-01', 'a 3 2010-05-01 … current', 'b 1 2010-01-01 … current']);
  expect(result.tables[0]).toMatchObject({ insertedOrUpdated: 2, deleted: 0, rowsInTable: 4 });
});
