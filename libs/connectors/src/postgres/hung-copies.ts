import type { Pools } from './config';
import type { Transaction } from './transaction';

/** Twice this and a little more is waited for a lock. A copy that goes on moves far more than one byte in that time. */
const LOOK_AFTER_MS = 10_000;

/** Copies that take rows from a client and keep a session waiting, with what they have taken so far. */
const BLOCKING = `
  select c.pid, c.bytes_processed as bytes from unnest(pg_blocking_pids($1)) as b (pid) join pg_stat_progress_copy c on c.pid = b.pid
  where c.datname = current_database() and c.command = 'COPY FROM' and c.type = 'PIPE'`;

/**
 * Runs a statement that may wait for another load's lock. If that one is in a copy which stands still, its process hangs or is out of reach; the server would wait for its bytes for ever, and with it
 * everybody behind it. So its session is ended, and the statement goes on.
 */
export async function endingHungCopies<T>(pools: Pools, { processId }: Transaction, statement: () => Promise<T>): Promise<T> {
  let seen: string[] = [];
  const look = async (): Promise<void> => {
    const found = await pools.questions.query<{ pid: number; bytes: string }>(BLOCKING, [processId]);
    const copies = found.rows.map(({ pid, bytes }) => ({ pid, state: `${pid} ${bytes}` }));
    for (const { pid } of copies.filter(({ state }) => seen.includes(state))) await pools.questions.query('select pg_terminate_backend($1)', [pid]);
    seen = copies.map(({ state }) => state);
  };
  // What cannot be seen or ended is waited for until the lock's time is up.
  const timer = setInterval(() => void look().catch(() => undefined), LOOK_AFTER_MS);
  try {
    return await statement();
  } finally {
    clearInterval(timer);
  }
}
