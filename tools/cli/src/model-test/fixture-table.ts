import { type Column, type FixtureRow, type Problem, decodeColumn, quoteIdent, typeName } from '@weir/core';
import type { Engine } from '@weir/engine';

/** Number of a fixture's row, from 0. */
export const ORDINAL = '_weir_ordinal';

/** Values that do not fit which are told; more of them say the same. */
const MAX_PROBLEMS = 20;

/**
 * Makes a table of typed rows from the texts of a test, by the forms that a contract takes (ISO dates and times, exact decimals), with ORDINAL; columns that a row leaves out are null.
 * Gives the values that are not of their column's type.
 */
export async function fixtureTable(engine: Engine, name: string, columns: readonly Column[], rows: readonly FixtureRow[]): Promise<Problem[]> {
  const texts = `${name}_texts`;
  await engine.run(`create temp table ${texts} (${[`${ORDINAL} BIGINT`, ...columns.map((_column, at) => `t${at} VARCHAR`)].join(', ')})`, name);
  await engine.append(texts, rows.map((row, ordinal) => [ordinal, ...columns.map((column) => row.cells.get(column.name)?.text ?? null)]));
  const typed = columns.map((column, at) => `${decodeColumn({ ...column, physicalName: column.name, required: false }, `t${at}`)} as ${quoteIdent(column.name)}`);
  await engine.run(`create temp table ${name} as select ${[ORDINAL, ...typed].join(', ')} from ${texts}`, name);
  const misfits = columns.map(({ name: column }, at) => `select ${ORDINAL} as ordinal, ${at} as at from ${texts} join ${name} using (${ORDINAL}) where t${at} is not null and ${quoteIdent(column)} is null`);
  const found = await engine.rows<{ ordinal: number; at: number }>(`${misfits.join(' union all ')} order by all limit ${MAX_PROBLEMS}`, name);
  return found.flatMap(({ ordinal, at }) => misfit(columns[at], rows[ordinal]) ?? []);
}

function misfit(column: Column | undefined, row: FixtureRow | undefined): Problem | undefined {
  const cell = column && row?.cells.get(column.name);
  if (!column || !cell) return undefined;
  return { code: 'INVALID_VALUE', message: `\`${cell.text?.slice(0, 80)}\` is not ${typeName(column.type)}, and ${column.name} is ${column.type}.`, fix: fixOf(column), place: cell.place };
}

function fixOf({ type }: Column): string {
  if (type === 'DATE') return 'Write it as 2010-12-01.';
  if (type === 'TIMESTAMP') return 'Write it as 2010-12-01 08:26:00; with an offset it is brought to UTC.';
  return type === 'BOOLEAN' ? 'Write true or false.' : 'Correct the value, or leave the column out.';
}
