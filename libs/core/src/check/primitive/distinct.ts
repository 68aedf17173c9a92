import { quoteIdent } from '../../sql/quote';
import { argumentSchema, COLUMN, type Primitive } from './primitive';

/** How many different values a column has; as a percentage, of its values. */
export interface Distinct {
  readonly kind: 'distinct';
  readonly column: string;
}

export const distinct: Primitive<Distinct> = Object.freeze<Primitive<Distinct>>({
  kind: 'distinct',
  summary: 'different values of the column; `unit: percent` of its values',
  type: 'uniqueness',
  gives: 'number',
  unit: 'value',
  share: true,
  schema: argumentSchema({ column: COLUMN }, ['column']),
  columnsOf: ({ column }) => [column],
  measure: ({ column }) => ({ by: 'groups', columns: [column], present: `${quoteIdent(column)} is not null`, number: 'count(*)' }),
});
