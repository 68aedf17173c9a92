const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * How long to wait before retry number `retry` (from 0) of a transient failure: from 1 s up to a bound that doubles to 30 s,
 * spread evenly, so that many runs that wait for the same server do not return all at once. `random` is in [0, 1).
 */
export function backoffMs(retry: number, random: number): number {
  const bound = Math.min(FIRST_MS * 2 ** Math.min(retry + 1, 10), LONGEST_MS);
  return Math.round(FIRST_MS + random * (bound - FIRST_MS));
}
