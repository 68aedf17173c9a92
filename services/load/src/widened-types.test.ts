import { streamTable } from '@weir/connectors';
import type { Column, Model } from '@weir/core';
import fc from 'fast-check';
import { tableSpec } from './table-spec';
import { clickStream, inlineBatch, recordAt } from './testing/click-stream';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, newRun, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

/** Types of one model's columns under one definition after the other; each column widens, the key and the sequence too. */
const GENERATIONS: readonly Column[][] = [
  [{ name: 'k', type: 'BIGINT' }, { name: 'v', type: 'DECIMAL(12,2)' }, { name: 'seq', type: 'DATE' }, { name: 'n', type: 'BIGINT' }],
  [{ name: 'k', type: 'DECIMAL(21,2)' }, { name: 'v', type: 'DECIMAL(14,3)' }, { name: 'seq', type: 'TIMESTAMP' }, { name: 'n', type: 'BIGINT' }],
  [{ name: 'k', type: 'DECIMAL(24,4)' }, { name: 'v', type: 'DECIMAL(38,10)' }, { name: 'seq', type: 'TIMESTAMP' }, { name: 'n', type: 'DOUBLE' }],
];
const STORED = [
  ['bigint', 'numeric(12,2)', 'date', 'bigint'],
  ['numeric(21,2)', 'numeric(14,3)', 'timestamp', 'bigint'],
  ['numeric(24,4)', 'numeric(38,10)', 'timestamp', 'double precision'],
];
const PARTITIONS = ['2024-01-01T00:00:00Z', '2024-01-02T00:00:00Z', '2024-01-03T00:00:00Z'];

/** Values that the first types hold, so that a row may stay what it was. */
const row: fc.Arbitrary<TestRow> = fc.record({
  k: fc.constantFrom('1', '2', '-9223372036854775808', '9223372036854775807', '9007199254740993'),
  v: fc.constantFrom(null, '0', '1.5', '9999999999.99', '-0.01'),
  seq: fc.constantFrom(null, '2024-01-01', '2024-02-29'),
  n: fc.constantFrom(null, '0', '-1', '9007199254740993'),
});

interface Step {
  /** Position of the definition that publishes and loads. */
  readonly generation: number;
  readonly partitions: ReadonlyMap<string, readonly TestRow[]>;
}

/** A dataset's life in which the definitions follow one another. */
const story: fc.Arbitrary<Step[]> = fc
  .array(fc.record({ newer: fc.boolean(), partitions: fc.dictionary(fc.constantFrom(...PARTITIONS), fc.uniqueArray(row, { maxLength: 4, selector: (one) => one['k'] }), { minKeys: 1, noNullPrototype: true }) }), { minLength: 4, maxLength: 6 })
  .map((steps) => {
    let generation = -1;
    return steps.map(({ newer, partitions }) => ({ generation: (generation = Math.min(2, Math.max(0, generation + Number(newer)))), partitions: new Map(Object.entries(partitions)) }));
  });

/** Rows as Postgres alone makes them of their texts. */
async function castByPostgres(rows: readonly TestRow[], generation: number): Promise<(string | null)[][]> {
  const names = ['k', 'v', 'seq', 'n'];
  const values = names.map((name, at) => `(r ->> '${name}')::${STORED[generation]?.[at]}::text`);
  return (await warehouse.pool.query<(string | null)[]>({ text: `select ${values.join(', ')} from jsonb_array_elements($1::jsonb) r`, values: [JSON.stringify(rows)], rowMode: 'array' })).rows;
}

const sorted = (rows: readonly (string | null)[][]): string[] => rows.map((one) => JSON.stringify(one)).sort();

/** All rows, or of each key the one with the greatest sequence; between equals that of the latest partition. */
function expectedRows(state: ReadonlyMap<string, readonly TestRow[]>, keyed: boolean): TestRow[] {
  const rows = [...state.keys()].toSorted().flatMap((partition) => state.get(partition) ?? []);
  if (!keyed) return rows;
  const winners = new Map<string, TestRow>();
  for (const one of rows) {
    const standing = winners.get(one['k'] ?? '');
    if (!standing || (one['seq'] ?? '') >= (standing['seq'] ?? '')) winners.set(one['k'] ?? '', one);
  }
  return [...winners.values()];
}

let nth = 0;

test.each([
  ['upsert', (name: string) => testModel({ name, writeMode: 'upsert', key: ['k'], sequence: 'seq', columns: [] })],
  ['append, told apart by content', (name: string) => testModel({ name, writeMode: 'append', columns: [] })],
] as const)('%s: whatever is published under definitions with ever wider types, the table is what Postgres makes of the rows, and what a fresh build gives', async (_, modelOf) => {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      nth += 1;
      const modelUnder = (generation: number): Model => ({ ...modelOf(`widened_${nth}`), columns: GENERATIONS[generation] ?? [] });
      const dataset = new TestDataset(warehouse.lake, modelUnder(0));
      const destination = destinationAt(warehouse.config);
      const load = new TestLoad(warehouse, destination, [dataset]);
      const state = new Map<string, readonly TestRow[]>();
      let last = 0;
      for (const { generation, partitions } of steps) {
        dataset.model = modelUnder(generation);
        for (const [partition, rows] of partitions) state.set(partition, rows);
        const { tables } = await load.to(await dataset.publish(partitions));
        const expected = sorted(await castByPostgres(expectedRows(state, dataset.model.writeMode === 'upsert'), generation));
        expect(sorted(await warehouse.rows(dataset.model))).toEqual(expected);
        expect(tables[0]?.rowsInTable).toBe(expected.length);
        last = generation;
      }
      // A table that was dropped is built anew from the newest snapshot.
      await warehouse.pool.query(`drop table test.${dataset.model.name}`);
      await load.to(dataset.snapshot);
      expect(sorted(await warehouse.rows(dataset.model))).toEqual(sorted(await castByPostgres(expectedRows(state, dataset.model.writeMode === 'upsert'), last)));
      await destination.close();
    }),
    { numRuns: 12 },
  );
});

const LINES: TestRow[] = ['1', '9007199254740993', '-9223372036854775808'].map((k, at) => ({ k, v: `${at}.25`, seq: '2024-01-05', n: String(at), _weir_row_id: k.replace('-', 'f').padStart(32, '0'), _weir_position: `a.csv:${at + 2}` }));

test.each([
  ['by key', testModel({ name: 'kept_by_key', writeMode: 'upsert', key: ['k'], sequence: 'seq', columns: [] })],
  ['by the rows’ ids', testModel({ name: 'kept_by_id', writeMode: 'append', scope: 'row', columns: [] })],
])('%s: rows whose values did not change are not written again, though they come in files with the wider types', async (_, model) => {
  const dataset = new TestDataset(warehouse.lake, { ...model, columns: GENERATIONS[0] ?? [] });
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  const [first, second] = PARTITIONS;
  await load.to(await dataset.publish(new Map([[first ?? '', LINES.slice(0, 2)], [second ?? '', LINES.slice(2)]])));
  const commits = async (): Promise<unknown[]> => (await warehouse.pool.query(`select k::bigint::text as k, _weir_commit as commit from test.${model.name} t order by t.k`)).rows;
  const before = await commits();
  dataset.model = { ...model, columns: GENERATIONS[2] ?? [] };
  expect((await load.to(await dataset.publish(new Map([[first ?? '', LINES.slice(0, 2)]])))).tables).toMatchObject([{ insertedOrUpdated: 0, deleted: 0, rowsInTable: 3 }]);
  expect(await commits()).toEqual(before);
  // By a digit that the older type had no room for.
  const changed = LINES.slice(0, 2).map((line, at) => ({ ...line, v: at === 1 ? '1.2500000001' : (line['v'] ?? null) }));
  expect((await load.to(await dataset.publish(new Map([[first ?? '', changed]])))).tables).toMatchObject([{ insertedOrUpdated: 1, deleted: 0, rowsInTable: 3 }]);
  expect((await warehouse.rows(dataset.model)).map(([k, v]) => [k, v])).toEqual([['-9223372036854775808.0000', '2.2500000000'], ['1.0000', '0.2500000000'], ['9007199254740993.0000', '1.2500000001']]);
  await destination.close();
});

test('a run under the earlier definition finds the wider table ahead of it, and leaves it alone', async () => {
  const model = testModel({ name: 'earlier', writeMode: 'upsert', key: ['k'], columns: GENERATIONS[0] ?? [] });
  const dataset = new TestDataset(warehouse.lake, model);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, [dataset]);
  await dataset.publish(new Map([['p1', LINES]]));
  dataset.model = { ...model, columns: GENERATIONS[1] ?? [] };
  await load.to(await dataset.publish(new Map([['p2', LINES.slice(0, 1)]])));
  dataset.model = model;
  expect((await load.to(1)).tables).toMatchObject([{ toSnapshot: 2, insertedOrUpdated: 0, rowsInTable: 3 }]);
  await destination.close();
});

test('restated records of a stream: key, sequence and values widen, tombstones too, and what is right is not touched', async () => {
  const [narrow = [], , wide = []] = GENERATIONS;
  const model = (columns: Column[]): Model => testModel({ name: 'restated_wider', zone: 'silver', scope: 'row', writeMode: 'upsert', key: ['k'], sequence: 'seq', columns });
  const dataset = new TestDataset(warehouse.lake, model(narrow));
  const load = new TestLoad(warehouse, destinationAt(warehouse.config), [dataset], { definition: () => Promise.resolve(clickStream([dataset.model])) });
  const { signal } = new AbortController();
  await load.destination.openPositions({ pipeline: 'test', cluster: 'c', topic: 'clicks' }, [{ partition: 0, next: 0, greatestTimestamp: 0 }], signal);
  const record = (offset: number, k: string, v: string, seq: string, deleted = false): TestRow => recordAt(offset, { k, v, seq, n: '1' }, { deleted });
  const streamed = [record(0, '1', '1.50', '2024-01-01'), record(1, '9007199254740993', '2.50', '2024-01-01'), record(2, '3', '3.50', '2024-01-02', true), record(3, '4', '4.50', '2024-01-02', true)];
  const batch = await inlineBatch(dataset.model, streamed);
  const table = streamTable(tableSpec(dataset.model, 'test'), 'seq', 'clicks');
  await load.destination.commitBatch(
    {
      pipeline: 'test', cluster: 'c', topic: 'clicks', definitionVersion: 1, commitId: '33333333-3333-4333-8333-333333333333', runId: 'stream', traceId: '', accounts: undefined, grains: [],
      ranges: [{ partition: 0, from: 0, to: 4, greatestTimestamp: 0 }], tables: [{ table, columns: batch.columns, rows: 4, data: batch.data }],
    },
    signal,
  );
  const commits = async (): Promise<unknown[]> => (await warehouse.pool.query('select k::bigint::text as k, _weir_commit as commit from test.restated_wider t order by t.k')).rows;
  const [kept] = await commits();
  // The newer model finds more digits in the second record, and no delete in the third.
  dataset.model = model(wide);
  const [grain = ''] = PARTITIONS;
  const made = [streamed[0] ?? {}, record(1, '9007199254740993', '2.5000000001', '2024-01-01'), record(2, '3', '3.5', '2024-01-02'), streamed[3] ?? {}];
  const snapshot = await dataset.publish(new Map([[grain, made]]), new Map([[grain, ['clicks:00000:00000000000000000000-00000000000000000004']]]));
  expect((await load.to(snapshot, { context: { ...newRun(), interval: { start: grain, end: PARTITIONS[1] ?? '' } }, restate: true })).tables).toMatchObject([{ insertedOrUpdated: 2, deleted: 0 }]);
  expect((await warehouse.rows(dataset.model)).map(([k, v, seq]) => [k, v, seq])).toEqual([
    ['1.0000', '1.5000000000', '2024-01-01 00:00:00'],
    ['3.0000', '3.5000000000', '2024-01-02 00:00:00'],
    ['9007199254740993.0000', '2.5000000001', '2024-01-01 00:00:00'],
  ]);
  expect((await commits())[0]).toEqual(kept);
  const graves = await warehouse.pool.query<{ name: string }>("select relname as name from pg_class where relname like 'tombstone_%' and relkind = 'r'");
  expect((await warehouse.pool.query(`select k::text, _weir_sequence::text as seq from weir.${graves.rows[0]?.name}`)).rows).toEqual([{ k: '4.0000', seq: '2024-01-02 00:00:00' }]);
  await load.destination.close();
});
