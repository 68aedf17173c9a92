import { WeirError } from '@weir/core';

/** The most that a list gives. */
export const MAX_LIMIT = 1_000;

/** The number of --limit. Throws INVALID_VALUE. */
export function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw new WeirError({ code: 'INVALID_VALUE', place: '--limit', message: `\`${text}\` is not a limit.`, fix: `Give a number from 1 to ${MAX_LIMIT}.` });
  return limit;
}
