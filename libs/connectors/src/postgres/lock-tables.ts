import { quoteQualified, WeirError } from '@weir/core';
import { tableLabel, type TableName } from './table';
import type { Transaction } from './transaction';

/** How long a table is waited for while no other one is held. */
const PATIENCE_MS = 30_000;
/** How long the others are waited for once the first is held. Less than `deadlock_timeout`, 1 s unless somebody set it: a reader who waits for a table must not be the one whom Postgres ends. */
const HELD_MS = 400;

/**
 * Takes tables for the caller alone until the transaction ends. Whoever reads them in another order, or in a transaction of their own, could wait in a circle with this: so it waits long
 * only as long as it holds none of them, and gives back those that it has when another one is not to be had at once. Throws BUSY when it does not get them in half a minute.
 */
export async function lockAlone(transaction: Transaction, tables: readonly TableName[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (let order = tables; order.length > 0; ) {
    await transaction.run('savepoint weir_locks');
    const blocked = await firstBlocked(transaction, order, deadline);
    if (!blocked) break;
    await transaction.run('rollback to savepoint weir_locks');
    if (performance.now() >= deadline) throw new WeirError({ code: 'BUSY', message: `Others hold ${tableLabel(blocked)} for longer than ${PATIENCE_MS / 1_000} s.`, place: tableLabel(blocked) });
    // The one that somebody holds is waited for first next time.
    order = [blocked, ...order.filter((table) => table !== blocked)];
  }
  if (tables.length > 0) await transaction.run("release savepoint weir_locks; set local lock_timeout = '30s'");
}

/** Undefined when all are taken. */
async function firstBlocked(transaction: Transaction, order: readonly TableName[], deadline: number): Promise<TableName | undefined> {
  let until = deadline;
  for (const [at, table] of order.entries()) {
    const patience = Math.max(1, Math.round(until - performance.now()));
    try {
      await transaction.run(`set local lock_timeout = ${patience}; lock table ${quoteQualified(table.schema, table.name)} in access exclusive mode`);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      return table;
    }
    if (at === 0) until = performance.now() + HELD_MS;
  }
  return undefined;
}

function isLockTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '55P03';
}
