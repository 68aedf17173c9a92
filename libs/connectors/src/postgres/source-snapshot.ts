import type { SourceSession } from './source-session';
import type { SourceTable } from './source-table';

/** How long a change of the table that is under way is waited for. */
const LOCK_MS = 30_000;
/** Between two statements a part is flushed to the disk. */
const IDLE_MS = 60_000;
/** Longest time that Postgres takes. */
const MOST_MS = 2_147_483_647;
const LOCKABLE_KINDS = new Set(['r', 'p']);

/** Text that says all of a value, and the same everywhere; the intervals are those that the engine can cast. Rows in one order, as long as nobody writes. */
const SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  synchronize_seqscans: 'off',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  lock_timeout: String(LOCK_MS),
  idle_in_transaction_session_timeout: String(IDLE_MS),
};

/** Since which version of the server. */
const LATER_SETTINGS: readonly (readonly [number, string, (timeoutMs: number) => string])[] = [
  // The server looks for a client that is gone while it still sorts.
  [140_000, 'client_connection_check_interval', () => '2000'],
  [170_000, 'transaction_timeout', String],
];

/**
 * Begins a transaction whose statements all see the table as it is now, and can change nothing. The table keeps its columns until the end; writers are not held up. A snapshot keeps vacuum from
 * removing what it still sees: no statement, and since Postgres 17 not the whole, takes longer than `timeoutMs`, and a reader that is gone is not waited for.
 */
export async function beginSnapshot(session: SourceSession, { name, kind }: Pick<SourceTable, 'name' | 'kind'>, timeoutMs: number): Promise<void> {
  const [server] = await session.rows<{ version: number }>("select current_setting('server_version_num')::int as version");
  const bound = Math.min(Math.max(1, Math.ceil(timeoutMs)), MOST_MS);
  const later = LATER_SETTINGS.flatMap(([since, setting, value]) => ((server?.version ?? 0) >= since ? [[setting, value(bound)] as const] : []));
  const settings = [...Object.entries(SETTINGS), ['statement_timeout', String(bound)] as const, ...later];
  // A lock before the first statement that sees rows: a table that is rewritten between them would look empty.
  const lock = LOCKABLE_KINDS.has(kind) ? [`lock table ${name} in access share mode`] : [];
  await session.run(['begin isolation level repeatable read, read only', ...settings.map(([setting, value]) => `set local ${setting} = '${value}'`), ...lock].join('; '));
}
