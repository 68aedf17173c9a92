import { type Column, type ExpectedRows, type Problem, quoteIdent } from '@weir/core';
import type { Engine } from '@weir/engine';
import type { Row } from './compare-rows';
import { ORDINAL, fixtureTable } from './fixture-table';
import { textsSql } from './run-batch';

/** Digits to which floating numbers are compared: their last ones depend on the order of a sum. */
const DOUBLE_DIGITS = 12;

/** The expected rows as the engine writes their values, so that 1.5 is 1.500 where the column says so; each row has the columns that the test names in it. */
export async function expectedTexts(engine: Engine, { columns, rows }: ExpectedRows): Promise<{ readonly rows: readonly Row[]; readonly problems: readonly Problem[] }> {
  const problems = await fixtureTable(engine, 'expected', columns, rows);
  const texts = await engine.rows<Record<string, string | null>>(`select ${textsSql(columns)} from expected order by ${quoteIdent(ORDINAL)}`, 'expected rows');
  const named = rows.map(({ cells }, index): Row => new Map([...cells.keys()].map((column) => [column, texts[index]?.[column] ?? null])));
  return { rows: sameDoubles(named, columns), problems };
}

/** Rows whose floating numbers read alike where they differ in nothing but their last digits. */
export function sameDoubles(rows: readonly Row[], columns: readonly Column[]): readonly Row[] {
  const doubles = new Set(columns.filter(({ type }) => type === 'DOUBLE').map(({ name }) => name));
  if (doubles.size === 0) return rows;
  return rows.map((row) => new Map([...row].map(([column, value]) => [column, value === null || !doubles.has(column) ? value : String(Number(Number(value).toPrecision(DOUBLE_DIGITS)))])));
}
