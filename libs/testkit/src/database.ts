import { randomBytes } from 'node:crypto';
import { Client, Pool } from 'pg';

/** Where a test reaches Postgres; plain text throughout, wrap the password where a Secret is wanted. */
export interface TestPostgres {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** A database of its own for one test file. */
export interface TestDatabase {
  readonly config: TestPostgres;
  readonly pool: Pool;
  /** Ends the pool and drops the database, also when a forgotten connection still holds it. */
  drop(): Promise<void>;
}

/**
 * Creates a fresh database on the server named by WEIR_TEST_POSTGRES (host:port), WEIR_TEST_POSTGRES_USER and
 * WEIR_TEST_POSTGRES_PASSWORD. Call it in beforeAll and `drop()` in afterAll. Throws when the server is not named.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const server = testServer();
  const database = `weir_test_${randomBytes(6).toString('hex')}`;
  // template0 accepts any number of concurrent copies; template1 refuses while someone is connected to it.
  await administer(server, `create database ${database} template template0 encoding 'UTF8'`);
  const config = { ...server, database };
  const pool = new Pool({ ...config, max: 8, connectionTimeoutMillis: 10_000 });
  // An idle connection that a test's fault cuts must not end the test process.
  pool.on('error', () => undefined);
  const drop = async (): Promise<void> => {
    await pool.end();
    await administer(server, `drop database if exists ${database} with (force)`).catch((error: { readonly code?: string }) => {
      // The server vacuums it just now, which only the server may end; without force it does so itself.
      if (error.code !== NOT_ALLOWED) throw error;
      return administer(server, `drop database if exists ${database}`);
    });
  };
  return { config, pool, drop };
}

/** What Postgres says to whoever may not do something. */
const NOT_ALLOWED = '42501';

function testServer(): TestPostgres {
  const { WEIR_TEST_POSTGRES: address, WEIR_TEST_POSTGRES_USER: user, WEIR_TEST_POSTGRES_PASSWORD: password } = process.env;
  const match = /^(.+):(\d{1,5})$/.exec(address ?? '');
  if (!match?.[1] || !user || password === undefined) {
    throw new Error(
      'This test needs a real Postgres: set WEIR_TEST_POSTGRES=host:port, WEIR_TEST_POSTGRES_USER and WEIR_TEST_POSTGRES_PASSWORD. `npm test` at the root starts one and sets them.',
    );
  }
  return { host: match[1], port: Number(match[2]), database: 'postgres', user, password };
}

async function administer(server: TestPostgres, sql: string): Promise<void> {
  const client = new Client({ ...server, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
