import { WeirError } from '@weir/core';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

/** How many entries a list has at most: what was asked for, 20 for 0. Throws INVALID_VALUE outside of 0 to 1000. */
export function checkedLimit(limit: number): number {
  if (limit < 0 || limit > MAX_LIMIT) throw new WeirError({ code: 'INVALID_VALUE', message: `The limit is ${limit}.`, fix: `Use 1 to ${MAX_LIMIT}, or 0 for ${DEFAULT_LIMIT}.` });
  return limit || DEFAULT_LIMIT;
}
