import { quoteIdent } from '../../sql/quote';
import { isOneOf } from '../../sql/value-literal';
import { argumentSchema, COLUMN, type Primitive, typeOf, VALUE_LIST } from './primitive';

/** Rows without a value: null, or one of those that stand for none. */
export interface NullShare {
  readonly kind: 'nullShare';
  readonly column: string;
  /** Values that count as none besides null. */
  readonly missing?: readonly (string | number | boolean)[] | undefined;
  /** `null` turns it round: rows with a value fail. */
  readonly wanted?: 'null' | undefined;
}

export const nullShare: Primitive<NullShare> = Object.freeze<Primitive<NullShare>>({
  kind: 'nullShare',
  summary: 'rows without a value: null, or one of `missing`',
  type: 'completeness',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ column: COLUMN, missing: { ...VALUE_LIST, minItems: 0 }, wanted: { enum: ['null'], description: 'null: then rows with a value fail.' } }, ['column']),
  columnsOf: ({ column }) => [column],
  measure: ({ column, missing = [], wanted }, { columns }) => {
    const name = quoteIdent(column);
    const listed = missing.length === 0 ? 'false' : isOneOf(name, missing, typeOf(columns, column) ?? 'VARCHAR');
    const without = listed === 'false' ? `${name} is null` : `(${name} is null or ${listed})`;
    return { by: 'rows', failing: wanted === 'null' ? `(not ${without})` : without };
  },
});
