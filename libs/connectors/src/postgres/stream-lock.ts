import { quoteLiteral } from '@weir/core';
import type { StreamTable } from './stream-table';
import { tableLabel } from './table';

/**
 * SQL of the number under which a table by key is locked: micro-batches that only bring rows share it; one that deletes, a restatement and whoever alters the table has it for
 * itself. It is taken before the table and its tombstones are touched, so that these are never waited for in a circle.
 */
export function lockKey({ spec }: StreamTable): string {
  return `hashtextextended('weir.rows ' || ${quoteLiteral(tableLabel(spec))}, 0)`;
}
