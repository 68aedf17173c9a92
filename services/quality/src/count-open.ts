import type pg from 'pg';

/** How many open rows a pipeline has. */
export async function countOpen(db: Pick<pg.ClientBase, 'query'>, pipeline: string): Promise<number> {
  const { rows } = await db.query<{ open: string }>(`select count(*) as open from quality.quarantined_row where pipeline = $1 and status = 'open'`, [pipeline]);
  return Number(rows[0]?.open ?? 0);
}
