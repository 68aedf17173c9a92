import { quoteIdent, quoteLiteral } from '../../sql/quote';
import { isOneOf, valueLiteral } from '../../sql/value-literal';
import { shownValue } from '../../yaml/validate-yaml';
import { argumentSchema, COLUMN, failingValues, FLAG, type Primitive, typeOf, VALUE_LIST } from './primitive';

/** Values that are not in a list, or with `not` those that are. */
export interface ValueSet {
  readonly kind: 'set';
  readonly column: string;
  readonly values: readonly (string | number | boolean)[];
  readonly not?: boolean | undefined;
  /** A regular expression that a listed value must match as well, as ODCS' invalidValues may say. */
  readonly pattern?: string | undefined;
}

export const valueSet: Primitive<ValueSet> = Object.freeze<Primitive<ValueSet>>({
  kind: 'set',
  summary: 'rows whose value is not one of `values`; with `not: true` rows whose value is',
  type: 'conformity',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ column: COLUMN, values: VALUE_LIST, not: FLAG, pattern: { type: 'string', minLength: 1, description: 'a regular expression.' } }, ['column', 'values']),
  columnsOf: ({ column }) => [column],
  fault: ({ column, values }, columns) => {
    const type = typeOf(columns, column) ?? 'VARCHAR';
    const strange = values.find((value) => valueLiteral(value, type) === undefined);
    return strange === undefined ? undefined : { argument: 'values', message: `No value of \`${column}\` can be ${shownValue(strange)}: the column is ${type}.`, fix: 'Remove it.' };
  },
  measure: ({ column, values, not, pattern }, { columns }) => {
    const name = quoteIdent(column);
    const listed = isOneOf(name, values, typeOf(columns, column) ?? 'VARCHAR');
    const valid = pattern === undefined ? listed : `(${listed} and regexp_matches(${name}::VARCHAR, ${quoteLiteral(pattern)}))`;
    return failingValues(column, not ? `not ${valid}` : valid);
  },
});
