import { WeirError } from '@weir/core';
import type { Lake } from '@weir/lake';
import { countDropped, inTransaction, withSpan } from '@weir/platform';
import type { DropRowsRequest, DropRowsResponse } from '@weir/rpc';
import type pg from 'pg';
import { countOpen } from './count-open';
import type { Dependencies } from './dependencies';
import { filterValues, leavesAll, narrowed, type FilterValues } from './row-filter';

const MAX_TEXT = 500;
/** Rows that one call drops, the oldest first: bounds the transaction and the memory. */
const MAX_ROWS = 100_000;

/**
 * Drops the open rows that a filter leaves: the rows stay, as dropped, with who and why; their originals, keys and headers are removed at once. A call drops a hundred thousand at most and says when more are left; when none is, repeating it drops nothing.
 * Throws PIPELINE_NOT_FOUND, MISSING_KEY without a reason, or without a filter unless `all` says so; INVALID_VALUE for both, and for a filter that is none; UNAVAILABLE.
 */
export async function dropRows(dependencies: Pick<Dependencies, 'pool' | 'lake' | 'catalog'>, request: DropRowsRequest, signal: AbortSignal): Promise<DropRowsResponse> {
  const { pipeline } = request;
  const filter = filterValues(request.filter);
  assertMeant(request, filter);
  const { contract } = await dependencies.catalog.newest(pipeline, signal);
  return withSpan('quarantine drop rows', { 'weir.pipeline': pipeline }, async (span) => {
    const { paths, ...done } = await inTransaction(dependencies.pool, (client) => drop(client, request, filter, contract.version));
    for (const path of paths) await removeUnnamed(dependencies, path);
    span.setAttribute('weir.rows.dropped', done.dropped);
    countDropped({ pipeline }, done.dropped);
    return done;
  });
}

function assertMeant({ reason, by, all }: DropRowsRequest, filter: FilterValues): void {
  if (reason.trim() === '') throw new WeirError({ code: 'MISSING_KEY', message: 'Rows are dropped for a reason, and none is given.', fix: 'Say why: --reason "…".' });
  for (const text of [reason, by]) if (text.length > MAX_TEXT || text.includes('\0')) throw new WeirError({ code: 'INVALID_VALUE', message: `A reason or name is longer than ${MAX_TEXT} characters, or has a NUL.` });
  if (all && !leavesAll(filter)) throw new WeirError({ code: 'INVALID_VALUE', message: 'All rows are to be dropped, and only some.', fix: 'Give either a filter or --all.' });
  if (!all && leavesAll(filter)) throw new WeirError({ code: 'MISSING_KEY', message: 'Without a filter all open rows would be dropped.', fix: 'Name rows, a rule, a grain, a run or a time; or say --all.' });
}

type Dropped = DropRowsResponse & {
  /** Of originals in the lake that rows no longer name. */
  readonly paths: readonly string[];
};

const MATCHING = `from quality.quarantined_row where pipeline = $1 and status = 'open' and ${narrowed(2)}`;

const ACTION = `insert into quality.quarantine_action (pipeline, action, asked_by, reason, filter, contract_version, open_before, open_after, changed, status, ended_at)
values ($1, 'drop', $2, $3, $4, $5, $6, $7, $8, 'done', now()) returning id`;

const DROP = `with changed as (
  update quality.quarantined_row set status = 'dropped', status_at = now(), status_by = $2, status_why = $3, status_run = null, original = null, original_path = null, key = null, headers = null
  where id = any ($1::bigint[]) returning id, contract_version)
insert into quality.quarantine_event (row_id, status, changed_by, why, contract_version, action_id) select id, 'dropped', $2, $3, contract_version, $4 from changed`;

async function drop(client: pg.ClientBase, { pipeline, reason, by, filter }: DropRowsRequest, values: FilterValues, contractVersion: string): Promise<Dropped> {
  const { rows } = await client.query<{ id: string; original_path: string | null }>(`select id, original_path ${MATCHING} order by id limit ${MAX_ROWS + 1} for update`, [pipeline, ...values]);
  const openBefore = await countOpen(client, pipeline);
  const more = rows.length > MAX_ROWS;
  const taken = rows.slice(0, MAX_ROWS);
  const dropped = taken.length;
  if (dropped === 0) return { dropped, openBefore, openAfter: openBefore, action: 0, more, paths: [] };
  const openAfter = openBefore - dropped;
  const action = await client.query<{ id: string }>(ACTION, [pipeline, by, reason, JSON.stringify(filter ?? {}), contractVersion, openBefore, openAfter, dropped]);
  const actionId = action.rows[0]?.id;
  await client.query(DROP, [taken.map(({ id }) => id), by, reason, actionId]);
  return { dropped, openBefore, openAfter, action: Number(actionId), more, paths: [...new Set(taken.flatMap(({ original_path: path }) => (path === null ? [] : [path])))] };
}

/** Rows with the same content share an original. One that comes again at this moment is written again by its own run. */
async function removeUnnamed({ pool, lake }: { readonly pool: pg.Pool; readonly lake: Lake }, path: string): Promise<void> {
  const { rowCount } = await pool.query('select from quality.quarantined_row where original_path = $1 limit 1', [path]);
  if (rowCount === 0) await lake.remove(path);
}
