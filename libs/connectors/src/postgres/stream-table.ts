import { quoteQualified, WeirError } from '@weir/core';
import type { ClientBase, Pool, PoolClient } from 'pg';
import { alterColumns, columnChanges } from './alter-columns';
import type { Pools } from './config';
import { ensureLedger, NOTHING } from './ledger';
import { addKey, emptyTable } from './merge';
import { createPositions } from './positions';
import { HAS_REFUSED } from './refused-rows';
import { lockKey } from './stream-lock';
import type { StreamOrder } from './stream-order';
import { columnList, COMMIT_COLUMN, deliveredColumns, hasRows, identityColumns, incompatible, inspectTable, layoutOf, tableLabel, type ExistingTable, type StoredColumn, type TableSpec } from './table';
import { ensureTombstones } from './tombstones';
import { inTransaction } from './transaction';
import { postgresType } from './types';

/**
 * A table that a stream writes. By key it holds the newest version of each key that is not deleted; otherwise every row once, by its id and partition.
 * It looks as a batch load of a model over rows would build it.
 */
export interface StreamTable {
  readonly spec: TableSpec;
  /** That its rows come from. */
  readonly topic: string;
  /** Which version of a key is the newest; unused where rows are told apart by id. */
  readonly order: StreamOrder;
}

/** The table of a model over rows, as a stream writes it: newest by its sequence, or by where rows lie in the topic. */
export function streamTable(spec: TableSpec, sequence: string | undefined, topic: string): StreamTable {
  if (sequence === undefined) return { spec, topic, order: { by: 'arrival', topic } };
  const column = spec.columns.find(({ name }) => name === sequence);
  if (!column) throw new WeirError({ code: 'INTERNAL', message: `The sequence ${sequence} is no column of ${tableLabel(spec)}.` });
  return { spec, topic, order: { by: 'sequence', column: column.name, type: postgresType(column.type) } };
}

/** Of a row in a micro-batch: its key has no row any more. */
export const DELETED_COLUMN: StoredColumn = { name: '_weir_deleted', type: 'boolean' };

/** The columns of a micro-batch, besides those its rows have in the table; may be left out where nothing is ever deleted. */
export function stagedColumns({ spec }: StreamTable): StoredColumn[] {
  return [...deliveredColumns(spec), ...(spec.identity.by === 'key' ? [DELETED_COLUMN] : [])];
}

/** What the layout of a table begins with in weir.head when a stream writes it. */
export const STREAM = 'stream ';

/** Whether a stream writes the table, by what its head says. */
export function isStreamLayout(layout: string): boolean {
  return layout.startsWith(STREAM);
}

/** What the head of a stream's table says of it. */
export function streamLayout(spec: TableSpec): string {
  return `${STREAM}${layoutOf(spec)}`;
}

// Rows of the ledger for micro-batches have no snapshots, and the table is not counted.
const CREATE = `
  alter table weir.ledger add column if not exists positions jsonb, add column if not exists counts jsonb,
    alter column from_snapshot drop not null, alter column to_snapshot drop not null, alter column rows_in_table drop not null;
  create index if not exists ledger_stream on weir.ledger (loaded_at) where positions is not null;
  comment on column weir.ledger.positions is 'What a micro-batch of a stream moved: cluster, topic and a range [from, to) of offsets for each partition. Null for loads of snapshots.';`;

/** Creates what streams need in a destination, where it is missing: the ledger with its columns for them, and the positions. */
export async function ensureStreams(pool: Pool): Promise<void> {
  const present = await pool.query<{ done: boolean }>(`select to_regclass('weir.position') is not null and to_regclass('weir.ledger') is not null and ${HAS_REFUSED} as done`);
  if (present.rows[0]?.done) return;
  await ensureLedger(pool, 'weir');
  await pool.query(`select pg_advisory_xact_lock(hashtext('weir.ledger')); ${CREATE} ${createPositions}`);
}

/**
 * Longest time for altering a table: the rows of one that widens are written anew, about a million a second. Waits for locks are short, because micro-batches wait behind them.
 */
const SETTINGS = "set local statement_timeout = '1h'; set local lock_timeout = '10s'";

/**
 * Makes a table ready for a stream: creates it, takes over what loads of the same pipeline built, adds columns that the model gained, widens those whose type became wider, and says in
 * weir.head that the table is the stream's. `pool`: whose connection this takes. Throws DESTINATION_INCOMPATIBLE for a table that is not this pipeline's, or whose columns or key do not fit.
 */
export async function prepareStreamTable(pools: Pools, pool: 'loads' | 'streams', table: StreamTable, pipeline: string, signal: AbortSignal): Promise<void> {
  await ensureStreams(pools.questions);
  await ensureLedger(pools.questions, table.spec.schema);
  await inTransaction(pools, pool, signal, async ({ client }) => {
    await client.query(SETTINGS);
    await client.query(`select pg_advisory_xact_lock(hashtextextended('weir.stream ' || $1, 0))`, [tableLabel(table.spec)]);
    await prepareAlone(client, table, pipeline);
    return { commit: true, value: undefined };
  });
}

async function prepareAlone(client: PoolClient, table: StreamTable, pipeline: string): Promise<void> {
  const { spec } = table;
  const head = await findHead(client, spec);
  if (head && head.pipeline !== pipeline) throw incompatible(spec, `is loaded by the pipeline ${head.pipeline}`);
  const existing = await inspectTable(client, spec);
  if (existing) await adapt(client, table, existing, head);
  else await client.query(createStreamTable(spec));
  if (spec.identity.by === 'key') await ensureTombstones(client, table);
  // A table that is new holds nothing of any snapshot.
  const standing = existing ? '' : ', snapshot = excluded.snapshot, commit_id = excluded.commit_id';
  await client.query(
    `insert into weir.head (table_name, pipeline, snapshot, commit_id, layout) values ($1, $2, 0, $3, $4) on conflict (table_name) do update set layout = excluded.layout${standing}`,
    [tableLabel(spec), pipeline, NOTHING, streamLayout(spec)],
  );
}

interface StreamHead {
  readonly pipeline: string;
  readonly snapshot: number;
  readonly layout: string;
}

async function findHead(client: ClientBase, spec: TableSpec): Promise<StreamHead | undefined> {
  const found = await client.query<{ pipeline: string; snapshot: string; layout: string }>('select pipeline, snapshot, layout from weir.head where table_name = $1 for update', [tableLabel(spec)]);
  const row = found.rows[0];
  return row && { ...row, snapshot: Number(row.snapshot) };
}

/** The key comes at once: rows arrive from now on, and no load fills the table first. */
function createStreamTable(spec: TableSpec): string {
  return `create table ${quoteQualified(spec.schema, spec.name)} (${columnList([...deliveredColumns(spec), COMMIT_COLUMN])}); ${addKey(spec)}`;
}

async function adapt(client: PoolClient, table: StreamTable, existing: ExistingTable, head: StreamHead | undefined): Promise<void> {
  const { spec } = table;
  const filled = await hasRows(client, spec);
  const ours = head !== undefined && (head.snapshot > 0 || isStreamLayout(head.layout));
  if (filled && !ours) throw incompatible(spec, 'has rows, but was not built by this Weir');
  const changes = columnChanges(spec, existing);
  const fits = sameKey(spec, existing) && (head === undefined || head.layout === layoutOf(spec) || head.layout === streamLayout(spec));
  if (filled && !fits) throw otherKey(spec, existing);
  if (spec.identity.by === 'key' && (!fits || changes.missing.length + changes.widened.length > 0)) await client.query(`select pg_advisory_xact_lock(${lockKey(table)})`);
  if (!fits) for (const statement of emptyTable({ spec, formerKey: existing.primaryKey })) await client.query(statement);
  await alterColumns((sql) => client.query(sql), spec, changes);
  if (!fits) await client.query(addKey(spec));
}

function sameKey(spec: TableSpec, { primaryKey }: ExistingTable): boolean {
  return primaryKey?.columns.toSorted().join('\0') === identityColumns(spec).toSorted().join('\0');
}

/** A load would build the table anew; a stream has only the rows that are still to come. */
function otherKey(spec: TableSpec, { primaryKey }: ExistingTable): WeirError {
  const place = tableLabel(spec);
  return new WeirError({
    code: 'DESTINATION_INCOMPATIBLE',
    message: `Table ${place} tells its rows apart by (${primaryKey?.columns.join(', ') ?? ''}) as they were loaded, and the stream by (${identityColumns(spec).join(', ')}).`,
    place,
    fix: 'Drop the table, or choose another schema; the stream creates it, and a run `--from raw` brings the rows that came before.',
  });
}
