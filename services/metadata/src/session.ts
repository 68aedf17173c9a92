import { inTransaction, mapPostgresError } from '@weir/platform';
import type pg from 'pg';

/**
 * Runs `body` on a connection of its own, which is closed after it: temporary tables and session locks go with it.
 * Postgres errors come out as WeirError.
 */
export async function withSession<T>(pool: pg.Pool, body: (session: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw mapPostgresError(error);
  });
  // A connection that breaks while checked out emits `error`; without a listener that ends the process.
  const onError = () => undefined;
  client.on('error', onError);
  try {
    return await body(client);
  } catch (error) {
    throw mapPostgresError(error);
  } finally {
    client.release(true);
  }
}

/** Runs `body` in one transaction of a session: commit when it resolves, roll back when it throws. */
export async function transaction<T>(session: pg.PoolClient, body: () => Promise<T>): Promise<T> {
  await session.query('begin');
  try {
    const result = await body();
    await session.query('commit');
    return result;
  } catch (error) {
    await session.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Runs `body` on a connection that sees the database as of one moment, whatever is written meanwhile. Postgres errors come out as WeirError. */
export async function inOneView<T>(pool: pg.Pool, body: (view: pg.PoolClient) => Promise<T>): Promise<T> {
  return inTransaction(pool, async (view) => {
    await view.query('set transaction isolation level repeatable read, read only');
    return body(view);
  });
}
