import { checkParquet } from '@weir/connectors';
import { quoteLiteral } from '@weir/core';
import { withEngine } from '@weir/engine';
import type { LookedAt } from './seen-columns';

/** What a Parquet file says of itself, and its first rows as JSON. */
export interface ParquetBeginning {
  /** With the engine's types, in the order of the file. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly string[];
}

/** The columns by the footer, and so many of the first rows. Throws FILE_TRUNCATED, FILE_MALFORMED, and what the engine throws. */
export async function readParquet({ path, name, scratch, engine, signal }: LookedAt, most: number): Promise<ParquetBeginning> {
  await checkParquet(path, name);
  const from = `read_parquet(${quoteLiteral(path)})`;
  return withEngine({ inputs: [path], staging: scratch, ...engine, signal }, async (opened) => {
    const columns = await opened.rows<{ name: string; type: string }>(`select column_name as name, column_type as type from (describe select * from ${from})`, name);
    const rows = most === 0 ? [] : await opened.rows<{ row: string }>(`select to_json(r)::varchar as row from (select * from ${from} limit ${most}) r`, name);
    return { columns, rows: rows.map(({ row }) => row) };
  });
}
