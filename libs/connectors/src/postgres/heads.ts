import type { Pool } from 'pg';
import { STREAM } from './stream-table';
import { tableLabel, type TableSpec } from './table';

/** A table and the snapshot that it holds. */
export interface TableState {
  readonly spec: TableSpec;
  readonly snapshot: number;
}

const HEADS = `
  select t.n::int as n, h.snapshot
  from unnest($2::text[], $3::text[], $4::text[]) with ordinality as t (label, schema, name, n)
  join weir.head h on h.table_name = t.label and h.pipeline = $1
  where h.snapshot > 0 and not starts_with(h.layout, '${STREAM}')
    and exists (select from pg_class c join pg_namespace s on s.oid = c.relnamespace where s.nspname = t.schema and c.relname = t.name and c.relkind in ('r', 'p'))
  order by t.n`;

/**
 * Where a pipeline's tables stand; one that is not there, or was never loaded, is left out, and so is one that a stream writes: it is never brought from
 * one snapshot to another, and needs none. Changes nothing: where no ledger is, no table was loaded.
 */
export async function readHeads(pool: Pool, specs: readonly TableSpec[], pipeline: string): Promise<TableState[]> {
  const ledger = await pool.query<{ present: boolean }>("select to_regclass('weir.head') is not null as present");
  if (!ledger.rows[0]?.present) return [];
  const found = await pool.query<{ n: number; snapshot: string }>(HEADS, [pipeline, specs.map(tableLabel), specs.map(({ schema }) => schema), specs.map(({ name }) => name)]);
  return found.rows.flatMap(({ n, snapshot }) => {
    const spec = specs[n - 1];
    return spec ? [{ spec, snapshot: Number(snapshot) }] : [];
  });
}
