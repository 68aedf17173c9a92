import { DELETED, jsonRowSql } from '@weir/core';
import type { Engine } from './engine';
import { PARTITION_COLUMN } from './relation';
import { withStatements, type BoundModel } from './run-model';

/** Some rows of a model. */
export interface FirstRows {
  /** As `jsonRowSql` writes them, over the model's columns. */
  readonly lines: readonly string[];
  /** Whether the model has more. */
  readonly more: boolean;
}

/** How many rows are wanted. */
export interface RowBounds {
  readonly rows: number;
  readonly bytes: number;
}

/** Runs one model for the first rows of its last partition, then of those before it; of rows that delete their key none. Writes nothing. Throws as runModel does. */
export function firstRows(engine: Engine, run: BoundModel, bounds: RowBounds): Promise<FirstRows> {
  return withStatements(run, async (statements) => {
    const lines: string[] = [];
    let left = bounds.bytes;
    // Each statement is one partition where there are several, in ascending order.
    for (const statement of [...statements].reverse()) {
      const wanted = bounds.rows - lines.length;
      const found = await engine.rows<Found>(limitedSql(run, statement, wanted + 1, left), `preview ${run.model.name}`);
      const taken = found.flatMap(({ line }) => line ?? []).slice(0, wanted);
      lines.push(...taken);
      left -= taken.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
      if ((found[0]?.found ?? 0) > taken.length) return { lines, more: true };
    }
    return { lines, more: false };
  });
}

interface Found {
  /** null for a first row that alone does not fit. */
  readonly line: string | null;
  /** Rows that there are, also those that do not fit. */
  readonly found: number;
}

/** Rows that do not fit into `bytes` together stay in the engine. */
function limitedSql({ model, work }: BoundModel, statement: string, rows: number, bytes: number): string {
  const living = model.scope === 'row' ? ` where not ${DELETED}` : '';
  const order = work.partitions.length > 1 ? ` order by ${PARTITION_COLUMN.name} desc` : '';
  const numbered = `select row_number() over () as n, ${jsonRowSql(model.columns)} as line from (select * from (${statement})${living}${order} limit ${rows})`;
  const summed = `select line, n, sum(strlen(line) + 1) over (order by n) as bytes, count(*) over () as found from (${numbered})`;
  return `select case when bytes <= ${bytes} then line end as line, found from (${summed}) where bytes <= ${bytes} or n = 1 order by n`;
}
