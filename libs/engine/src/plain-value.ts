import type { DuckDBValue } from '@duckdb/node-api';
import { WeirError } from '@weir/core';

/** What a value of the engine becomes for our code: exact, and safe to put into JSON. */
export type Plain = null | boolean | number | string | readonly Plain[];

/** Integers become numbers (INTERNAL beyond 2^53, where they would not be exact), lists become arrays, all else that JSON lacks becomes text. */
export function toPlain(value: DuckDBValue): Plain {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'bigint') {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new WeirError({ code: 'INTERNAL', message: `${value} does not fit a number exactly; cast it to VARCHAR.` });
    return number;
  }
  if ('items' in value && Array.isArray(value.items)) return (value.items as readonly DuckDBValue[]).map(toPlain);
  return value.toString();
}
