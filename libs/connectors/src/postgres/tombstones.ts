import { createHash } from 'node:crypto';
import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import type { PoolClient } from 'pg';
import { alterColumns, typeChanges, type WidenedColumn } from './alter-columns';
import { lockKey } from './stream-lock';
import type { StreamTable } from './stream-table';
import { columnList, identityColumns, inspectTable, storedIdentity, tableLabel, type StoredColumn, type TableName } from './table';

/** How long a deleted key is remembered: an older version of it that comes later than this is taken for a new row. */
export const TOMBSTONE_DAYS = 7;

/** The sequence of a deleted version, under a name that no key can have. */
export const TOMBSTONE_SEQUENCE = '_weir_sequence';

/** The side table of deleted keys, quoted. */
export function tombstoneTable(table: StreamTable): string {
  const { schema, name } = tombstoneName(table);
  return quoteQualified(schema, name);
}

/** A hash: two names that are long together would become one when they are cut. */
function tombstoneName({ spec }: StreamTable): TableName {
  return { schema: 'weir', name: `tombstone_${createHash('md5').update(JSON.stringify([spec.schema, spec.name])).digest('hex')}` };
}

/** Key and version of what was deleted, in order. */
export function tombstoneColumns({ spec, order }: StreamTable): StoredColumn[] {
  const sequence = order.by === 'sequence' ? [{ name: TOMBSTONE_SEQUENCE, type: order.type }] : [];
  return [...storedIdentity(spec), ...sequence, { name: '_weir_row_id', type: 'uuid' }, { name: '_weir_position', type: 'text' }];
}

/**
 * Creates the side table. One that is there takes the wider types of key and sequence along; for another key or order it is made anew, because what it holds cannot be compared then.
 * Which ones it is for stands in its comment, that people may read as well.
 */
export async function ensureTombstones(client: PoolClient, table: StreamTable): Promise<void> {
  const name = tombstoneTable(table);
  const columns = tombstoneColumns(table);
  const found = await client.query<{ purpose: string | null }>('select obj_description(to_regclass($1)) as purpose', [name]);
  const purpose = found.rows[0]?.purpose ?? undefined;
  if (purpose === purposeOf(table, columns)) return;
  await client.query(`select pg_advisory_xact_lock(${lockKey(table)})`);
  const widened = purpose === undefined ? undefined : await widening(client, table, purpose);
  if (widened) await alterColumns((sql) => client.query(sql), tombstoneName(table), { missing: [], widened });
  else await client.query(createTombstones(table, columns));
  await client.query(`comment on table ${name} is ${quoteLiteral(purposeOf(table, columns))}`);
}

function purposeOf({ spec, order }: StreamTable, columns: readonly StoredColumn[]): string {
  const newest = order.by === 'sequence' ? order.column : `arrival in ${order.topic}`;
  return `Keys that were deleted from ${tableLabel(spec)}, for ${TOMBSTONE_DAYS} days; by ${columnList(columns)}; newest by ${newest}.`;
}

/** What takes the side table to its wanted types; undefined when it was for something else, or does not widen to them. */
async function widening(client: PoolClient, table: StreamTable, purpose: string): Promise<WidenedColumn[] | undefined> {
  const existing = await inspectTable(client, tombstoneName(table));
  if (!existing) return undefined;
  const stored = new Map(existing.columns.map(({ name, type }) => [name, type]));
  const columns = tombstoneColumns(table);
  if (purpose !== purposeOf(table, columns.map(({ name, type }) => ({ name, type: stored.get(name) ?? type })))) return undefined;
  const { widened, others } = typeChanges(existing, columns);
  return others.length > 0 ? undefined : widened;
}

function createTombstones(table: StreamTable, columns: readonly StoredColumn[]): string {
  const name = tombstoneTable(table);
  return `
    drop table if exists ${name};
    create table ${name} (${columnList(columns)}, _weir_commit uuid not null, _weir_deleted_at timestamptz not null default now(), primary key (${identityColumns(table.spec).map(quoteIdent).join(', ')}));
    create index on ${name} (_weir_deleted_at)`;
}

/** Removes some of the tombstones that are over; gives 0 rows when there are none left. */
export function pruneTombstones(table: StreamTable, limit: number): string {
  return `delete from ${tombstoneTable(table)} where ctid = any (array(
    select ctid from ${tombstoneTable(table)} where _weir_deleted_at < now() - interval '${TOMBSTONE_DAYS} days' order by _weir_deleted_at limit ${limit} for update skip locked))`;
}
