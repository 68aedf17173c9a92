import { argumentSchema, type Primitive } from './primitive';

/** Rows for which boolean SQL over their columns is false; null passes, as in SQL CHECK. */
export interface Row {
  readonly kind: 'row';
  readonly predicate: string;
  /** Boolean SQL: the rows that it is about, all of them where it is left out. */
  readonly where?: string | undefined;
}

const SQL_TEXT = { type: 'string', minLength: 1, description: 'boolean SQL over the columns of the row, such as "discount <= price".' };

export const row: Primitive<Row> = Object.freeze<Primitive<Row>>({
  kind: 'row',
  summary: 'rows for which the boolean SQL `predicate` is false; with `where` only of those for which that is true',
  type: 'consistency',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ predicate: SQL_TEXT, where: SQL_TEXT }, ['predicate']),
  columnsOf: () => [],
  measure: ({ predicate, where }) => {
    const failing = `coalesce(not (${predicate}), false)`;
    return where === undefined ? { by: 'rows', failing } : { by: 'rows', present: `coalesce((${where}), false)`, failing: `(coalesce((${where}), false) and ${failing})` };
  },
});
