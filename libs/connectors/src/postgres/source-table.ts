import { quoteIdent, quoteQualified, suggest, WeirError, type ColumnType } from '@weir/core';
import type { SourceSession } from './source-session';
import { columnType } from './types';

/** A column of a table that is read. */
export interface SourceColumn {
  readonly name: string;
  /** As Postgres spells it, such as numeric(12,2). */
  readonly type: string;
  /** Whether it is declared NOT NULL. */
  readonly required: boolean;
  /** The contract's type that every value of it decodes to, as it is or as its text. */
  readonly holds: ColumnType;
  /** Whether its values are arrays. */
  readonly array: boolean;
  /** Of the type below domains. */
  readonly oid: number;
}

/** A table, view, materialized view or foreign table of a source. */
export interface SourceTable {
  readonly oid: number;
  /** Quoted. */
  readonly name: string;
  /** pg_class.relkind: r, p (partitioned), v, m (materialized view), f (foreign). */
  readonly kind: string;
  /** In the table's order. */
  readonly columns: readonly SourceColumn[];
}

const READABLE_KINDS = new Set(['r', 'p', 'v', 'm', 'f']);

/** Finds a table, named as `schema.table`. Throws SOURCE_REFUSED when it is not there or nothing to select from. */
export async function findTable(session: SourceSession, table: string): Promise<Pick<SourceTable, 'oid' | 'name' | 'kind'>> {
  const [schema = '', name = ''] = table.split('.');
  session.about(table);
  const [found] = await session.rows<{ oid: number; kind: string }>('select c.oid::int8::float8 as oid, c.relkind::text as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2', [schema, name]);
  if (!found || !READABLE_KINDS.has(found.kind)) {
    const others = await session.rows<{ name: string }>("select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1 limit 1000", [schema]);
    throw new WeirError({ code: 'SOURCE_REFUSED', message: `There is no table ${table} in the database.`, place: table, fix: `Correct \`source.table\`: ${suggest(name, others.map((other) => other.name))}` });
  }
  return { oid: found.oid, name: quoteQualified(schema, name), kind: found.kind };
}

/** The columns that a table has now. Throws SOURCE_REFUSED for a table without any. */
export async function readColumns(session: SourceSession, { oid, name }: Pick<SourceTable, 'oid' | 'name'>): Promise<readonly SourceColumn[]> {
  const columns = (await columnsOfAll(session, [oid])).get(oid);
  if (columns) return columns;
  throw new WeirError({ code: 'SOURCE_REFUSED', message: `${name} has no columns.`, place: name });
}

/** The columns of tables by their oid; none of a table without any. */
export async function columnsOfAll(session: SourceSession, oids: readonly number[]): Promise<ReadonlyMap<number, readonly SourceColumn[]>> {
  const found = await session.rows<Omit<SourceColumn, 'holds'> & { readonly table: number; readonly base: string }>(
    `select a.attrelid::int8::float8 as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required, t.typcategory = 'A' as array, coalesce(nullif(t.typbasetype, 0), t.oid)::int8::float8 as oid,
       case t.typbasetype when 0 then format_type(a.atttypid, a.atttypmod) else format_type(t.typbasetype, t.typtypmod) end as base
     from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = any($1::oid[]) and a.attnum > 0 and not a.attisdropped order by a.attrelid, a.attnum`,
    [oids],
  );
  const tables = new Map<number, SourceColumn[]>();
  for (const { table, base, ...column } of found) {
    const columns = tables.get(table) ?? [];
    columns.push({ ...column, holds: heldBy(base) });
    tables.set(table, columns);
  }
  return tables;
}

const WIDER: Readonly<Record<string, ColumnType>> = { smallint: 'BIGINT', integer: 'BIGINT', real: 'DOUBLE', 'timestamp with time zone': 'TIMESTAMP' };
/** The engine's longest. */
const MOST_DIGITS = 38;

/** Numbers without bounds, and all that the contract has no type for, stay text. */
function heldBy(type: string): ColumnType {
  const plain = type.replace(/^timestamp\(\d\)/, 'timestamp');
  const held = WIDER[plain] ?? columnType(plain);
  const [, precision = '0', scale = '0'] = /^DECIMAL\((\d+),(\d+)\)$/.exec(held ?? '') ?? [];
  return held === undefined || Number(precision) > MOST_DIGITS || Number(scale) > Number(precision) ? 'VARCHAR' : held;
}

/** Money prints by the locale of the database; its number does not. */
const MONEY = 790;

/**
 * The SELECT list of a table, in its order, under its names; of columns of arrays that `arrays` names, JSON. A row whose only column is null would be an empty line, which is no record: it is written as empty text, which means the same in a file.
 */
export function selectList(columns: readonly SourceColumn[], arrays: ReadonlySet<string> = new Set()): string {
  const alone = columns.length === 1;
  return columns
    .map(({ name, oid, array }) => {
      const column = quoteIdent(name);
      const value = oid === MONEY ? `${column}::numeric` : array && arrays.has(name) ? `to_json(${column})` : column;
      return `${alone ? `format('%s', ${value})` : value} as ${column}`;
    })
    .join(', ');
}
