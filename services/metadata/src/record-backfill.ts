import { parseInstant, WeirError, type Interval } from '@weir/core';
import { BackfillOnly, BackfillOrder, BackfillStatus, type Backfill, type RecordBackfillRequest, type RecordBackfillResponse } from '@weir/rpc';
import { backfillOf, type BackfillRow } from './backfill-row';
import type { Dependencies } from './dependencies';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';

/** Temporal's own bound on ids. */
const MAX_ID = 1_000;
const MAX_REASON = 10_000;

const OPEN = `('${BackfillStatus.RUNNING}', '${BackfillStatus.PAUSED}')`;

// A row of another run id is of an earlier start of the same backfill: it makes room, whether it ended or was terminated.
// Of the same run id, an end is final: a record that was sent before it may still arrive after it.
const UPSERT = `
  insert into metadata.backfill (
    workflow_id, run_id, pipeline, interval_start, interval_end, takes, direction, parallelism, status, reason, selected, succeeded, failed, cancelled, skipped, ended_at
  )
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, case when $9 not in ${OPEN} then clock_timestamp() end)
  on conflict (workflow_id) do update set
    run_id = excluded.run_id, pipeline = excluded.pipeline, interval_start = excluded.interval_start, interval_end = excluded.interval_end,
    takes = excluded.takes, direction = excluded.direction, parallelism = excluded.parallelism, status = excluded.status, reason = excluded.reason,
    selected = excluded.selected, succeeded = excluded.succeeded, failed = excluded.failed, cancelled = excluded.cancelled, skipped = excluded.skipped,
    started_at = case when backfill.run_id = excluded.run_id then backfill.started_at else excluded.started_at end,
    updated_at = excluded.updated_at, ended_at = excluded.ended_at
  where backfill.run_id <> excluded.run_id or backfill.ended_at is null`;

/**
 * Stores where a backfill stands; times are the service's own. The first end of an execution is kept. One that is started again under its workflow id, so with
 * another run id, begins anew: its row shows the newest start only. Gives what is stored. Throws INVALID_VALUE, INVALID_INTERVAL and PIPELINE_NOT_FOUND.
 */
export async function recordBackfill({ pool }: Pick<Dependencies, 'pool'>, { backfill: given }: RecordBackfillRequest): Promise<RecordBackfillResponse> {
  const { backfill, interval } = assertBackfill(given);
  await readPipeline(pool, backfill.pipeline);
  await rowsOf(pool, UPSERT, [
    backfill.workflowId, backfill.runId, backfill.pipeline, interval.start, interval.end, backfill.only, backfill.order, backfill.parallelism, backfill.status, backfill.reason,
    backfill.selected, backfill.succeeded, backfill.failed, backfill.cancelled, backfill.skipped,
  ]);
  const [row] = await rowsOf<BackfillRow>(pool, 'select * from metadata.backfill where workflow_id = $1', [backfill.workflowId]);
  return { backfill: row && backfillOf(row) };
}

function assertBackfill(given: Backfill | undefined): { backfill: Backfill; interval: Interval } {
  const fault = given ? faultOf(given) : 'it is missing';
  if (!given || fault !== undefined) throw new WeirError({ code: 'INVALID_VALUE', message: `The backfill cannot be recorded: ${fault}.` });
  if (!given.interval) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The backfill ${given.workflowId} has no interval.` });
  return { backfill: given, interval: { start: parseInstant(given.interval.start), end: parseInstant(given.interval.end) } };
}

function faultOf(backfill: Backfill): string | undefined {
  for (const [name, text, limit] of [['workflow_id', backfill.workflowId, MAX_ID], ['run_id', backfill.runId, MAX_ID], ['reason', backfill.reason, MAX_REASON]] as const) {
    if (text.length > limit || text.includes('\0')) return `its ${name} is longer than ${limit} characters or has a NUL`;
    if (text === '' && name !== 'reason') return `its ${name} is empty`;
  }
  if (backfill.only === BackfillOnly.UNSPECIFIED) return 'it does not say which intervals it takes';
  if (backfill.order === BackfillOrder.UNSPECIFIED) return 'it has no order';
  if (backfill.status === BackfillStatus.UNSPECIFIED) return 'it has no status';
  if (backfill.parallelism < 1) return `its parallelism is ${backfill.parallelism}`;
  const { selected, succeeded, failed, cancelled, skipped } = backfill;
  const negative = Object.entries({ selected, succeeded, failed, cancelled, skipped }).find(([, count]) => count < 0);
  return negative && `${negative[0]} is ${negative[1]}`;
}
