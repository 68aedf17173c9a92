import { WeirError } from '@weir/core';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import type { Passwords } from './passwords';

/** A login to one database. */
export interface Account {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** Runs `body` on a connection of its own. */
export async function withConnection<T>(account: Account, body: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ ...account, connectionTimeoutMillis: 5_000, application_name: 'weir launcher' });
  // A server that ends under an idle connection says so by this event; what waits for an answer is told by its promise.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}

/** Whether the login works. */
export async function canLogIn(account: Account): Promise<boolean> {
  return withConnection(account, async (client) => (await client.query('select 1')).rowCount === 1);
}

/**
 * Creates, where missing, roles (no superusers; `weir` may create databases, which tests need) and one database for each. Passwords are set each
 * time, so that the file of passwords is always right.
 */
export async function createAccounts(superuser: Account, names: readonly ('weir' | 'warehouse' | 'registry')[], passwords: Passwords): Promise<void> {
  await withConnection(superuser, async (client) => {
    for (const name of names) {
      const role = escapeIdentifier(name);
      if (!(await exists(client, 'select 1 from pg_roles where rolname = $1', name))) await client.query(`create role ${role}`);
      await client.query(`alter role ${role} login nosuperuser nocreaterole ${name === 'weir' ? 'createdb' : 'nocreatedb'} password ${escapeLiteral(passwords[name])}`);
      if (!(await exists(client, 'select 1 from pg_database where datname = $1', name))) await client.query(`create database ${role} owner ${role}`);
      await client.query(`revoke all on database ${role} from public`);
    }
  });
}

/** Throws SERVER_FAILED, with the SQL to run, unless all given accounts can log in. */
export async function requireAccounts(accounts: readonly Account[]): Promise<void> {
  for (const { host, port, database, user, password } of accounts) {
    try {
      await canLogIn({ host, port, database, user, password });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new WeirError({ code: 'SERVER_FAILED', place: 'postgres', message: `The Postgres at ${host}:${port} does not let \`${user}\` into \`${database}\`: ${reason}`, fix: `Run there: create role ${user} login password '…'; create database ${database} owner ${user}; and set the password variables (tools/servers/README.md).` }, { cause: error });
    }
  }
}

async function exists(client: Client, query: string, name: string): Promise<boolean> {
  return ((await client.query(query, [name])).rowCount ?? 0) > 0;
}
