import { createHash } from 'node:crypto';
import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import type { PoolClient } from 'pg';
import type { StreamTable } from './stream-table';
import { columnList, identityColumns, storedIdentity, tableLabel, type StoredColumn } from './table';

/** How long a deleted key is remembered: an older version of it that comes later than this is taken for a new row. */
export const TOMBSTONE_DAYS = 7;

/** The sequence of a deleted version, under a name that no key can have. */
export const TOMBSTONE_SEQUENCE = '_weir_sequence';

/** The side table of deleted keys, quoted. Its name is a hash: two names that are long together would become one when they are cut. */
export function tombstoneTable({ spec }: StreamTable): string {
  return quoteQualified('weir', `tombstone_${createHash('md5').update(JSON.stringify([spec.schema, spec.name])).digest('hex')}`);
}

/** Key and version of what was deleted, in order. */
export function tombstoneColumns({ spec, order }: StreamTable): StoredColumn[] {
  const sequence = order.by === 'sequence' ? [{ name: TOMBSTONE_SEQUENCE, type: order.type }] : [];
  return [...storedIdentity(spec), ...sequence, { name: '_weir_row_id', type: 'uuid' }, { name: '_weir_position', type: 'text' }];
}

/**
 * Creates the side table, or makes it anew when it is for another key or order: what it holds cannot be compared then.
 * Which ones it is for stands in its comment, that people may read as well.
 */
export async function ensureTombstones(client: PoolClient, table: StreamTable): Promise<void> {
  const name = tombstoneTable(table);
  const columns = tombstoneColumns(table);
  const order = table.order.by === 'sequence' ? table.order.column : `arrival in ${table.order.topic}`;
  const purpose = `Keys that were deleted from ${tableLabel(table.spec)}, for ${TOMBSTONE_DAYS} days; by ${columnList(columns)}; newest by ${order}.`;
  const found = await client.query<{ purpose: string | null }>('select obj_description(to_regclass($1)) as purpose', [name]);
  if (found.rows[0]?.purpose === purpose) return;
  await client.query(`
    drop table if exists ${name};
    create table ${name} (${columnList(columns)}, _weir_commit uuid not null, _weir_deleted_at timestamptz not null default now(), primary key (${identityColumns(table.spec).map(quoteIdent).join(', ')}));
    create index on ${name} (_weir_deleted_at);
    comment on table ${name} is ${quoteLiteral(purpose)}`);
}

/** Removes some of the tombstones that are over; gives 0 rows when there are none left. */
export function pruneTombstones(table: StreamTable, limit: number): string {
  return `delete from ${tombstoneTable(table)} where ctid = any (array(
    select ctid from ${tombstoneTable(table)} where _weir_deleted_at < now() - interval '${TOMBSTONE_DAYS} days' order by _weir_deleted_at limit ${limit} for update skip locked))`;
}
