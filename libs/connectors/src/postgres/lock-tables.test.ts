import type { Column } from '@weir/core';
import { until } from '@weir/testkit';
import type { PoolClient } from 'pg';
import { deliverAll, ORDERS } from './testing/orders';
import { useShop } from './testing/shop';

const shop = useShop();

const TABLES = ['apples', 'pears', 'plums'];

/** Loads all tables to a snapshot; from the second on each gains a column, so that nobody may read them meanwhile. */
async function load(to: number): Promise<number | undefined> {
  const gained = Array.from({ length: to - 1 }, (_, at): Column => ({ name: `c${at}`, type: 'BIGINT' }));
  const spec = { ...ORDERS, columns: [...ORDERS.columns, ...gained] };
  const loaded = await deliverAll(shop.destination, shop.folder.path, TABLES.map((name) => ({ spec: { ...spec, name }, to, upserts: [`"1",${to}${',0'.repeat(to - 1)}`] })));
  return loaded?.length;
}

async function inReader<T>(body: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await shop.database.pool.connect();
  try {
    await client.query('begin');
    return await body(client);
  } finally {
    await client.query('commit');
    client.release();
  }
}

test('readers who hold tables in another order than the load takes them are never ended for it, and the load comes through', async () => {
  await load(1);
  const done = new AbortController();
  const read = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await inReader(async (client) => {
        // Each statement keeps its table until the transaction ends.
        for (const name of TABLES.toReversed()) await client.query(`select count(*) from shop.${name}`);
      });
    }
  };
  const readers = [read(), read(), read()];
  try {
    for (let to = 2; to <= 10; to += 1) expect(await load(to)).toBe(TABLES.length);
  } finally {
    done.abort();
  }
  await Promise.all(readers);
});

test('while a reader keeps one table for long, others read the rest with little delay; the load goes on when it is free', async () => {
  await load(1);
  let longest = 0;
  const loading = await inReader(async (holder) => {
    await holder.query('select from shop.plums');
    const waiting = load(2);
    waiting.catch(() => undefined);
    const waits = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%shop\".\"plums%'";
    await until(async () => ((await shop.database.pool.query(waits)).rowCount ?? 0) > 0, { timeoutMs: 5_000, what: 'the load at the table that is kept' });
    for (const end = performance.now() + 2_000; performance.now() < end; ) {
      const at = performance.now();
      await shop.database.pool.query('select count(*) from shop.apples');
      longest = Math.max(longest, performance.now() - at);
    }
    return { waiting };
  });
  expect(await loading.waiting).toBe(TABLES.length);
  // Less than the second after which Postgres would look for a circle.
  expect(longest).toBeLessThan(1_000);
});
