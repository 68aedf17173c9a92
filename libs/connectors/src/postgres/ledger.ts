import type { ClientBase, Pool } from 'pg';
import { quoteIdent } from '@weir/core';
import { CREATE_REFUSED, HAS_REFUSED } from './refused-rows';

/** Where a table stands: the snapshot it holds and the commit that brought it there. */
export interface Head {
  readonly pipeline: string;
  /** 0 until the first load. */
  readonly snapshot: number;
  readonly commitId: string;
  readonly layout: string;
}

/** One commit of one table. */
export interface LedgerEntry {
  readonly commitId: string;
  readonly pipeline: string;
  readonly table: string;
  readonly fromSnapshot: number;
  readonly toSnapshot: number;
  readonly runId: string;
  readonly traceId: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that the table refused: they are in quarantine. */
  readonly refused: number;
  /** Undefined for a table that a stream writes too: nobody counts it. */
  readonly rowsInTable: number | undefined;
}

/** The commit of a table that was never loaded. */
export const NOTHING = '00000000-0000-0000-0000-000000000000';

const CREATE = `
  create schema if not exists weir;
  create table if not exists weir.ledger (
    commit_id uuid primary key, pipeline text not null, table_name text not null, from_snapshot bigint not null, to_snapshot bigint not null,
    run_id text not null, trace_id text not null, inserted bigint not null, updated bigint not null, deleted bigint not null,
    rows_in_table bigint not null, loaded_at timestamptz not null default now());
  create table if not exists weir.head (
    table_name text primary key, pipeline text not null, snapshot bigint not null, commit_id uuid not null, layout text not null);
  alter table weir.ledger add column if not exists refused bigint not null default 0;
  comment on table weir.ledger is 'One row for each commit of Weir; the column _weir_commit of loaded tables refers to it. Append only.';
  comment on table weir.head is 'The snapshot that each loaded table holds. A load commits only if this did not move since it was prepared.';${CREATE_REFUSED}`;

/**
 * Creates the ledger and the table's schema where they are missing. `create … if not exists` fails when two sessions do it at once
 * (both see nothing, one violates the catalogue's unique index), so an advisory lock lets one in at a time.
 */
export async function ensureLedger(pool: Pool, schema: string): Promise<void> {
  const present = await pool.query<{ done: boolean }>(`select to_regclass('weir.ledger') is not null and to_regclass('weir.head') is not null and ${HAS_REFUSED} and exists (select from pg_namespace where nspname = $1) as done`, [schema]);
  if (present.rows[0]?.done) return;
  // One simple query is one transaction, and the lock ends with it.
  await pool.query(`select pg_advisory_xact_lock(hashtext('weir.ledger')); ${CREATE} create schema if not exists ${quoteIdent(schema)};`);
}

const HEAD = `
  select h.pipeline as head_pipeline, h.snapshot as head_snapshot, h.commit_id as head_commit, h.layout as head_layout, (select coalesce(json_agg(r.row_id), '[]') from weir.refused r where r.table_name = h.table_name and r.became is null)::text as head_refused, l.*
  from weir.head h left join weir.ledger l on l.commit_id = h.commit_id where h.table_name = $1`;

/** Where a table stands, and the commit that brought it there; undefined before the first one. */
export interface Standing {
  readonly head: Head;
  readonly last: LedgerEntry | undefined;
  /** Ids of rows that the table refused. */
  readonly refused: readonly string[];
}

/** Where the table stands; it gets a row at snapshot 0 when it has none. */
export async function readHead(pool: Pool, table: string, pipeline: string, layout: string): Promise<Standing> {
  const known = await findHead(pool, table);
  if (known) return known;
  await pool.query('insert into weir.head (table_name, pipeline, snapshot, commit_id, layout) values ($1, $2, 0, $3, $4) on conflict do nothing', [table, pipeline, NOTHING, layout]);
  const made = await findHead(pool, table);
  if (!made) throw new Error(`weir.head lost its row of ${table}.`);
  return made;
}

async function findHead(pool: Pool, table: string): Promise<Standing | undefined> {
  const found = await pool.query<LedgerRow>(HEAD, [table]);
  const row = found.rows[0];
  if (!row) return undefined;
  const head = { pipeline: row['head_pipeline'] ?? '', snapshot: Number(row['head_snapshot']), commitId: row['head_commit'] ?? '', layout: row['head_layout'] ?? '' };
  return { head, last: row['commit_id'] === null ? undefined : entryOf(row), refused: JSON.parse(row['head_refused'] ?? '[]') as string[] };
}

/**
 * Moves the head from where the load was prepared; false when it is elsewhere by now. This condition is what makes a repeated load
 * harmless and a late one powerless: a transaction that finds the head moved must roll back.
 */
export async function moveHead(client: ClientBase, table: string, from: Head, to: Omit<Head, 'pipeline'>): Promise<boolean> {
  const moved = await client.query('update weir.head set snapshot = $1, commit_id = $2, layout = $3 where table_name = $4 and snapshot = $5 and commit_id = $6', [
    to.snapshot,
    to.commitId,
    to.layout,
    table,
    from.snapshot,
    from.commitId,
  ]);
  return moved.rowCount === 1;
}

/** Writes the commit's row in the commit's own transaction. */
export async function writeEntry(client: ClientBase, entry: LedgerEntry): Promise<void> {
  await client.query(
    `insert into weir.ledger (commit_id, pipeline, table_name, from_snapshot, to_snapshot, run_id, trace_id, inserted, updated, deleted, refused, rows_in_table)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    [entry.commitId, entry.pipeline, entry.table, entry.fromSnapshot, entry.toSnapshot, entry.runId, entry.traceId, entry.inserted, entry.updated, entry.deleted, entry.refused, entry.rowsInTable],
  );
}

/** A commit's row; undefined when that commit did not happen. */
export async function readEntry(client: ClientBase | Pool, commitId: string): Promise<LedgerEntry | undefined> {
  const [entry] = (await readEntries(client, [commitId])) ?? [];
  return entry;
}

/** The rows of commits that were one transaction, in the order asked for; undefined when it did not happen. */
export async function readEntries(client: ClientBase | Pool, commitIds: readonly string[]): Promise<LedgerEntry[] | undefined> {
  const found = await client.query<LedgerRow>('select l.* from unnest($1::uuid[]) with ordinality as c (id, n) join weir.ledger l on l.commit_id = c.id order by c.n', [commitIds]);
  return found.rows.length < commitIds.length ? undefined : found.rows.map(entryOf);
}

/** Columns as text. */
type LedgerRow = Record<string, string | null>;

function entryOf(row: LedgerRow): LedgerEntry {
  const text = (column: string): string => row[column] ?? '';
  const number = (column: string): number => Number(row[column]);
  return {
    commitId: text('commit_id'),
    pipeline: text('pipeline'),
    table: text('table_name'),
    fromSnapshot: number('from_snapshot'),
    toSnapshot: number('to_snapshot'),
    runId: text('run_id'),
    traceId: text('trace_id'),
    inserted: number('inserted'),
    updated: number('updated'),
    deleted: number('deleted'),
    refused: number('refused'),
    rowsInTable: row['rows_in_table'] === null ? undefined : number('rows_in_table'),
  };
}
