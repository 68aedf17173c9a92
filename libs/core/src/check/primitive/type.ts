import { decodeColumn } from '../../contract/decode-column';
import type { ColumnType } from '../../contract/contract';
import { quoteIdent } from '../../sql/quote';
import { argumentSchema, COLUMN, failingValues, type Primitive } from './primitive';

/** Types that a value's text may be read as, and the columns that the contract would read them into. */
export const VALUE_TYPES = { string: 'VARCHAR', integer: 'BIGINT', number: 'DOUBLE', boolean: 'BOOLEAN', date: 'DATE', timestamp: 'TIMESTAMP' } as const satisfies Record<string, ColumnType>;

export type ValueType = keyof typeof VALUE_TYPES;

/** Values whose text cannot be read as one of the types, exactly as a contract's column of that type would read it. */
export interface Type {
  readonly kind: 'type';
  readonly column: string;
  readonly types: readonly ValueType[];
}

export const type: Primitive<Type> = Object.freeze<Primitive<Type>>({
  kind: 'type',
  summary: 'rows whose value cannot be read as one of `types`',
  type: 'conformity',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema(
    { column: COLUMN, types: { type: 'array', minItems: 1, items: { enum: Object.keys(VALUE_TYPES), description: 'one of the types.' }, description: `a list of ${Object.keys(VALUE_TYPES).join(', ')}.` } },
    ['column', 'types'],
  ),
  columnsOf: ({ column }) => [column],
  measure: ({ column, types }) => {
    const text = `${quoteIdent(column)}::VARCHAR`;
    const readable = types.map((one) => `(${decodeColumn({ name: column, physicalName: column, type: VALUE_TYPES[one], required: false }, text)}) is not null`);
    return failingValues(column, `(${readable.join(' or ')})`);
  },
});
