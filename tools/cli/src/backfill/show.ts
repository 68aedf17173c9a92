import type { BackfillProgress } from '@weir/orchestrator';
import { BackfillStatus, RunStatus, type Backfill, type Clients } from '@weir/rpc';
import { print, printJson, type ExitCode } from '../output';
import { query, type Temporal } from '../temporal';
import { recordOf, type FoundBackfill } from './find-backfill';
import { withStages } from './open-runs';
import { progressLines, recordLines, type Failure } from './progress-lines';
import { untilClosed, watchBackfill } from './watch';

/** Failures that are asked for; fewer are printed. */
const FAILURES = 20;

/** Prints where a backfill stands: its own answer while it is open, metadata's record otherwise. */
export async function showBackfill(temporal: Temporal, clients: Clients, { workflowId, open, record }: FoundBackfill, json: boolean): Promise<void> {
  const answer = open ? await query<BackfillProgress>(temporal, { workflowId }, 'progress') : undefined;
  const progress = answer && (await withStages(temporal, answer));
  const failures = progress ? progress.failures : record ? await failuresOf(clients, record) : [];
  if (json) printJson({ workflowId, open, backfill: record, progress, failures });
  else if (progress) print(...progressLines(workflowId, progress, Date.now()));
  else if (record) print(...recordLines(record, failures, Date.now()));
  else print(`  ${workflowId} has been started, and the orchestrator has not answered yet.`);
}

/** Follows a backfill to its end, prints what came of it and gives the exit code: 1 when intervals failed or it was ended by hand. */
export async function followBackfill(temporal: Temporal, clients: Clients, workflowId: string, json: boolean): Promise<ExitCode> {
  const interrupt = () => {
    print('', `The backfill goes on: weir backfills show ${workflowId}`);
    process.exit(130);
  };
  process.once('SIGINT', interrupt);
  try {
    if (json) await untilClosed(temporal, workflowId);
    else await watchBackfill(temporal, workflowId);
  } finally {
    process.off('SIGINT', interrupt);
  }
  const record = await recordOf(clients, workflowId);
  await showBackfill(temporal, clients, { workflowId, open: false, record }, json);
  return record?.status === BackfillStatus.DONE && record.failed === 0 ? 0 : 1;
}

/** The failed runs of a backfill, newest first, as metadata has them. */
async function failuresOf(clients: Clients, { pipeline, workflowId, failed, startedAt }: Backfill): Promise<Failure[]> {
  if (failed === 0) return [];
  const lists = await Promise.all([RunStatus.FAILED, RunStatus.DELIVERY_FAILED].map((status) => clients.runs.listRuns({ pipeline, backfill: workflowId, status, limit: FAILURES })));
  // A backfill that was started again has runs of before, too.
  const runs = lists.flatMap((list) => list.runs).filter((run) => Date.parse(run.startedAt) >= Date.parse(startedAt));
  const newest = runs.toSorted((a, b) => Date.parse(b.startedAt) - Date.parse(a.startedAt)).slice(0, FAILURES);
  return newest.map(({ interval, runId, error }) => ({ start: interval?.start ?? '', runId, code: error?.code ?? '' }));
}
