import { setTimeout as sleep } from 'node:timers/promises';
import { WeirError } from '@weir/core';
import type { SourceSession } from './source-session';

const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;

/** Transactions that hold what INSERT takes on its table before it evaluates a default, until they end: on the table, its partitions, or what it is a partition of. Prepared ones are among them. */
const WRITERS = `with recursive below(oid) as (select $1::oid union select i.inhrelid from pg_inherits i join below on i.inhparent = below.oid),
    above(oid) as (select $1::oid union select i.inhparent from pg_inherits i join above on i.inhrelid = above.oid)
  select distinct l.virtualtransaction as writer from pg_locks l
  where l.locktype = 'relation' and l.mode = 'RowExclusiveLock' and l.granted and l.database = (select oid from pg_database where datname = current_database())
    and l.relation in (select oid from below union select oid from above)`;

/**
 * Waits until every transaction has ended that was writing to a table at the call; those that begin meanwhile are not waited for. An id that the table hands out by itself and that is smaller than one that is visible now was handed out
 * before, by a transaction that held the lock then: with its end the row is visible, or never will be. Gives false when one is open still after `waitMs`. Nothing is locked. Throws CANCELLED, and what the session throws.
 */
export async function endOfWriters(session: SourceSession, oid: number, waitMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  let open = await writersOf(session, oid);
  for (let look = FIRST_LOOK_MS; open.size > 0; look = Math.min(2 * look, LONGEST_LOOK_MS)) {
    const left = deadline - performance.now();
    if (left <= 0) return false;
    await sleep(Math.min(look, left), undefined, { signal }).catch((error: unknown) => {
      throw new WeirError({ code: 'CANCELLED', message: 'Cancelled while waiting for transactions to end.' }, { cause: error });
    });
    const now = await writersOf(session, oid);
    open = new Set([...open].filter((writer) => now.has(writer)));
  }
  return true;
}

async function writersOf(session: SourceSession, oid: number): Promise<ReadonlySet<string>> {
  return new Set((await session.rows<{ writer: string }>(WRITERS, [oid])).map(({ writer }) => writer));
}
