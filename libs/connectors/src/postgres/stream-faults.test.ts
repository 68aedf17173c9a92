import { randomUUID } from 'node:crypto';
import { FaultProxy, testDatabase, until, type TestDatabase } from '@weir/testkit';
import pg from 'pg';
import { PostgresDestination } from './destination';
import type { PositionRange } from './positions';
import { openDestination } from './testing/orders';
import { byArrival, bySequence, click, contents, csv, KEYED, NEVER, SOURCE, batchOf } from './testing/stream';
import { expectedRows, olderByNumber, randomFrom, rowOf, type Event } from './testing/stream-oracle';

let database: TestDatabase;
let proxy: FaultProxy;
beforeAll(async () => {
  database = await testDatabase();
  proxy = await FaultProxy.start(database.config);
});
afterEach(() => proxy.pass());
afterAll(async () => {
  await proxy?.close();
  await database?.drop();
});

const CONSUMERS = 4;

/** A connection whose positions have lost their condition: what the suite must notice. */
class UnconditionalClient extends pg.Client {
  override query = ((...args: [unknown, ...unknown[]]) => {
    const [sql, ...rest] = args;
    const query = super.query.bind(this) as (...all: unknown[]) => unknown;
    if (typeof sql !== 'string' || !sql.includes('prepare weir_claim')) return query(sql, ...rest);
    const without = sql.replace(' and p.next = v.beginning', '');
    expect(without).not.toBe(sql);
    return query(without, ...rest);
  }) as never;
}

function unconditionalDestination(port: number): PostgresDestination {
  const streams = new pg.Pool({ ...database.config, port, Client: UnconditionalClient });
  streams.on('error', () => undefined);
  return new PostgresDestination({ loads: new pg.Pool(database.config), questions: new pg.Pool(database.config), streams });
}

/** Consumers of a partition each, whose every commit loses its answer; then the table, positions and ledger are held against what was sent. */
async function expectExactDespiteLostReplies(destination: PostgresDestination, pipeline: string, rounds: number): Promise<void> {
  const random = randomFrom(5);
  const source = { ...SOURCE, pipeline };
  const table = bySequence({ ...KEYED, name: pipeline });
  const logs = Array.from({ length: CONSUMERS }, (_, partition) =>
    Array.from({ length: rounds * 3 }, (__, offset): Event => ({ id: `k${random(200)}`, note: `${partition}:${offset}`, seq: String(random(500)), partition, offset, rowId: randomUUID(), deleted: random(5) === 0 })),
  );
  await destination.openPositions(source, logs.map((_, partition) => ({ partition, next: 0, greatestTimestamp: 0 })), NEVER);
  const send = (ranges: readonly PositionRange[], events: readonly Event[]) => {
    const rows = events.map(rowOf);
    const columns = Object.keys(rows[0] ?? {});
    return destination.commitBatch({ ...batchOf([], 0, 0, { ranges }), ...source, tables: [{ table, columns, rows: rows.length, data: csv(rows, columns) }] }, NEVER);
  };
  // The table is made before anything is lost.
  await send(logs.map((_, partition) => ({ partition, from: 0, to: 3, greatestTimestamp: 0 })), logs.flatMap((log) => log.slice(0, 3)));
  const before = proxy.lostReplies;
  proxy.loseCommitReply({ times: CONSUMERS * (rounds - 1) });
  await Promise.all(
    logs.map(async (log, partition) => {
      for (let from = 3; from < log.length; from += 3) {
        const changed = await send([{ partition, from, to: from + 3, greatestTimestamp: 0 }], log.slice(from, from + 3));
        expect(changed).toMatchObject({ wasCommitted: true, tables: [{ table: `shop.${pipeline}` }] });
      }
    }),
  );
  expect(proxy.lostReplies - before).toBe(CONSUMERS * (rounds - 1));
  expect(await contents(database.pool, 'id, note, seq', `shop.${pipeline}`)).toEqual(expectedRows(logs.flat(), olderByNumber));
  const stored = await database.pool.query<{ next: string }>('select next from weir.position where pipeline = $1', [pipeline]);
  expect(stored.rows.map(({ next }) => Number(next))).toEqual(logs.map((log) => log.length));
  const ledger = await database.pool.query<{ n: number; upto: number }>(`select count(*)::int as n, sum((r ->> 'to')::int - (r ->> 'from')::int)::int as upto from weir.ledger, jsonb_array_elements(positions -> 'ranges') r where pipeline = $1`, [pipeline]);
  expect(ledger.rows).toEqual([{ n: CONSUMERS * rounds, upto: CONSUMERS * rounds * 3 }]);
}

test('1,000 answers to COMMIT that get lost leave no duplicate, no loss and one ledger row a micro-batch', async () => {
  const destination = openDestination(database.config, proxy.port);
  await expectExactDespiteLostReplies(destination, 'lost', 251);
  await destination.close();
}, 120_000);

test('without the condition on positions the suite above goes red', async () => {
  const destination = unconditionalDestination(proxy.port);
  await expect(expectExactDespiteLostReplies(destination, 'mutant', 4)).rejects.toThrow();
  proxy.loseCommitReply({ times: 0 });
  await destination.close();
});

test('without the condition on positions a zombie takes the stream back, and its records come again', async () => {
  const destination = unconditionalDestination(database.config.port);
  const source = { ...SOURCE, pipeline: 'zombie' };
  const table = bySequence({ ...KEYED, name: 'zombie' });
  await destination.openPositions(source, [{ partition: 0, next: 0, greatestTimestamp: 0 }], NEVER);
  const send = (from: number, to: number) => destination.commitBatch({ ...batchOf([click(`k${from}`, from)], from, to, { table }), ...source }, NEVER);
  await send(0, 5);
  await send(5, 9);
  await expect(send(0, 5)).resolves.toMatchObject({ wasCommitted: false });
  expect((await database.pool.query<{ next: string }>("select next from weir.position where pipeline = 'zombie'")).rows).toEqual([{ next: '5' }]);
  await destination.close();
});

test('a service that dies after a commit whose answer was lost finds it committed when the micro-batch is repeated', async () => {
  const source = { ...SOURCE, pipeline: 'reborn' };
  const table = byArrival({ ...KEYED, name: 'reborn' });
  const dying = openDestination(database.config, proxy.port);
  await dying.openPositions(source, [{ partition: 0, next: 0, greatestTimestamp: 0 }], NEVER);
  await dying.commitBatch({ ...batchOf([click('a', 0)], 0, 1, { table }), ...source }, NEVER);
  const lost = proxy.lostReplies;
  proxy.loseCommitReply({ times: 1 });
  const watch = setInterval(() => {
    if (proxy.lostReplies > lost) proxy.reset();
  }, 1);
  const batch = { ...batchOf([click('a', 1), click('b', 2)], 1, 3, { table }), ...source };
  await expect(dying.commitBatch(batch, NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  clearInterval(watch);
  proxy.pass();
  await dying.close();
  const reborn = openDestination(database.config);
  expect(await reborn.commitBatch(batch, NEVER)).toEqual({ wasCommitted: true, tables: [{ table: 'shop.reborn', inserted: 1, updated: 1, deleted: 0, refused: 0 }], noted: true });
  expect(await contents(database.pool, 'id, note', 'shop.reborn')).toEqual([['a', 'at 1'], ['b', 'at 2']]);
  await reborn.close();
});

test('a server that ends the connection in mid-copy, or while a commit waits, costs one try: the next connection is clean', async () => {
  const source = { ...SOURCE, pipeline: 'killed' };
  const table = bySequence({ ...KEYED, name: 'killed' });
  const destination = openDestination(database.config);
  await destination.openPositions(source, [{ partition: 0, next: 0, greatestTimestamp: 0 }], NEVER);
  // So many that the copy lasts until it is seen.
  const rows = Array.from({ length: 60_000 }, (_, at) => click(`k${at}`, at, { note: 'x'.repeat(200) }));
  const send = (from: number, to: number) => destination.commitBatch({ ...batchOf(rows.slice(from, to), from, to, { table }), ...source }, NEVER);
  await send(0, 10);
  const killed = async (working: string) => {
    const found = await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and ${working}`);
    return (found.rowCount ?? 0) > 0;
  };
  const copying = send(10, 60_000);
  await until(() => killed("state = 'active' and query like 'begin; copy%'"), { timeoutMs: 10_000, what: 'a copy to kill' });
  expect(await copying).toMatchObject({ tables: [{ inserted: 59_990 }], wasCommitted: false });

  const holder = await database.pool.connect();
  await holder.query("begin; select from weir.position where pipeline = 'killed' for update");
  const waiting = destination.commitBatch({ ...batchOf([click('z', 60_000)], 60_000, 60_001, { table }), ...source }, NEVER);
  await until(() => killed("wait_event_type = 'Lock'"), { timeoutMs: 10_000, what: 'a commit to kill' });
  await holder.query('rollback');
  holder.release();
  expect(await waiting).toMatchObject({ tables: [{ inserted: 1 }], wasCommitted: false });
  expect((await database.pool.query("select count(*)::int as n from shop.killed")).rows).toEqual([{ n: 60_001 }]);
  expect((await database.pool.query("select count(*)::int as n from weir.ledger where pipeline = 'killed'")).rows).toEqual([{ n: 3 }]);
  await destination.close();
});

test('UNAVAILABLE: a server that is not there', async () => {
  const nowhere = openDestination({ ...database.config }, 1);
  await expect(nowhere.commitBatch(batchOf([], 0, 1), NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await expect(nowhere.openPositions(SOURCE, [], NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await nowhere.close();
});
