import { quoteIdent } from '../../sql/quote';
import { argumentSchema, COLUMN_LIST, presentSql, type Primitive } from './primitive';

/** Which rows are left out: those in which `any` or `all` of the columns are null, or `none`. */
export type Skip = 'any' | 'all' | 'none';

export const SKIP = { enum: ['any', 'all', 'none'], description: 'Use any (the default), all or none: which nulls leave a row out.' };

/** Rows whose values came before in the dataset. */
export interface Unique {
  readonly kind: 'unique';
  readonly columns: readonly string[];
  /** `all` counts every row that shares its values; otherwise the first one of each is good. */
  readonly count?: 'all' | undefined;
  readonly skip?: Skip | undefined;
}

export const unique: Primitive<Unique> = Object.freeze<Primitive<Unique>>({
  kind: 'unique',
  summary: 'rows whose values in `columns` came before; with `count: all` every row that shares them',
  type: 'uniqueness',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ columns: COLUMN_LIST, count: { enum: ['all'], description: 'all: count the first of equal rows too.' }, skip: SKIP }, ['columns']),
  columnsOf: ({ columns }) => columns,
  measure: ({ columns, count, skip = 'any' }) => ({
    by: 'groups',
    columns,
    present: skippedSql(columns, skip),
    number: count === 'all' ? 'coalesce(sum(n) filter (where n > 1), 0)' : 'coalesce(sum(n - 1), 0)',
  }),
});

/** SQL that is true for the rows that are not left out. */
export function skippedSql(columns: readonly string[], skip: Skip): string {
  if (skip === 'none') return 'true';
  return skip === 'any' ? presentSql(columns) : `(${columns.map((column) => `${quoteIdent(column)} is not null`).join(' or ')})`;
}
