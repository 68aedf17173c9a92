import type { Backfill, BackfillOnly, BackfillOrder, BackfillStatus } from '@weir/rpc';

/** A row of metadata.backfill. */
export interface BackfillRow {
  workflow_id: string;
  run_id: string;
  pipeline: string;
  interval_start: string;
  interval_end: string;
  takes: BackfillOnly;
  direction: BackfillOrder;
  parallelism: number;
  status: BackfillStatus;
  reason: string;
  selected: number;
  succeeded: number;
  failed: number;
  cancelled: number;
  skipped: number;
  started_at: Date;
  updated_at: Date;
  ended_at: Date | null;
}

/** The backfill as the wire shows it. */
export function backfillOf(row: BackfillRow): Backfill {
  return {
    workflowId: row.workflow_id,
    runId: row.run_id,
    pipeline: row.pipeline,
    interval: { start: row.interval_start, end: row.interval_end },
    only: row.takes,
    order: row.direction,
    parallelism: row.parallelism,
    status: row.status,
    reason: row.reason,
    selected: row.selected,
    succeeded: row.succeeded,
    failed: row.failed,
    cancelled: row.cancelled,
    skipped: row.skipped,
    startedAt: row.started_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? '',
  };
}
