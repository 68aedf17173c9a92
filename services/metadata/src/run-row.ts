import { WeirError, type Interval } from '@weir/core';
import type { Accounts, Run, RunError, RunKind, RunStart, RunStatus, SegmentSet, Verdict } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';

/** A row of metadata.run. */
export interface RunRow {
  run_id: string;
  workflow_id: string;
  pipeline: string;
  definition_version: number;
  interval_start: string | null;
  interval_end: string | null;
  kind: RunKind;
  status: RunStatus;
  trace_id: string;
  fence: number;
  began_at_snapshot: number;
  snapshot: number | null;
  started_at: Date;
  ended_at: Date | null;
  accounts: Accounts | null;
  verdict: Verdict;
  score: number | null;
  error: RunError | null;
  backfill: string;
  retry_of: string;
  start_at: RunStart;
  /** What a run that begins with raw segments begins with. */
  raw: SegmentSet | null;
}

/** The run with this id. */
export async function findRun(db: Queryable, runId: string): Promise<RunRow | undefined> {
  const [row] = await rowsOf<RunRow>(db, 'select * from metadata.run where run_id = $1', [runId]);
  return row;
}

/** The run with this id. Throws RUN_NOT_FOUND. */
export async function readRun(db: Queryable, runId: string): Promise<RunRow> {
  return (await findRun(db, runId)) ?? runNotFound(runId);
}

/** Locks a run until the transaction ends. Lock its pipeline first where both are needed. Throws RUN_NOT_FOUND. */
export async function lockRun(db: Queryable, runId: string): Promise<RunRow> {
  const [row] = await rowsOf<RunRow>(db, 'select * from metadata.run where run_id = $1 for no key update', [runId]);
  return row ?? runNotFound(runId);
}

export function runNotFound(run: string): never {
  throw unknownRun(run);
}

export function unknownRun(run: string): WeirError {
  return new WeirError({ code: 'RUN_NOT_FOUND', message: `There is no run \`${run}\`.` });
}

export function intervalOf(row: Pick<RunRow, 'interval_start' | 'interval_end'>): Interval | undefined {
  return row.interval_start !== null && row.interval_end !== null ? { start: row.interval_start, end: row.interval_end } : undefined;
}

/** The run as the wire shows it. */
export function runOf(row: RunRow): Run {
  return {
    runId: row.run_id,
    workflowId: row.workflow_id,
    pipeline: row.pipeline,
    definitionVersion: row.definition_version,
    interval: intervalOf(row),
    kind: row.kind,
    status: row.status,
    traceId: row.trace_id,
    startedAt: row.started_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? '',
    accounts: row.accounts ?? undefined,
    verdict: row.verdict,
    score: row.score ?? undefined,
    snapshot: row.snapshot ?? 0,
    error: row.error ?? undefined,
    backfill: row.backfill,
    retryOf: row.retry_of,
  };
}
