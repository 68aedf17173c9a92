import { isNumeric } from '../contract/column-type';
import type { ColumnType } from '../contract/contract';
import { boundLiteral } from './bound-literal';
import { numberLiteral, quoteLiteral } from './quote';

/** A value of a contract as a literal that equals values of the type; undefined where no value of the type can equal it. */
export function valueLiteral(value: string | number | boolean, type: ColumnType): string | undefined {
  if (type === 'VARCHAR') return quoteLiteral(String(value));
  if (type === 'BOOLEAN') return value === true || value === 'true' ? 'true' : value === false || value === 'false' ? 'false' : undefined;
  if (!isNumeric(type)) return typeof value === 'string' ? boundLiteral(value, type) : undefined;
  const number = typeof value === 'boolean' || value === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) ? numberLiteral(number) : undefined;
}

/** SQL that is true where a column has one of the values; false where none of them can be there. */
export function isOneOf(column: string, values: readonly (string | number | boolean)[], type: ColumnType): string {
  const literals = values.map((value) => valueLiteral(value, type)).filter((literal) => literal !== undefined);
  return literals.length === 0 ? 'false' : `${column} in (${[...new Set(literals)].join(', ')})`;
}
