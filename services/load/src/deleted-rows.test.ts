import type { Model } from '@weir/core';
import fc from 'fast-check';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const PARTITIONS = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z', '2026-01-01T02:00:00Z'];
const COLUMNS: Model['columns'] = [{ name: 'k', type: 'VARCHAR' }, { name: 'v', type: 'BIGINT' }, { name: 'seq', type: 'BIGINT' }];

/** A row of a row model; `deleted` null is a segment's that was written before rows could delete. */
interface Version {
  readonly k: string;
  readonly v: number;
  readonly seq: number | null;
  readonly deleted: boolean | null;
  readonly logPartition: number;
  readonly offset: number;
}

const version = fc.record({ k: fc.constantFrom('a', 'b', 'c'), v: fc.nat(3), seq: fc.option(fc.nat(2), { freq: 5 }), deleted: fc.constantFrom(true, true, false, false, null), logPartition: fc.nat(11), offset: fc.nat(30) });
/** Keys are unique within a partition, positions everywhere. */
const story = fc.array(
  fc.record({ partition: fc.nat(2), rows: fc.uniqueArray(version, { maxLength: 3, selector: ({ k }) => k }), load: fc.boolean() }),
  { minLength: 2, maxLength: 7 },
);

/** Of the content, which says whether the row deletes: one id is never both. */
const idOf = ({ k, v, seq, deleted }: Version): string => Buffer.from(`${v}${k}${seq ?? '-'}${deleted === true ? 'd' : 'r'}`).toString('hex').padStart(32, '0');

function rowOf(each: Version, step: number): TestRow {
  const { k, v, seq, deleted, logPartition, offset } = each;
  return { k, v: String(v), seq: seq === null ? null : String(seq), _weir_row_id: idOf(each), _weir_position: `clicks:${logPartition}:${step * 100 + offset}`, _weir_deleted: deleted === null ? null : String(deleted) };
}

/** Of two versions the newer one, by the rule that the manual states. */
const NEWER: Readonly<Record<'sequence' | 'arrival', (one: TestRow, other: TestRow) => boolean>> = {
  sequence: (one, other) => {
    const [mine, theirs] = [Number(one['seq'] ?? -1), Number(other['seq'] ?? -1)];
    return mine === theirs ? (one['_weir_row_id'] ?? '') > (other['_weir_row_id'] ?? '') : mine > theirs;
  },
  arrival: (one, other) => {
    const [mine, theirs] = [one, other].map((row) => (row['_weir_position'] ?? '').split(':').slice(1).map(Number));
    return (mine?.[0] ?? 0) === (theirs?.[0] ?? 0) ? (mine?.[1] ?? 0) > (theirs?.[1] ?? 0) : (mine?.[0] ?? 0) > (theirs?.[0] ?? 0);
  },
};

const tuple = (row: TestRow): (string | null)[] => COLUMNS.map(({ name }) => row[name] ?? null);
const sorted = (rows: readonly (string | null)[][]): string[] => rows.map((row) => JSON.stringify(row)).sort();

let nth = 0;

/** Publishes and loads the story; `check` sees the table after each load beside all rows that are live then. */
async function live(model: Model, steps: readonly { readonly partition: number; readonly rows: readonly Version[]; readonly load: boolean }[], check: (table: (string | null)[][], rows: readonly TestRow[]) => void): Promise<void> {
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const files = new TestLoad(warehouse, destination, [dataset]);
  const source = { type: 'kafka', dataset: 'events', connection: 'kafka', topic: 'clicks', format: 'json', start: 'earliest' } as const;
  const load = new TestLoad(warehouse, destination, [dataset], { definition: async (...version) => ({ ...(await files.deps.definition(...version)), source }) });
  const state = new Map<string, readonly TestRow[]>();
  try {
    for (const [at, { partition, rows, load: now }] of steps.entries()) {
      const name = PARTITIONS[partition] ?? '';
      state.set(name, rows.map((each) => rowOf(each, at)));
      const snapshot = await dataset.publish(new Map([[name, state.get(name) ?? []]]));
      if (!now && at < steps.length - 1) continue;
      await load.to(snapshot);
      check(await warehouse.rows(model), [...state.values()].flat());
    }
  } finally {
    await destination.close();
  }
}

describe.each(['sequence', 'arrival'] as const)('rows that delete their key, the newest by %s', (order) => {
  it('keep a key out of its table while they are the newest, whatever was loaded before', async () => {
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const model = testModel({ name: `deleted_${(nth += 1)}`, scope: 'row', columns: COLUMNS, writeMode: 'upsert', key: ['k'], ...(order === 'sequence' ? { sequence: 'seq' } : {}) });
        await live(model, steps, (table, rows) => {
          const winners = new Map<string, TestRow>();
          for (const row of rows) {
            const before = winners.get(row['k'] ?? '');
            if (!before || NEWER[order](row, before)) winners.set(row['k'] ?? '', row);
          }
          expect(sorted(table)).toEqual(sorted([...winners.values()].filter((row) => row['_weir_deleted'] !== 'true').map(tuple)));
        });
      }),
      { numRuns: 15 },
    );
  });
});

it('rows that delete are in no table that is appended to', async () => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      await live(testModel({ name: `deleted_${(nth += 1)}`, scope: 'row', columns: COLUMNS, writeMode: 'append' }), steps, (table, rows) => {
        expect(sorted(table)).toEqual(sorted(rows.filter((row) => row['_weir_deleted'] !== 'true').map(tuple)));
      });
    }),
    { numRuns: 8 },
  );
});
