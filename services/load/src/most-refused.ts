import type { Policy } from '@weir/core';

/** More are never set aside in one load: each costs the table some ten more statements. */
const MOST = 10_000;

/** How many of so many rows one table may refuse in a load, by the policy of the pipeline. */
export function mostRefused({ failAbove: { share, minRows } }: Policy): (rows: number) => number {
  return (rows) => Math.min(MOST, Math.max(minRows, Math.floor(share * rows)));
}
