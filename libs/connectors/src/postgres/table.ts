import { quoteIdent, quoteQualified, WeirError, type Column } from '@weir/core';
import type { ClientBase, Pool } from 'pg';
import { postgresType } from './types';

/**
 * What makes a row of the table the same row in two snapshots:
 * - its key;
 * - its key and since when it holds, where the table has every version of a key (`columns` are the key; the spec's sequence says since when);
 * - or its partition and row id, where the id comes with the dataset or from the row's content.
 */
export type RowIdentity = { readonly by: 'key'; readonly columns: readonly string[] } | { readonly by: 'version'; readonly columns: readonly string[] } | { readonly by: 'row'; readonly id: 'dataset' | 'content' };

/** What a table of versions has besides its model's columns: from when until when a version holds, and whether it is the last; Kimball's type 2. */
export const VERSION_COLUMNS = ['valid_from', 'valid_to', 'is_current'] as const;

/** What a table is called; both are plain identifiers. */
export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/** A table that follows a dataset. */
export interface TableSpec extends TableName {
  /** The model's columns, without Weir's own. */
  readonly columns: readonly Column[];
  readonly identity: RowIdentity;
  /** Column whose greatest value is the newest version of a key, where loads go by one. */
  readonly sequence?: string | undefined;
  /** Whether each row stands for one row of the source, and so has _weir_row_id and _weir_position from the dataset. */
  readonly lineage: boolean;
}

/** A column as Postgres has it. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
}

/** Names the commit that wrote a row: key into weir.ledger. */
export const COMMIT_COLUMN: StoredColumn = { name: '_weir_commit', type: 'uuid' };

/** `schema.name`, for people and as the ledger's key. */
export function tableLabel(table: TableName): string {
  return `${table.schema}.${table.name}`;
}

/** The columns that the engine gives for the table, in order: the model's, then those that identify and trace the row. */
export function deliveredColumns(spec: TableSpec): StoredColumn[] {
  const columns = spec.columns.map(({ name, type }) => ({ name, type: postgresType(type) }));
  if (spec.identity.by === 'version') columns.push(...versionColumns(spec));
  if (spec.identity.by === 'row') columns.push({ name: '_weir_partition', type: 'text' });
  if (spec.identity.by === 'row' || spec.lineage) columns.push({ name: '_weir_row_id', type: 'uuid' });
  if (spec.lineage) columns.push({ name: '_weir_position', type: 'text' });
  return columns;
}

function versionColumns({ columns, sequence }: TableSpec): StoredColumn[] {
  const since = columns.find(({ name }) => name === sequence);
  const type = postgresType(since?.type ?? 'TIMESTAMP');
  const [from, to, current] = VERSION_COLUMNS;
  return [{ name: from, type }, { name: to, type }, { name: current, type: 'boolean' }];
}

/** The columns that tell rows apart; the table's primary key. */
export function identityColumns(spec: TableSpec): readonly string[] {
  // The id first: ids are short, differ early and are compared fast.
  if (spec.identity.by === 'row') return ['_weir_row_id', '_weir_partition'];
  return spec.identity.by === 'key' ? spec.identity.columns : [...spec.identity.columns, VERSION_COLUMNS[0]];
}

/** The columns of the identity, in the order of the table. */
export function storedIdentity(spec: TableSpec): StoredColumn[] {
  const identity = new Set(identityColumns(spec));
  return deliveredColumns(spec).filter(({ name }) => identity.has(name));
}

/**
 * How rows were told apart when the table was built. When it changes, the ids in the table mean nothing to the new difference and the
 * table is built anew. Ids from content depend on the columns, so these are part of it.
 */
export function layoutOf(spec: TableSpec): string {
  if (spec.identity.by === 'key') return `key ${spec.identity.columns.join(', ')}`;
  // What counts as another version depends on the columns.
  if (spec.identity.by === 'version') return `versions of ${spec.identity.columns.join(', ')} by ${spec.sequence ?? ''} of ${spec.columns.map(({ name }) => name).join(', ')}`;
  return spec.identity.id === 'dataset' ? 'row id' : `row content ${spec.columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`;
}

/** A table that is there. */
export interface ExistingTable {
  readonly columns: readonly StoredColumn[];
  /** Columns that an insert must give: not null and without a default. */
  readonly demanded: readonly string[];
  readonly primaryKey: { readonly name: string; readonly columns: readonly string[] } | undefined;
  /** Views that read a column; Postgres does not let its type be altered while they are there. */
  readonly views: readonly ViewOfColumn[];
}

/** A view, materialized or not, and a column that it reads. */
export interface ViewOfColumn {
  /** `schema.name`. */
  readonly view: string;
  readonly column: string;
}

interface InspectedRow {
  readonly kind: string;
  readonly columns: readonly (StoredColumn & { readonly demanded: boolean })[];
  readonly key: { readonly name: string; readonly columns: readonly string[] } | null;
  readonly views: readonly ViewOfColumn[];
}

const INSPECT = `
  select c.relkind as kind,
    (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'demanded', a.attnotnull and not a.atthasdef and a.attidentity = '') order by a.attnum), '[]')
       from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
    (select json_build_object('name', k.conname, 'columns', array(select a.attname::text from unnest(k.conkey) with ordinality as key(attnum, at)
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.attnum order by key.at))
       from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as key,
    (select coalesce(json_agg(distinct jsonb_build_object('view', s.nspname || '.' || v.relname, 'column', a.attname)), '[]')
       from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
         join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class join pg_namespace s on s.oid = v.relnamespace
       where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and v.relkind in ('v', 'm')) as views
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`;

/** Reads what is there; undefined when nothing has the name. Throws DESTINATION_INCOMPATIBLE for a view or anything else that is no table. */
export async function inspectTable(client: ClientBase | Pool, table: TableName): Promise<ExistingTable | undefined> {
  const found = await client.query<InspectedRow>(INSPECT, [table.schema, table.name]);
  const relation = found.rows[0];
  if (!relation) return undefined;
  if (relation.kind !== 'r' && relation.kind !== 'p') throw incompatible(table, 'is there, but is not a table');
  return {
    columns: relation.columns.map(({ name, type }) => ({ name, type })),
    demanded: relation.columns.filter((column) => column.demanded).map((column) => column.name),
    primaryKey: relation.key ?? undefined,
    views: relation.views,
  };
}

/** Whether a table has any row. */
export async function hasRows(client: ClientBase | Pool, spec: TableSpec): Promise<boolean> {
  const found = await client.query(`select 1 from ${quoteQualified(spec.schema, spec.name)} limit 1`);
  return found.rows.length > 0;
}

/** DESTINATION_INCOMPATIBLE for a table, `reason` completing the sentence "Table x …". */
export function incompatible(table: TableName, reason: string, { samples = [], fix, cause }: { samples?: readonly string[]; fix?: string; cause?: unknown } = {}): WeirError {
  return new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: `Table ${tableLabel(table)} ${reason}.`, place: tableLabel(table), samples, fix }, { cause });
}

/** Column definitions for `create table`. */
export function columnList(columns: readonly StoredColumn[]): string {
  return columns.map(({ name, type }) => `${quoteIdent(name)} ${type}`).join(', ');
}
