import { quoteIdent, type PostgresSource } from '@weir/core';
import type { ReadOptions } from '../raw-part';
import type { PostgresSourceConnection } from './source-connection';
import { cursorOf, type CursorType } from './source-cursor';
import { withSession } from './source-session';
import { findTable, readColumns, type SourceColumn, type SourceTable } from './source-table';

/** What is seen of a source that can be read. */
export interface PostgresFacts {
  /** Of the server, such as 15.18. */
  readonly version: string;
  readonly columns: readonly SourceColumn[];
  /** By the statistics of the server; undefined where it has none, as of a view or a table that was never analyzed. */
  readonly estimatedRows: number | undefined;
  readonly cursor: CursorFacts | undefined;
}

export interface CursorFacts {
  readonly type: CursorType;
  /** Whether an index begins with it. */
  readonly indexed: boolean;
  /** Undefined where nothing stands in the way of a fast run. */
  readonly advice: string | undefined;
}

/** Connects as a run does, and looks at the table without reading it: 20 s a question. Throws what readPostgres throws of login, TLS, rights, table and cursor. */
export async function testPostgres({ table: name, cursor }: Pick<PostgresSource, 'table' | 'cursor'>, connection: PostgresSourceConnection, options: ReadOptions): Promise<PostgresFacts> {
  return withSession(connection, options, async (session) => {
    const table = await findTable(session, name);
    const columns = await readColumns(session, table);
    const of = cursor === undefined ? undefined : cursorOf(columns, cursor, name);
    // Whether the user may read shows when it does.
    await session.run(`select from ${table.name} limit 0`);
    const [seen] = await session.rows<{ version: string; rows: number | null; indexed: boolean }>(SEEN, [table.oid, of?.name ?? null]);
    return {
      version: seen?.version ?? '',
      columns,
      estimatedRows: seen?.rows ?? undefined,
      cursor: of && { type: of.type, indexed: seen?.indexed ?? false, advice: seen?.indexed ? undefined : adviceFor(name, of.name, table) },
    };
  });
}

/** Rows of a table with those of its partitions; an index is one of all rows, sorted by the column or by ranges of blocks. */
const SEEN = `with recursive tree(oid) as (select $1::oid union select i.inhrelid from pg_inherits i join tree on i.inhparent = tree.oid)
  select split_part(current_setting('server_version'), ' ', 1) as version,
    (select sum(reltuples)::float8 from tree join pg_class c using (oid) where c.relkind in ('r', 'm', 'f') having min(reltuples) >= 0) as rows,
    exists (select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = $1::oid and i.indisvalid and i.indpred is null and m.amname in ('btree', 'brin') and a.attname = $2) as indexed`;

function adviceFor(table: string, cursor: string, { name, kind }: Pick<SourceTable, 'name' | 'kind'>): string {
  if (kind === 'v' || kind === 'f') return `${table} is a ${kind === 'v' ? 'view' : 'foreign table'}: see that what it reads finds rows by ${cursor}, or every interval reads all of it.`;
  return `No index begins with ${cursor}: every interval reads all of ${table}. Add one: create index concurrently on ${name} (${quoteIdent(cursor)});`;
}
