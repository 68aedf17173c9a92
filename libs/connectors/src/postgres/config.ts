import { Pool, type PoolConfig } from 'pg';

/** How to reach a Postgres that a user names. Structured, never a URL: connection strings can override what they show. */
export interface PostgresConnection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Revealed at the moment of connecting and nowhere else. */
  readonly password: { reveal(): string };
}

/** Two loads may run at a time, and two restatements beside them. */
const MAX_CONNECTIONS = 4;
/** How long a question about the ledger or a table is waited for; the server drops it a little later. A load takes as long as its stage. */
const QUESTION_TIMEOUT_MS = 10_000;

/** A commit of a stream takes milliseconds; so many consumers commit at a time, others wait for a connection. */
const MAX_STREAM_CONNECTIONS = 8;
/** A stream's connection is warm: what it keeps for the next commit is worth more than the connection of a stream that rests. */
const STREAM_IDLE_MS = 60_000;

/** Loads, short questions and streams have connections of their own: a cancel must not wait behind the load that it is for, nor a stream behind loads. */
export interface Pools {
  readonly loads: Pool;
  readonly questions: Pool;
  readonly streams: Pool;
}

export function openPools(connection: PostgresConnection): Pools {
  return {
    loads: openPool(connection, {}),
    questions: openPool(connection, { query_timeout: QUESTION_TIMEOUT_MS, statement_timeout: 2 * QUESTION_TIMEOUT_MS }),
    streams: openPool(connection, { max: MAX_STREAM_CONNECTIONS, idleTimeoutMillis: STREAM_IDLE_MS }),
  };
}

function openPool(connection: PostgresConnection, bounds: PoolConfig): Pool {
  const pool = new Pool({
    host: connection.host,
    port: connection.port,
    database: connection.database,
    user: connection.user,
    password: connection.password.reveal(),
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 10_000,
    application_name: 'weir-load',
    keepAlive: true,
    ...bounds,
  });
  // Idle connections that break are dropped; the next query opens a new one.
  pool.on('error', () => undefined);
  return pool;
}
