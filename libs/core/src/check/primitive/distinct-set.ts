import { quoteIdent } from '../../sql/quote';
import { isOneOf, valueLiteral } from '../../sql/value-literal';
import { argumentSchema, COLUMN, FLAG, type Primitive, typeOf, VALUE_LIST } from './primitive';
import { valueSet } from './set';

/** Listed values that do not occur, and with `exact` different values that are not listed. */
export interface DistinctSet {
  readonly kind: 'distinctSet';
  readonly column: string;
  readonly values: readonly (string | number | boolean)[];
  readonly exact?: boolean | undefined;
}

export const distinctSet: Primitive<DistinctSet> = Object.freeze<Primitive<DistinctSet>>({
  kind: 'distinctSet',
  summary: 'values of the list that do not occur; with `exact: true` also different values that are not in it',
  type: 'conformity',
  gives: 'failing rows',
  unit: 'value',
  share: false,
  schema: argumentSchema({ column: COLUMN, values: VALUE_LIST, exact: FLAG }, ['column', 'values']),
  columnsOf: ({ column }) => [column],
  fault: ({ column, values }, columns) => valueSet.fault?.({ kind: 'set', column, values }, columns),
  measure: ({ column, values, exact }, { columns }) => {
    const [name, type] = [quoteIdent(column), typeOf(columns, column) ?? 'VARCHAR'];
    const listed = isOneOf(name, values, type);
    const wanted = new Set(values.map((value) => valueLiteral(value, type))).size;
    const others = exact ? ` + count(distinct ${name}) filter (where not (${listed}))` : '';
    return { by: 'aggregate', number: `${wanted} - count(distinct ${name}) filter (where ${listed})${others}`, empty: 'counts' };
  },
});
