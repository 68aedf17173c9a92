import type { ReadOptions } from '../raw-part';
import type { PostgresSourceConnection } from './source-connection';
import { withSession } from './source-session';
import { columnsOfAll, findTable, type SourceColumn } from './source-table';

/** A table that a source could read. */
export interface DiscoveredTable {
  /** As `source.table` names it. */
  readonly table: string;
  /** `table`, `partitioned table`, `view`, `materialized view` or `foreign table`. */
  readonly kind: string;
  readonly columns: readonly SourceColumn[];
  /** Columns of its primary key, in the key's order; empty without one. */
  readonly key: readonly string[];
  /** By the statistics of the server; undefined where it has none, as of a view or a table that was never analyzed. */
  readonly estimatedRows: number | undefined;
}

export interface DiscoveredTables {
  readonly tables: readonly DiscoveredTable[];
  /** Whether there are more than were listed. */
  readonly more: boolean;
}

const MOST_TABLES = 500;

/** Lists the tables that the connection's user may read, by name, those of Postgres itself and the partitions of others left out: 500 at most; or one of them. Throws what connecting throws, UNAVAILABLE, and SOURCE_REFUSED where that one is not there. */
export async function discoverPostgres(connection: PostgresSourceConnection, options: ReadOptions & { readonly table?: string | undefined }): Promise<DiscoveredTables> {
  return withSession(connection, options, async (session) => {
    const one = options.table === undefined ? undefined : await findTable(session, options.table);
    const found = await session.rows<{ oid: number; table: string; kind: string; key: string[]; rows: number | null }>(TABLES, [MOST_TABLES + 1, one?.oid ?? null]);
    const shown = found.slice(0, MOST_TABLES);
    const columns = await columnsOfAll(session, shown.map(({ oid }) => oid));
    return { tables: shown.map(({ oid, rows, ...table }) => ({ ...table, columns: columns.get(oid) ?? [], estimatedRows: rows ?? undefined })), more: found.length > MOST_TABLES };
  });
}

const TABLES = `select c.oid::int8::float8 as oid, n.nspname || '.' || c.relname as table,
    case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view' when 'm' then 'materialized view' else 'foreign table' end as kind,
    array(select a.attname::text from pg_index i, unnest(i.indkey::int2[]) with ordinality k(attnum, place) join pg_attribute a on a.attnum = k.attnum
      where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and k.place <= i.indnkeyatts order by k.place) as key,
    case when c.relkind in ('r', 'p', 'm') and c.reltuples >= 0 then c.reltuples::float8 end as rows
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and (c.oid = $2::oid or ($2::oid is null and not c.relispartition)) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and has_schema_privilege(n.oid, 'usage') and has_any_column_privilege(c.oid, 'select')
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
  order by n.nspname, c.relname limit $1`;
