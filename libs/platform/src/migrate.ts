import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WeirError } from '@weir/core';
import type pg from 'pg';
import { inTransaction } from './postgres';

/**
 * Brings a service's own schema to the newest version: runs the files `NNN-name.sql` of a folder in order, each once,
 * inside one transaction under an advisory lock, with search_path set to the schema. A file that changed after it ran is an error.
 */
export async function migrate(pool: pg.Pool, schema: string, directory: string): Promise<void> {
  if (!/^[a-z][a-z0-9_]*$/.test(schema)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${schema}\` is not a schema name.` });
  const files = (await readdir(directory)).filter((name) => /^\d{3}-[a-z0-9-]+\.sql$/.test(name)).sort();
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [`weir.migrate.${schema}`]);
    await client.query(`create schema if not exists ${schema}`);
    await client.query(`set local search_path to ${schema}`);
    await client.query('create table if not exists migration (name text primary key, sha256 text not null, applied_at timestamptz not null default now())');
    const { rows } = await client.query<{ name: string; sha256: string }>('select name, sha256 from migration');
    const done = new Map(rows.map((row) => [row.name, row.sha256]));
    for (const name of files) await apply(client, directory, name, done.get(name));
  });
}

async function apply(client: pg.PoolClient, directory: string, name: string, known: string | undefined): Promise<void> {
  const sql = await readFile(join(directory, name), 'utf8');
  const sha256 = createHash('sha256').update(sql).digest('hex');
  if (known === sha256) return;
  if (known) throw new WeirError({ code: 'INTERNAL', place: name, message: `The migration ${name} changed after it was applied.`, fix: 'Write a new migration instead.' });
  await client.query(sql);
  await client.query('insert into migration (name, sha256) values ($1, $2)', [name, sha256]);
}
