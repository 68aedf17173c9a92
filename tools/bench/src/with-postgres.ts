import type { Account } from '@weir/servers';
import { Client } from 'pg';

/** Gives `body` a connection to a database. */
export async function withPostgres<T>({ host, port, database, user, password }: Account, body: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ host, port, database, user, password });
  // The statement under way, or the next one, says what went wrong; without a listener the process would end, and leave the platform behind.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end();
  }
}
