import type { PostgresDestination } from '@weir/connectors';
import type { Column, Model } from '@weir/core';
import { FaultProxy, until } from '@weir/testkit';
import { TestDataset, testModel, type TestRow } from './testing/test-dataset';
import { destinationAt, openWarehouse, TestLoad, type Warehouse } from './testing/warehouse';

let warehouse: Warehouse;
beforeAll(async () => {
  warehouse = await openWarehouse();
});
beforeEach(async () => {
  await warehouse.pool.query('drop schema if exists test, weir cascade');
});
afterAll(() => warehouse?.dispose());

const ROWS = 60;

/** Columns by round: a column widens, another one comes. What tells rows apart by content is built anew with them. */
function columnsAt(round: number): Column[] {
  const note: Column[] = round < 6 ? [] : [{ name: 'note', type: 'VARCHAR' }];
  return [{ name: 'id', type: 'BIGINT' }, { name: 'round', type: round < 4 ? 'BIGINT' : 'DECIMAL(21,2)' }, ...note];
}

const FACTS = testModel({ name: 'facts', writeMode: 'upsert', key: ['id'], columns: columnsAt(1) });
const SUMS = testModel({ name: 'sums', writeMode: 'append', columns: columnsAt(1) });
const DAYS = testModel({ name: 'days', writeMode: 'upsert', key: ['id'], columns: [{ name: 'id', type: 'BIGINT' }, { name: 'round', type: 'BIGINT' }] });

const rowsAt = (round: number, rows = ROWS): TestRow[] => Array.from({ length: rows }, (_, id) => ({ id: String(id), round: String(round), note: 'x' }));

/** Publishes the next round of all datasets; gives its snapshot. */
async function publish(datasets: readonly TestDataset[], round: number): Promise<number> {
  for (const dataset of datasets) {
    if (dataset.model.name !== DAYS.name) dataset.model = { ...dataset.model, columns: columnsAt(round) };
    await dataset.publish(new Map([['all', rowsAt(round)]]));
  }
  return round;
}

function open(models: readonly Model[]): TestDataset[] {
  return models.map((model) => new TestDataset(warehouse.lake, model));
}

const LOOK = ['facts', 'sums', 'days'].map((name) => `(select count(*) || ' rows of ' || min(round)::int || ' to ' || max(round)::int from test.${name})`).join(', ');

/** What readers saw of the three tables in one statement, without those that saw what the one before saw. */
async function seenDuring(body: () => Promise<void>): Promise<string[][]> {
  const done = new AbortController();
  const looks: string[][] = [];
  const read = async (): Promise<void> => {
    while (!done.signal.aborted) looks.push(...(await warehouse.pool.query<string[]>({ text: `select ${LOOK}`, rowMode: 'array' })).rows);
  };
  const readers = [read(), read()];
  await body().finally(() => done.abort());
  await Promise.all(readers);
  return looks.filter((look, at) => look.join() !== looks[at - 1]?.join());
}

test('whoever reads several tables in one statement sees them at one snapshot, while rows, types and columns change and tables are built anew', async () => {
  const datasets = open([FACTS, SUMS, DAYS]);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, datasets);
  await load.to(await publish(datasets, 1));
  const seen = await seenDuring(async () => {
    for (let round = 2; round <= 18; round += 1) await load.to(await publish(datasets, round));
  });
  expect(seen.filter((look) => new Set(look).size > 1)).toEqual([]);
  expect(seen.length).toBeGreaterThan(10);
  const rounds = seen.map(([look]) => Number(/to (\d+)$/.exec(look ?? '')?.[1]));
  // Two readers: one may tell a little later what it saw.
  expect(rounds.filter((round, at) => round < (rounds[at - 1] ?? 0) - 1)).toEqual([]);
  expect(seen.every(([look]) => look?.startsWith(`${ROWS} rows`))).toBe(true);
  await destination.close();
});

test('with a transaction for each table the reader above sees them apart', async () => {
  const datasets = open([FACTS, SUMS, DAYS]);
  const destination = destinationAt(warehouse.config);
  const loads = datasets.map((dataset) => new TestLoad(warehouse, destination, [dataset]));
  const round = async (n: number): Promise<void> => {
    await publish(datasets, n);
    for (const load of loads) await load.to(n);
  };
  await round(1);
  const seen = await seenDuring(async () => {
    for (let n = 2; n <= 6; n += 1) await round(n);
  });
  expect(seen.some((look) => new Set(look).size > 1)).toBe(true);
  await destination.close();
});

test('first loads: either no table is there or all of them are, with their keys', async () => {
  const datasets = open([FACTS, SUMS, DAYS]);
  const destination = destinationAt(warehouse.config);
  const done = new AbortController();
  const looks = new Set<string>();
  const reading = (async () => {
    while (!done.signal.aborted) {
      const found = await warehouse.pool.query<{ seen: string }>("select string_agg(relname, ' ' order by relname) as seen from pg_class c join pg_namespace n on n.oid = c.relnamespace where nspname = 'test' and relkind in ('r', 'i')");
      looks.add(found.rows[0]?.seen ?? 'nothing');
    }
  })();
  await new TestLoad(warehouse, destination, datasets).to(await publish(datasets, 1));
  await until(() => looks.size > 1, { timeoutMs: 5_000, what: 'the tables' });
  done.abort();
  await reading;
  expect(looks).toEqual(new Set(['nothing', 'days days_pkey facts facts_pkey sums sums_pkey']));
  await destination.close();
});

test('a table that fails at the very end keeps the others from being loaded', async () => {
  const datasets = open([DAYS, FACTS, SUMS]);
  const destination = destinationAt(warehouse.config);
  const load = new TestLoad(warehouse, destination, datasets);
  await load.to(await publish(datasets, 1));
  await warehouse.pool.query('alter table test.sums add constraint early check (round < 2)');
  await expect(load.to(await publish(datasets, 2))).rejects.toMatchObject({ code: 'MODEL_FAILED', place: 'test.sums', message: expect.stringContaining('early') });
  expect((await warehouse.pool.query<string[]>({ text: `select ${LOOK}`, rowMode: 'array' })).rows).toEqual([Array.from({ length: 3 }, () => `${ROWS} rows of 1 to 1`)]);
  expect((await warehouse.pool.query('select distinct snapshot::int from weir.head')).rows).toEqual([{ snapshot: 1 }]);
  await warehouse.pool.query('alter table test.sums drop constraint early');
  expect((await load.to(2)).tables.map(({ toSnapshot, rowsInTable }) => [toSnapshot, rowsInTable])).toEqual([[2, ROWS], [2, ROWS], [2, ROWS]]);
  await destination.close();
});

test('answers to COMMIT that get lost leave one ledger row a table and load', async () => {
  const proxy = await FaultProxy.start(warehouse.config);
  const datasets = open([FACTS, SUMS, DAYS]);
  const destination = destinationAt(warehouse.config, proxy.port);
  const load = new TestLoad(warehouse, destination, datasets);
  for (let round = 1; round <= 8; round += 1) {
    proxy.loseCommitReply({ times: 1 });
    const { tables } = await load.to(await publish(datasets, round));
    expect(tables.map(({ fromSnapshot, toSnapshot, rowsInTable }) => [fromSnapshot, toSnapshot, rowsInTable])).toEqual(datasets.map(() => [round - 1, round, ROWS]));
  }
  expect(proxy.lostReplies).toBe(8);
  expect((await warehouse.pool.query('select table_name, count(*)::int as n from weir.ledger group by 1 order by 1')).rows).toEqual(['days', 'facts', 'sums'].map((name) => ({ table_name: `test.${name}`, n: 8 })));
  await destination.close();
  await proxy.close();
});

test('when another load moved one of the tables nothing is changed, and only that one is prepared anew', async () => {
  const datasets = open([FACTS, SUMS, DAYS]);
  const destination = destinationAt(warehouse.config);
  await new TestLoad(warehouse, destination, datasets).to(await publish(datasets, 1));
  await publish(datasets, 2);
  await publish(datasets, 3);
  const catalog = TestDataset.catalog(datasets);
  const asked: string[] = [];
  const late = new TestLoad(warehouse, destination, datasets, {
    catalog: {
      ...catalog,
      difference: async (request, signal) => {
        asked.push(`${request.dataset} from ${request.from}`);
        // The last one to be prepared, while the heads of the others are claimed.
        if (asked.length === 3) await new TestLoad(warehouse, destination, datasets.slice(1, 2)).to(2);
        return catalog.difference(request, signal);
      },
    },
  });
  const { tables } = await late.to(3);
  expect(asked).toEqual(['gold.days from 1', 'gold.facts from 1', 'gold.sums from 1', 'gold.sums from 2']);
  expect(tables.map(({ table, fromSnapshot, toSnapshot }) => [table, fromSnapshot, toSnapshot])).toEqual([['test.facts', 1, 3], ['test.sums', 2, 3], ['test.days', 1, 3]]);
  await destination.close();
});

test('a table that is behind the others comes to where they are going, and one that is far enough comes along', async () => {
  const datasets = open([FACTS, SUMS, DAYS]);
  const destination = destinationAt(warehouse.config);
  const newest = { ...TestDataset.catalog(datasets), target: () => Promise.resolve(datasets[0]?.snapshot ?? 0) };
  const load = new TestLoad(warehouse, destination, datasets, { catalog: newest });
  await load.to(await publish(datasets, 1));
  await new TestLoad(warehouse, destination, datasets.slice(0, 1)).to(await publish(datasets, 2));
  await publish(datasets, 3);
  expect((await load.to(2)).tables.map(({ fromSnapshot, toSnapshot }) => [fromSnapshot, toSnapshot])).toEqual([[2, 3], [1, 3], [1, 3]]);
  await destination.close();
});

test('loads of the same tables from two processes, which name them in another order, never wait for each other in a circle', async () => {
  const datasets = open([FACTS, SUMS, DAYS]);
  const destinations: [PostgresDestination, PostgresDestination] = [destinationAt(warehouse.config), destinationAt(warehouse.config)];
  const loads = [new TestLoad(warehouse, destinations[0], datasets), new TestLoad(warehouse, destinations[1], datasets.toReversed())];
  for (let round = 1; round <= 12; round += 1) {
    const snapshot = await publish(datasets, round);
    const results = await Promise.all(loads.map((load) => load.to(snapshot)));
    expect(results.flatMap(({ tables }) => tables.map(({ toSnapshot }) => toSnapshot))).toEqual(Array.from({ length: 6 }, () => round));
  }
  expect((await warehouse.pool.query('select count(*)::int as n from weir.ledger')).rows).toEqual([{ n: 36 }]);
  await Promise.all(destinations.map((one) => one.close()));
});

test('a load that hangs in a copy, with heads claimed before, is ended by the next one that waits for them; it finds its work done', async () => {
  const proxy = await FaultProxy.start(warehouse.config);
  const texts: Column[] = [{ name: 'id', type: 'BIGINT' }, { name: 'note', type: 'VARCHAR' }];
  const datasets = open([testModel({ name: 'hung_a', writeMode: 'upsert', key: ['id'], columns: texts }), testModel({ name: 'hung_b', writeMode: 'upsert', key: ['id'], columns: texts })]);
  const [far, near] = [destinationAt(warehouse.config, proxy.port), destinationAt(warehouse.config)];
  let snapshot = 0;
  for (const [round, note] of ['first', 'x'.repeat(2_000)].entries()) {
    for (const dataset of datasets) snapshot = await dataset.publish(new Map([['all', Array.from({ length: 2_000 }, (_, id) => ({ id: String(id), note }))]]));
    if (round === 0) await new TestLoad(warehouse, near, datasets).to(snapshot);
  }
  let hanging = false;
  const report = ({ step }: { step: string }): void => {
    if (step === 'test.hung_b: copy' && !hanging) proxy.blackhole();
    hanging ||= step === 'test.hung_b: copy';
  };
  const late = new TestLoad(warehouse, far, datasets).to(snapshot, { report });
  late.catch(() => undefined);
  await until(() => hanging, { timeoutMs: 10_000, what: 'a copy that hangs' });
  await expect(new TestLoad(warehouse, near, datasets).to(snapshot)).resolves.toMatchObject({ tables: [{ toSnapshot: snapshot, insertedOrUpdated: 2_000 }, { toSnapshot: snapshot, insertedOrUpdated: 2_000 }] });
  proxy.pass();
  await expect(late).resolves.toMatchObject({ tables: [{ toSnapshot: snapshot, insertedOrUpdated: 0 }, { toSnapshot: snapshot, insertedOrUpdated: 0 }] });
  await Promise.all([far.close(), near.close()]);
  await proxy.close();
});

test('the server hears of a transaction that waits for the engine, and does not end it for being idle', async () => {
  const datasets = open([FACTS, DAYS]);
  const destination = destinationAt(warehouse.config);
  const catalog = TestDataset.catalog(datasets);
  let proceed = (): void => undefined;
  const ready = new Promise<void>((resolve) => (proceed = resolve));
  const load = new TestLoad(warehouse, destination, datasets, { catalog: { ...catalog, difference: (request, signal) => (request.dataset === 'gold.facts' ? ready : Promise.resolve()).then(() => catalog.difference(request, signal)) } });
  const loading = load.to(await publish(datasets, 1));
  const heard = "select 1 from pg_stat_activity where datname = current_database() and state = 'idle in transaction' and query = 'select 1'";
  await until(async () => ((await warehouse.pool.query(heard)).rowCount ?? 0) > 0, { timeoutMs: 20_000, what: 'a sign of life' });
  proceed();
  await expect(loading).resolves.toMatchObject({ tables: [{ rowsInTable: ROWS }, { rowsInTable: ROWS }] });
  await destination.close();
});
