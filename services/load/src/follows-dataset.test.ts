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

/** One step of a dataset's life: partitions replaced in one snapshot, and whether the table is loaded then. */
interface Step {
  readonly partitions: ReadonlyMap<string, readonly TestRow[]>;
  readonly load: boolean;
}

const small = fc.integer({ min: 0, max: 3 }).map(String);
const row: fc.Arbitrary<TestRow> = fc.record({ k: fc.constantFrom('a', 'b', 'c', 'd'), v: fc.option(small, { nil: null }), seq: fc.option(small, { nil: null }) });

function steps(rowsOfPartition: fc.Arbitrary<TestRow[]>): fc.Arbitrary<Step[]> {
  const partitions = fc.dictionary(fc.constantFrom(...PARTITIONS), rowsOfPartition, { minKeys: 1, noNullPrototype: true }).map((record) => new Map(Object.entries(record)));
  return fc.array(fc.record({ partitions, load: fc.boolean() }), { minLength: 2, maxLength: 5 });
}

/** Publishes and loads step by step, and says after each load what the table and the dataset's live rows are. */
async function live(model: Model, story: readonly Step[], check: (rows: (string | null)[][], partitions: ReadonlyMap<string, readonly TestRow[]>) => void): Promise<void> {
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  const state = new Map<string, readonly TestRow[]>();
  try {
    for (const [at, step] of story.entries()) {
      for (const [partition, rows] of step.partitions) state.set(partition, rows);
      const snapshot = await dataset.publish(step.partitions);
      if (!step.load && at < story.length - 1) continue;
      const result = await load.to(snapshot);
      const rows = await warehouse.rows(model);
      check(rows, state);
      expect(result.tables[0]?.rowsInTable).toBe(rows.length);
    }
  } finally {
    await destination.close();
  }
}

let nth = 0;
const COLUMNS: Model['columns'] = [
  { name: 'k', type: 'VARCHAR' },
  { name: 'v', type: 'BIGINT' },
  { name: 'seq', type: 'BIGINT' },
];

function freshModel(fields: Partial<Model> & Pick<Model, 'writeMode'>): Model {
  nth += 1;
  return testModel({ name: `t${nth}`, columns: COLUMNS, ...fields });
}

function asTuple(one: TestRow): (string | null)[] {
  return COLUMNS.map(({ name }) => one[name] ?? null);
}

function sorted(rows: readonly (string | null)[][]): string[] {
  return rows.map((one) => JSON.stringify(one)).sort();
}

test.each(['append', 'overwrite'] as const)('%s: the table holds every row of every partition after each load, equal rows included, whatever snapshots were skipped', async (writeMode) => {
  await fc.assert(
    fc.asyncProperty(steps(fc.array(row, { maxLength: 6 })), async (story) => {
      await live(freshModel({ writeMode }), story, (rows, state) => {
        expect(sorted(rows)).toEqual(sorted([...state.values()].flat().map(asTuple)));
      });
    }),
    { numRuns: 12 },
  );
});

test('append of a row-shaped model: equal rows of two partitions are two rows, and rows keep the id and position they came with', async () => {
  const withIds = fc.uniqueArray(row, { maxLength: 5, selector: (one) => JSON.stringify(one) }).map((rows) =>
    rows.map((one, at): TestRow => ({ ...one, _weir_row_id: idOf(one), _weir_position: `file.csv:${at + 2}` })),
  );
  await fc.assert(
    fc.asyncProperty(steps(withIds), async (story) => {
      const model = freshModel({ writeMode: 'append', scope: 'row' });
      await live(model, story, (rows, state) => {
        expect(sorted(rows)).toEqual(sorted([...state.values()].flat().map(asTuple)));
      });
      const ids = await warehouse.pool.query<{ id: string; k: string; v: string | null; seq: string | null }>(`select replace(_weir_row_id::text, '-', '') as id, k, v::text, seq::text from test.${model.name}`);
      for (const { id, ...values } of ids.rows) expect(id).toBe(idOf(values));
    }),
    { numRuns: 8 },
  );
});

/** 32 hex digits that stand for the row. */
function idOf({ k, v, seq }: TestRow): string {
  return Buffer.from(`${k ?? '-'}${v ?? '-'}${seq ?? '-'}`).toString('hex').padStart(32, '0');
}

/** Keys are unique within a partition, as the audit demands, and occur in several. */
const keyed = fc.uniqueArray(row, { maxLength: 4, selector: (one) => one['k'] });

test('upsert without a sequence: per key the row of the latest partition that has it, and a key that is nowhere any more is gone', async () => {
  await fc.assert(
    fc.asyncProperty(steps(keyed), async (story) => {
      await live(freshModel({ writeMode: 'upsert', key: ['k'] }), story, (rows, state) => {
        const winners = new Map<string, TestRow>();
        for (const partition of [...state.keys()].sort()) for (const one of state.get(partition) ?? []) winners.set(one['k'] ?? '', one);
        expect(sorted(rows)).toEqual(sorted([...winners.values()].map(asTuple)));
      });
    }),
    { numRuns: 15 },
  );
});

test('upsert with a sequence: per key the row with the greatest sequence in any partition; an older row that arrives later never wins', async () => {
  await fc.assert(
    fc.asyncProperty(steps(keyed), async (story) => {
      await live(freshModel({ writeMode: 'upsert', key: ['k'], sequence: 'seq' }), story, (rows, state) => {
        const all = [...state.values()].flat();
        const greatest = (key: string | null | undefined) => Math.max(...all.filter((one) => one['k'] === key).map(sequenceOf));
        const keys = new Set(all.map((one) => one['k']));
        // Rows of one key and one sequence tie: any of them may win, but one of them must.
        expect(rows).toHaveLength(keys.size);
          expect(new Set(rows.map(([key]) => key))).toEqual(keys);
        for (const [key, v, seq] of rows) {
          expect(all.some((one) => JSON.stringify(asTuple(one)) === JSON.stringify([key, v, seq]))).toBe(true);
          expect(seq === null ? -1 : Number(seq)).toBe(greatest(key));
        }
      });
    }),
    { numRuns: 15 },
  );
});

function sequenceOf(one: TestRow): number {
  return one['seq'] === null || one['seq'] === undefined ? -1 : Number(one['seq']);
}

test('upsert with a sequence: ties are decided alike by a table that grew and by one built afresh', async () => {
  const model = testModel({ name: 'tie', columns: COLUMNS, writeMode: 'upsert', key: ['k'], sequence: 'seq' });
  await fc.assert(
    fc.asyncProperty(steps(keyed), async (story) => {
      const grown = { ...model, name: `tie_grown_${(nth += 1)}` };
      const fresh = { ...model, name: `tie_fresh_${nth}` };
      let last: (string | null)[][] = [];
      let final: ReadonlyMap<string, readonly TestRow[]> = new Map();
      await live(grown, story, (rows, state) => {
        last = rows;
        final = new Map(state);
      });
      await live(fresh, [{ partitions: final, load: true }], (rows) => expect(rows).toEqual(last));
    }),
    { numRuns: 12 },
  );
});
