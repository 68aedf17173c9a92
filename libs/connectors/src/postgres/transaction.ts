import type { Socket } from 'node:net';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { Pools } from './config';
import { BEGIN } from './merge';
import { cancelled, orAborted } from './or-aborted';

/** How often a running statement is told again to stop: a cancel that arrives between two statements has no effect. */
const CANCEL_EVERY_MS = 500;
/** When the server does not hear the cancel, the connection is cut; together well under the 5 s a cancel may take. */
const SEVER_AFTER_MS = 3_000;

/** What a client of pg has besides what its types say. */
type ConnectedClient = PoolClient & { readonly processID: number; readonly connection: { readonly stream: Socket } };

/** One open transaction that can be cancelled. */
export interface Transaction {
  readonly client: PoolClient;
  /** Of the server's process that carries it out. */
  readonly processId: number;
  /** Runs a statement; throws CANCELLED once the signal is aborted. */
  readonly run: <R extends QueryResultRow>(sql: string) => Promise<QueryResult<R>>;
}

/** Runs `body` in one transaction on a connection of its own, of a pool: commits when it resolves to `commit`, rolls back otherwise and when it throws. */
export async function inTransaction<T>(pools: Pools, pool: 'loads' | 'streams', signal: AbortSignal, body: (transaction: Transaction) => Promise<{ commit: boolean; value: T }>): Promise<T> {
  return onConnection(pools, pool, signal, async (client) => {
    await client.query(BEGIN);
    const { commit, value } = await body({ client, processId: (client as ConnectedClient).processID, run: runOn(client, signal) });
    await client.query(commit ? 'commit' : 'rollback');
    return value;
  });
}

/** Runs statements on a connection; throws CANCELLED once the signal is aborted. */
export function runOn(client: PoolClient, signal: AbortSignal): Transaction['run'] {
  return async <R extends QueryResultRow>(sql: string): Promise<QueryResult<R>> => {
    if (signal.aborted) throw cancelled();
    return client.query<R>(sql);
  };
}

/**
 * Gives `body` a connection of a pool for itself; what it leaves open when it throws is rolled back.
 * An aborted signal cancels the running statement, cuts the connection if that is not heard, and gives CANCELLED.
 */
export async function onConnection<T>(pools: Pools, pool: 'loads' | 'streams', signal: AbortSignal, body: (client: PoolClient) => Promise<T>): Promise<T> {
  const connecting = pools[pool].connect();
  const client = await orAborted(signal, connecting).catch((error: unknown) => {
    connecting.then((late) => late.release(true), () => undefined);
    throw error;
  });
  // A connection that breaks while checked out emits `error`; without a listener that ends the process.
  let broken: Error | undefined;
  const onError = (error: Error): void => void (broken = error);
  client.on('error', onError);
  const release = cancelOnAbort(pools, client, signal);
  try {
    return await body(client);
  } catch (error) {
    if (!broken) await client.query('rollback').catch((failure: Error) => (broken = failure));
    throw signal.aborted ? cancelled(error) : error;
  } finally {
    release();
    client.off('error', onError);
    // After an abort a late cancel may still be on its way to this connection: nobody else may get it.
    client.release(broken ?? signal.aborted);
  }
}

function cancelOnAbort(pools: Pools, client: PoolClient, signal: AbortSignal): () => void {
  const { processID } = client as ConnectedClient;
  const timers: NodeJS.Timeout[] = [];
  const cancel = (): void => void pools.questions.query('select pg_cancel_backend($1)', [processID]).catch(() => undefined);
  const onAbort = (): void => {
    cancel();
    timers.push(setInterval(cancel, CANCEL_EVERY_MS), setTimeout(() => sever(client), SEVER_AFTER_MS));
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    signal.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
  };
}

/** Cuts the connection without a word: a polite end would wait for a server that does not answer. */
function sever(client: PoolClient): void {
  (client as ConnectedClient).connection.stream.destroy();
}
