import { WeirError, isWeirError, type ErrorCode } from '@weir/core';
import pg from 'pg';
import type { Secret } from './secret';

/** Structured, never a URL: connection strings can override what they show (host, TLS, files). */
export interface PostgresConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: Secret;
  /** Most connections the pool opens; 8 by default. */
  readonly max?: number;
}

/** A pool with bounded waits. Idle connections that break are dropped quietly; the next query opens a new one. */
export function openPool(config: PostgresConfig): pg.Pool {
  const pool = new pg.Pool({
    host: config.host,
    port: config.port,
    database: config.database,
    user: config.user,
    password: config.password.reveal(),
    max: config.max ?? 8,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: 60_000,
    lock_timeout: 10_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'weir',
    keepAlive: true,
  });
  pool.on('error', () => undefined);
  return pool;
}

/** Runs `body` in one transaction on one connection: commit when it resolves, roll back when it throws. Postgres errors come out as WeirError. */
export async function inTransaction<T>(pool: pg.Pool, body: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw mapPostgresError(error);
  });
  let broken: Error | undefined;
  // A connection that breaks while checked out emits `error`; without a listener that ends the process.
  const onError = (error: Error) => (broken = error);
  client.on('error', onError);
  try {
    await client.query('begin');
    const result = await body(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => (broken = failure));
    throw mapPostgresError(error);
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

const SOCKET_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EHOSTUNREACH', 'EAI_AGAIN']);
/** By SQLSTATE, most specific prefix first (PostgreSQL documentation, appendix A). */
const BY_STATE: readonly (readonly [string, ErrorCode])[] = [
  ['57014', 'DEADLINE'],
  ['53100', 'DISK_FULL'],
  ['53', 'BUSY'],
  ['55P03', 'BUSY'],
  ['40', 'BUSY'],
  ['08', 'UNAVAILABLE'],
  ['57P', 'UNAVAILABLE'],
  ['25P03', 'UNAVAILABLE'],
];

/** A Postgres or socket error as a WeirError; a WeirError stays as it is. The message never holds row values (DETAIL is left out). */
export function mapPostgresError(error: unknown): WeirError {
  if (isWeirError(error)) return error;
  // Not instanceof: errors of other realms (workers, test environments) have another Error.
  const { code = '', message = String(error) } = (typeof error === 'object' && error !== null ? error : {}) as { code?: string; message?: string };
  const byState = BY_STATE.find(([prefix]) => /^[0-9A-Z]{5}$/.test(code) && code.startsWith(prefix))?.[1];
  const lost = SOCKET_ERRORS.has(code) || /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error/.test(message);
  const kind: ErrorCode = byState ?? (lost ? 'UNAVAILABLE' : 'INTERNAL');
  return new WeirError({ code: kind, message: `Postgres: ${message || code}` }, { cause: error });
}
