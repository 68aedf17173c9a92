import { PostgresDestination } from '@weir/connectors';
import { FaultProxy } from '@weir/testkit';
import pg from 'pg';
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

const LOSSES = 24;

/** A connection whose ledger has lost its condition: what the suite must notice. */
class UnconditionalClient extends pg.Client {
  override query = ((...args: [unknown, ...unknown[]]) => {
    const [sql, ...rest] = args;
    const query = super.query.bind(this) as (...all: unknown[]) => unknown;
    if (typeof sql !== 'string' || !sql.startsWith('update weir.head')) return query(sql, ...rest);
    const without = sql.replace('and snapshot = $5 and commit_id = $6', 'and ($5::bigint is not null and $6::uuid is not null)');
    expect(without).not.toBe(sql);
    return query(without, ...rest);
  }) as never;
}

function unconditionalDestination(port: number): PostgresDestination {
  const pool = new pg.Pool({ ...warehouse.config, port, Client: UnconditionalClient });
  pool.on('error', () => undefined);
  return new PostgresDestination({ loads: pool, questions: new pg.Pool(warehouse.config), streams: new pg.Pool(warehouse.config) });
}

function model(name: string, writeMode: 'append' | 'upsert') {
  return testModel({
    name,
    writeMode,
    key: writeMode === 'upsert' ? ['id'] : [],
    columns: [
      { name: 'id', type: 'BIGINT' },
      { name: 'note', type: 'VARCHAR' },
    ],
  });
}

function rowsOf(round: number): TestRow[] {
  return Array.from({ length: 20 }, (_, at) => ({ id: String(at), note: `round ${at % 2 === 0 ? round : 0}` }));
}

/** Loads round after round, each with a lost answer, and holds the table and the ledger against what was published. */
async function expectExactDespiteLostReplies(destination: PostgresDestination, writeMode: 'append' | 'upsert', name: string, rounds: number): Promise<void> {
  const dataset = new TestDataset(warehouse.lake, model(name, writeMode));
  const load = new TestLoad(warehouse, destination, [dataset]);
  const before = proxy.lostReplies;
  for (let round = 1; round <= rounds; round += 1) {
    proxy.loseCommitReply({ times: 1 });
    const { tables } = await load.to(await dataset.publish(new Map([['p1', rowsOf(round)]])));
    expect(tables[0]).toMatchObject({ fromSnapshot: round - 1, toSnapshot: round, rowsInTable: 20, insertedOrUpdated: round === 1 ? 20 : 10 });
  }
  expect(proxy.lostReplies - before).toBe(rounds);
  const rows = (await warehouse.pool.query<{ id: string; note: string }>(`select id::text, note from test.${name} order by ${name}.id`)).rows;
  expect(rows).toEqual(rowsOf(rounds));
  const ledger = await warehouse.pool.query<{ n: number }>('select count(*)::int as n from weir.ledger where table_name = $1', [`test.${name}`]);
  expect(ledger.rows[0]?.n).toBe(rounds);
}

test.each(['append', 'upsert'] as const)('%s: 12 answers to COMMIT that get lost leave no duplicate, no loss and one ledger row a load', async (writeMode) => {
  const destination = destinationAt(warehouse.config, proxy.port);
  await expectExactDespiteLostReplies(destination, writeMode, `lost_${writeMode}`, LOSSES / 2);
  await destination.close();
});

test.each(['append', 'upsert'] as const)('%s: without the condition on the head the suite above goes red', async (writeMode) => {
  const destination = unconditionalDestination(proxy.port);
  await expect(expectExactDespiteLostReplies(destination, writeMode, `mutant_${writeMode}`, 2)).rejects.toThrow();
  await destination.close();
});

test('a service that dies after a commit whose answer was lost finds the work done, with its counts, when the stage is tried again', async () => {
  const dataset = new TestDataset(warehouse.lake, model('restarted', 'append'));
  const snapshot = await dataset.publish(new Map([['p1', rowsOf(1)]]));
  const context = newRun();
  const dying = destinationAt(warehouse.config, proxy.port);
  proxy.loseCommitReply({ times: 1 });
  const lost = proxy.lostReplies;
  const watch = setInterval(() => {
    if (proxy.lostReplies > lost) proxy.reset();
  }, 1);
  await expect(new TestLoad(warehouse, dying, [dataset]).to(snapshot, { context })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  clearInterval(watch);
  proxy.pass();
  await dying.close();

  const reborn = destinationAt(warehouse.config);
  const { tables } = await new TestLoad(warehouse, reborn, [dataset]).to(snapshot, { context: { ...context, attempt: 'second' } });
  expect(tables[0]).toMatchObject({ fromSnapshot: 0, toSnapshot: snapshot, insertedOrUpdated: 20, rowsInTable: 20 });
  expect(await warehouse.rows(dataset.model)).toHaveLength(20);
  await reborn.close();
});

/** Two loads planned from the same head, as two processes: the late one goes on only when the other has committed. */
async function zombie(name: string, destinations: [PostgresDestination, PostgresDestination], targets: { late: number; other: number }) {
  const dataset = new TestDataset(warehouse.lake, model(name, 'upsert'));
  const [late, other] = destinations;
  await new TestLoad(warehouse, other, [dataset]).to(await dataset.publish(new Map([['p1', rowsOf(1)]])));
  await dataset.publish(new Map([['p1', rowsOf(2)]]));
  await dataset.publish(new Map([['p1', rowsOf(3).slice(0, 15)]]));
  const catalog = TestDataset.catalog([dataset]);
  let planned = 0;
  const slow = new TestLoad(warehouse, late, [dataset], {
    catalog: {
      difference: async (request, signal) => {
        planned += 1;
        if (planned === 1) await new TestLoad(warehouse, other, [dataset]).to(targets.other);
        return catalog.difference(request, signal);
      },
      sources: catalog.sources,
      // No further than it was asked to, so that the old plan and the new one differ.
      target: ({ after }) => Promise.resolve(after),
    },
  });
  const result = await slow.to(targets.late);
  return { result, rows: await warehouse.rows(dataset.model) };
}

function expected(rows: readonly TestRow[]): (string | null)[][] {
  return rows.map(({ id, note }) => [id ?? null, note ?? null]);
}

test.each([
  ['the other went further: it is left alone', { late: 2, other: 3 }, 3, 15],
  ['the other stopped short: the rest is planned anew', { late: 3, other: 2 }, 3, 15],
  ['both wanted the same', { late: 3, other: 3 }, 3, 15],
])('a late load planned from a head that moved changes nothing by its old plan; %s', async (_, targets, round, count) => {
  const destinations: [PostgresDestination, PostgresDestination] = [destinationAt(warehouse.config), destinationAt(warehouse.config)];
  const { rows, result } = await zombie(`zombie_${targets.late}_${targets.other}`, destinations, targets);
  expect(rows).toEqual(expected(rowsOf(round).slice(0, count)));
  expect(result.tables[0]).toMatchObject({ toSnapshot: 3 });
  await Promise.all(destinations.map((destination) => destination.close()));
});

test('without the condition on the head a late load brings old rows back: what the test above would notice', async () => {
  const destinations: [PostgresDestination, PostgresDestination] = [unconditionalDestination(warehouse.config.port), destinationAt(warehouse.config)];
  const { rows } = await zombie('zombie_mutant', destinations, { late: 2, other: 3 });
  expect(rows).not.toEqual(expected(rowsOf(3).slice(0, 15)));
  await Promise.all(destinations.map((destination) => destination.close()));
});

test('two first loads at once, from two processes: one builds the table, the other finds it built', async () => {
  const dataset = new TestDataset(warehouse.lake, model('twice', 'append'));
  const snapshot = await dataset.publish(new Map([['p1', rowsOf(1)]]));
  const destinations = [destinationAt(warehouse.config), destinationAt(warehouse.config)];
  const results = await Promise.all(destinations.map((destination) => new TestLoad(warehouse, destination, [dataset]).to(snapshot)));
  expect(new Set(results.map(({ tables }) => tables[0]?.insertedOrUpdated))).toEqual(new Set([0, 20]));
  expect(await warehouse.rows(dataset.model)).toHaveLength(20);
  await Promise.all(destinations.map((destination) => destination.close()));
});
