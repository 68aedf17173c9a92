import type { Column, Model } from '@weir/core';
import fc from 'fast-check';
import { bucketPlaces, folderPlaces, postgresPlaces, type PlaceKind, type TestPlace } from './testing/place';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { newRun, openWarehouse, type Warehouse } from './testing/warehouse';

/** What every destination promises, over each kind of it: one suite, real servers. */
let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
afterAll(() => warehouse?.dispose());

const KINDS: readonly [string, () => Promise<PlaceKind>][] = [
  ['postgres', () => postgresPlaces(warehouse)],
  ['a folder, parquet', () => folderPlaces(warehouse, { format: 'parquet', compression: 'zstd' })],
  ['a folder, csv', () => folderPlaces(warehouse, { format: 'csv', compression: 'gzip' })],
  ['a bucket, parquet', () => bucketPlaces(warehouse, { format: 'parquet', compression: 'none' })],
  ['a bucket, ndjson', () => bucketPlaces(warehouse, { format: 'ndjson', compression: 'zstd' })],
];

/** Two grains of one day, and one of the next. */
const PARTITIONS = ['2010-12-01T00:00:00Z', '2010-12-01T23:00:00Z', '2010-12-02T00:00:00Z'];
const [P1 = '', P2 = '', P3 = ''] = PARTITIONS;

const COLUMNS: Model['columns'] = [{ name: 'id', type: 'BIGINT' }, { name: 'note', type: 'VARCHAR' }];
let nth = 0;

function freshModel(fields: Partial<Model> = {}): Model {
  nth += 1;
  return testModel({ name: `t${nth}`, columns: COLUMNS, writeMode: 'append', ...fields });
}

const keyed = (fields: Partial<Model> = {}): Model => freshModel({ writeMode: 'upsert', key: ['id'], ...fields });

function rowsOf(round: number, count = 20): TestRow[] {
  return Array.from({ length: count }, (_, at) => ({ id: String(at), note: `round ${at % 2 === 0 ? round : 0}` }));
}

function texts(rows: readonly TestRow[], columns: readonly Column[] = COLUMNS): string[] {
  return rows.map((row) => JSON.stringify(columns.map(({ name }) => row[name] ?? null))).sort();
}

async function rowsIn(place: TestPlace, model: Model): Promise<readonly string[] | undefined> {
  return (await place.look([model]))?.get(model.name)?.rows;
}

describe.each(KINDS)('%s', (name, open) => {
  let kind: PlaceKind;
  beforeAll(async () => {
    kind = await open();
  });
  afterAll(() => kind?.dispose());

  test('tables follow their datasets through any history, whatever snapshots were skipped: rows of partitions, or the winners of keys', async () => {
    const row = fc.record({ id: fc.constantFrom('1', '2', '3', '4'), note: fc.option(fc.constantFrom('', 'a', 'b,"c\n'), { nil: null }) });
    const story = fc.array(fc.record({ load: fc.boolean(), partitions: fc.dictionary(fc.constantFrom(...PARTITIONS), fc.uniqueArray(row, { maxLength: 4, selector: ({ id }) => id }), { minKeys: 1, noNullPrototype: true }) }), { minLength: 2, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(story, async (steps) => {
        const datasets = [freshModel(), keyed()].map((model) => new TestDataset(warehouse.lake, model));
        const place = kind.place();
        const state = new Map<string, readonly TestRow[]>();
        for (const [at, { load, partitions }] of steps.entries()) {
          for (const [partition, rows] of Object.entries(partitions)) state.set(partition, rows);
          for (const dataset of datasets) await dataset.publish(new Map(Object.entries(partitions)));
          if (!load && at < steps.length - 1) continue;
          const { tables } = await place.load(datasets).to(at + 1);
          const found = await place.look(datasets.map(({ model }) => model));
          const winners = new Map([...state.keys()].sort().flatMap((partition) => (state.get(partition) ?? []).map((one) => [one['id'], one] as const)));
          const expected = [texts([...state.values()].flat()), texts([...winners.values()])];
          expect(datasets.map(({ model }) => found?.get(model.name)?.rows)).toEqual(expected);
          expect(tables.map(({ rowsInTable, toSnapshot }) => [rowsInTable, toSnapshot])).toEqual(expected.map((rows) => [rows.length, at + 1]));
        }
      }),
      { numRuns: 6 },
    );
  });

  test('the same snapshot twice is loaded once, also by another process; one that changes nothing touches no row', async () => {
    const dataset = new TestDataset(warehouse.lake, keyed());
    const place = kind.place();
    const snapshot = await dataset.publish(new Map([[P1, rowsOf(1)]]));
    expect((await place.load([dataset]).to(snapshot)).tables).toMatchObject([{ fromSnapshot: 0, toSnapshot: 1, insertedOrUpdated: 20, deleted: 0, rowsInTable: 20 }]);
    const before = await place.trace([dataset.model]);
    expect((await place.load([dataset]).to(snapshot)).tables).toMatchObject([{ fromSnapshot: 1, toSnapshot: 1, insertedOrUpdated: 0, deleted: 0, rowsInTable: 20 }]);
    expect(await place.trace([dataset.model])).toBe(before);
    await dataset.publish(new Map([[P1, rowsOf(1)]]));
    expect((await place.load([dataset]).to(2)).tables).toMatchObject([{ toSnapshot: 2, insertedOrUpdated: 0, deleted: 0, rowsInTable: 20 }]);
    expect(await rowsIn(place, dataset.model)).toEqual(texts(rowsOf(1)));
    await dataset.publish(new Map([[P1, rowsOf(3).slice(2)]]));
    expect((await place.load([dataset]).to(3)).tables).toMatchObject([{ toSnapshot: 3, insertedOrUpdated: 9, deleted: 2, rowsInTable: 18 }]);
  });

  test.each([
    ['the other went further', { late: 2, other: 3 }],
    ['the other stopped short', { late: 3, other: 2 }],
    ['both wanted the same', { late: 3, other: 3 }],
  ])('a zombie changes nothing by what it prepared from where the tables do not stand any more: %s', async (_, { late, other }) => {
    const dataset = new TestDataset(warehouse.lake, keyed());
    const place = kind.place();
    await place.load([dataset]).to(await dataset.publish(new Map([[P1, rowsOf(1)]])));
    await dataset.publish(new Map([[P1, rowsOf(2)]]));
    await dataset.publish(new Map([[P1, rowsOf(3).slice(0, 15)]]));
    const catalog = TestDataset.catalog([dataset]);
    let asked = 0;
    const slow: typeof catalog = {
      ...catalog,
      difference: async (request, signal) => {
        asked += 1;
        if (asked === 1) await place.load([dataset]).to(other);
        return catalog.difference(request, signal);
      },
    };
    const { tables } = await place.load([dataset], { overrides: { catalog: slow } }).to(late);
    expect(tables).toMatchObject([{ toSnapshot: 3, rowsInTable: 15 }]);
    expect(await rowsIn(place, dataset.model)).toEqual(texts(rowsOf(3).slice(0, 15)));
  });

  test('answers to commits that are lost leave nothing out and nothing twice; the run that is tried again finds its counts', async () => {
    const datasets = [freshModel(), keyed()].map((model) => new TestDataset(warehouse.lake, model));
    const place = kind.place();
    const before = kind.lostReplies();
    for (let round = 1; round <= 6; round += 1) {
      for (const dataset of datasets) await dataset.publish(new Map([[P1, rowsOf(round)]]));
      kind.loseReply();
      const context = newRun();
      const counts = { fromSnapshot: round - 1, toSnapshot: round, insertedOrUpdated: round === 1 ? 20 : 10, rowsInTable: 20 };
      const { tables } = await place.load(datasets, { lossy: true }).to(round, { context });
      expect(tables).toMatchObject([counts, counts]);
      const again = await place.load(datasets).to(round, { context: { ...context, attempt: `${context.attempt}-again` } });
      expect(again.tables.map(({ commitId, insertedOrUpdated }) => [commitId, insertedOrUpdated])).toEqual(tables.map(({ commitId, insertedOrUpdated }) => [commitId, insertedOrUpdated]));
    }
    // A folder of this machine has no answers that could be lost.
    expect(kind.lostReplies() - before).toBe(name.startsWith('a folder') ? 0 : 6);
    const found = await place.look(datasets.map(({ model }) => model));
    for (const { model } of datasets) expect(found?.get(model.name)?.rows).toEqual(texts(rowsOf(6)));
  });

  test('tables are created by their model, and altered with it: a column that is added, types that became wider', async () => {
    const typesAt = (version: number): Column[] => [
      { name: 'id', type: 'BIGINT' },
      { name: 'amount', type: version < 2 ? 'BIGINT' : 'DECIMAL(21,2)' },
      { name: 'day', type: version < 2 ? 'DATE' : 'TIMESTAMP' },
      ...(version < 3 ? [] : [{ name: 'note', type: 'VARCHAR' as const }]),
    ];
    const dataset = new TestDataset(warehouse.lake, keyed({ columns: typesAt(1) }));
    const place = kind.place();
    const row = (id: string, amount: string, day: string, note: string | null = null): TestRow => ({ id, amount, day, note });
    const told = async (): Promise<readonly string[] | undefined> => (await place.look([dataset.model]))?.get(dataset.model.name)?.columns;
    const named = (version: number): string[] => typesAt(version).map(({ name: column, type }) => `${column} ${type}`);
    await place.load([dataset]).to(await dataset.publish(new Map([[P1, [row('1', '7', '2020-02-29')]]])));
    expect(await told()).toEqual(named(1));
    dataset.model = { ...dataset.model, columns: typesAt(2) };
    await place.load([dataset]).to(await dataset.publish(new Map([[P2, [row('2', '7.25', '2020-02-29 12:00:00')]]])));
    expect(await told()).toEqual(named(2));
    dataset.model = { ...dataset.model, columns: typesAt(3) };
    await place.load([dataset]).to(await dataset.publish(new Map([[P3, [row('3', '0.50', '2020-03-01 00:00:00', '')]]])));
    expect(await told()).toEqual(named(3));
    expect(await rowsIn(place, dataset.model)).toEqual(texts([row('1', '7.00', '2020-02-29 00:00:00'), row('2', '7.25', '2020-02-29 12:00:00'), row('3', '0.50', '2020-03-01 00:00:00', '')], typesAt(3)));
  });

  test('whoever looks while tables are loaded sees all of them at one snapshot', async () => {
    const models = [freshModel(), keyed(), freshModel({ scope: 'history', writeMode: 'overwrite' })];
    const datasets = models.map((model) => new TestDataset(warehouse.lake, model));
    const place = kind.place();
    const publish = async (round: number): Promise<void> => {
      for (const dataset of datasets) await dataset.publish(new Map([[dataset.model.scope === 'history' ? 'all' : round % 2 === 0 ? P1 : P3, [{ id: String(round), note: String(round) }]]]));
    };
    await publish(1);
    await place.load(datasets).to(1);
    const done = new AbortController();
    const looks: string[] = [];
    const reading = (async () => {
      while (!done.signal.aborted) {
        const found = await place.look(models);
        // The newest row of a table is of its snapshot.
        const newest = models.map((model) => Math.max(...(found?.get(model.name)?.rows ?? []).map((row) => Number((JSON.parse(row) as string[])[0]))));
        looks.push(newest.join());
      }
    })();
    for (let round = 2; round <= 9; round += 1) {
      await publish(round);
      await place.load(datasets).to(round);
    }
    done.abort();
    await reading;
    expect(looks.filter((look) => new Set(look.split(',')).size > 1)).toEqual([]);
    expect(new Set(looks).size).toBeGreaterThan(3);
  });

  test('a load that is cancelled while it delivers changes nothing that anybody reads, and the next one does all', async () => {
    const datasets = [freshModel(), keyed()].map((model) => new TestDataset(warehouse.lake, model));
    const place = kind.place();
    for (const dataset of datasets) await dataset.publish(new Map([[P1, rowsOf(1)]]));
    await place.load(datasets).to(1);
    for (const dataset of datasets) await dataset.publish(new Map([[P1, rowsOf(2)], [P3, rowsOf(2)]]));
    const stop = new AbortController();
    const report = ({ step }: { readonly step: string }): void => {
      if (step.endsWith('copy')) stop.abort();
    };
    await expect(place.load(datasets).to(2, { signal: stop.signal, report })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect((await place.look(datasets.map(({ model }) => model)))?.get(datasets[0]?.model.name ?? '')?.rows).toEqual(texts(rowsOf(1)));
    expect((await place.load(datasets).to(2)).tables.map(({ rowsInTable }) => rowsInTable)).toEqual([40, 20]);
  });
});
