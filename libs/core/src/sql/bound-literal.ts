import { isNumeric } from '../contract/column-type';
import type { ColumnType } from '../contract/contract';
import { parseInstant } from '../interval/interval';
import { numberLiteral, quoteLiteral } from './quote';

/** A bound as an SQL literal that compares with a column of the type; undefined where it cannot: numbers want numbers, dates and times want ISO 8601 text (UTC). */
export function boundLiteral(value: number | string, type: ColumnType): string | undefined {
  if (isNumeric(type)) return typeof value === 'number' && Number.isFinite(value) ? numberLiteral(value) : undefined;
  if ((type !== 'DATE' && type !== 'TIMESTAMP') || typeof value !== 'string') return undefined;
  try {
    const instant = parseInstant(value);
    return type === 'DATE' ? `date ${quoteLiteral(instant.slice(0, 10))}` : `timestamp ${quoteLiteral(instant.slice(0, 19).replace('T', ' '))}`;
  } catch {
    return undefined;
  }
}
