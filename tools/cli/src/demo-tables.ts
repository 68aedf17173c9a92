import type { Account } from '@weir/servers';
import { Client, escapeIdentifier } from 'pg';

export interface TableCount {
  readonly name: string;
  readonly rows: number;
}

/** The tables of a schema in the warehouse with their rows, counted there and not taken from the run's word. */
export async function warehouseCounts(warehouse: Account, schema: string): Promise<TableCount[]> {
  const client = new Client({ ...warehouse });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('select table_name as name from information_schema.tables where table_schema = $1 order by 1', [schema]);
    const counts: TableCount[] = [];
    for (const { name } of rows) {
      const answer = await client.query<{ rows: string }>(`select count(*) as rows from ${escapeIdentifier(schema)}.${escapeIdentifier(name)}`);
      counts.push({ name: `${schema}.${name}`, rows: Number(answer.rows[0]?.rows ?? 0) });
    }
    return counts;
  } finally {
    await client.end();
  }
}
