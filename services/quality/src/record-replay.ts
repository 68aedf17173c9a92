import { WeirError } from '@weir/core';
import { inTransaction, mapPostgresError } from '@weir/platform';
import type { RecordReplayRequest, RecordReplayResponse } from '@weir/rpc';
import type pg from 'pg';
import { countOpen } from './count-open';
import type { Dependencies } from './dependencies';
import { filterValues } from './row-filter';

const STATUSES: ReadonlySet<string> = new Set(['running', 'done', 'failed', 'cancelled']);
const MAX_TEXT = 1_000;
const MAX_RUNS = 1_000;

/**
 * Stores in the audit that a replay began, which runs it has started since, or how it ended; an execution of the workflow has one entry, and its first end is kept. Gives what has become of the rows until now.
 * Throws PIPELINE_NOT_FOUND, INVALID_VALUE for a state or text that is none, UNAVAILABLE.
 */
export async function recordReplay({ pool, catalog }: Pick<Dependencies, 'pool' | 'catalog'>, request: RecordReplayRequest, signal: AbortSignal): Promise<RecordReplayResponse> {
  const { pipeline, status } = request;
  if (!STATUSES.has(status)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${status}\` is not a state of a replay.` });
  for (const text of [request.reason, request.by, request.workflowId, request.executionId]) {
    if (text.length > MAX_TEXT || text.includes('\0')) throw new WeirError({ code: 'INVALID_VALUE', message: `A text of the replay is longer than ${MAX_TEXT} characters, or has a NUL.` });
  }
  if (request.runIds.length > MAX_RUNS) throw new WeirError({ code: 'INVALID_VALUE', message: `A replay names ${request.runIds.length} runs at once; the most is ${MAX_RUNS}.` });
  filterValues(request.filter);
  const { contract } = await catalog.newest(pipeline, signal);
  return inTransaction(pool, (client) => store(client, request, contract.version)).catch((error: unknown) => {
    throw mapPostgresError(error);
  });
}

const BEGIN = `insert into quality.quarantine_action (pipeline, action, asked_by, reason, filter, contract_version, workflow_id, execution_id, open_before, status)
values ($1, 'replay', $2, $3, $4, $5, $6, $7, $8, 'running') on conflict (execution_id) do nothing`;

// What the runs of one call took is counted once, whenever it comes again: their events name the action afterwards.
const LINK = `update quality.quarantine_event e set action_id = a.id, changed_by = a.asked_by from quality.quarantine_action a
where a.execution_id = $1 and a.status = 'running' and e.run_id = any ($2::text[]) and e.action_id is null and e.status = 'replayed'`;

const GO_ON = `update quality.quarantine_action set runs = $2, changed = changed + $3,
  run_ids = (select coalesce(array_agg(id), '{}') from (select distinct unnest(run_ids || $4::text[]) as id order by id limit ${MAX_RUNS}) as named)
where execution_id = $1 and status = 'running'`;

const END = `update quality.quarantine_action set status = $2, open_after = $3, ended_at = now() where execution_id = $1 and status = 'running'`;

interface ActionRow {
  readonly id: string;
  readonly open_before: string;
  readonly open_after: string | null;
  readonly changed: string;
  readonly contract_version: string;
}

async function store(client: pg.ClientBase, request: RecordReplayRequest, contractVersion: string): Promise<RecordReplayResponse> {
  const { pipeline, executionId, status, runs } = request;
  const open = await countOpen(client, pipeline);
  await client.query(BEGIN, [pipeline, request.by, request.reason, JSON.stringify(request.filter ?? {}), contractVersion, request.workflowId, executionId, open]);
  const { rowCount } = await client.query(LINK, [executionId, request.runIds]);
  await client.query(GO_ON, [executionId, runs, rowCount ?? 0, request.runIds]);
  if (status !== 'running') await client.query(END, [executionId, status, open]);
  const { rows } = await client.query<ActionRow>('select id, open_before, open_after, changed, contract_version from quality.quarantine_action where execution_id = $1', [executionId]);
  const [row] = rows;
  if (!row) throw new WeirError({ code: 'INTERNAL', message: `The replay ${executionId} was not stored.` });
  return { action: Number(row.id), openBefore: Number(row.open_before), openAfter: Number(row.open_after ?? open), replayed: Number(row.changed), contractVersion: row.contract_version };
}
