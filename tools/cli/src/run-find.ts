import { WeirError, isWeirError } from '@weir/core';
import type { pipelineBackfill, pipelineRun } from '@weir/orchestrator';
import { RunStatus, type Clients, type GetRunResponse, type Run } from '@weir/rpc';
import { lookUp, type Temporal, type WorkflowAddress } from './temporal';

const RUN: (typeof pipelineRun)['name'] = 'pipelineRun';
const BACKFILL: (typeof pipelineBackfill)['name'] = 'pipelineBackfill';

/** A run that a person points at. */
export interface FoundRun extends WorkflowAddress {
  readonly runId: string;
  /** Whether its workflow is at work. */
  readonly open: boolean;
  /** What metadata knows; undefined before the run began. */
  readonly record: Run | undefined;
}

/** A run by its id, a unique prefix of it, or its workflow id; undefined when there is none. */
export async function findRun(clients: Clients, run: string): Promise<GetRunResponse | undefined> {
  try {
    return await clients.runs.getRun({ run });
  } catch (error) {
    if (isWeirError(error) && error.code === 'RUN_NOT_FOUND') return undefined;
    throw error;
  }
}

/**
 * A run as it stands in Temporal and in metadata, by its id, a prefix of it or its workflow id. Of a workflow id the open run is meant, and the newest one when
 * none is open. Runs that wait to begin are in no record yet; Temporal knows them. Throws RUN_NOT_FOUND, and NOT_POSSIBLE for what is no run.
 */
export async function findOpenRun(temporal: Temporal, clients: Clients, run: string): Promise<FoundRun> {
  if (run.includes('/')) {
    const found = await lookUp(temporal, { workflowId: run });
    if (found?.open) return { workflowId: run, runId: expectRun(run, found), open: true, record: await recordOf(clients, found.runId) };
  } else {
    const waiting = await waitingRun(temporal, run);
    if (waiting) return { ...waiting, open: true, record: await recordOf(clients, waiting.runId) };
  }
  const { run: record } = await clients.runs.getRun({ run });
  if (!record) throw new WeirError({ code: 'RUN_NOT_FOUND', place: run, message: `There is no run ${run}.` });
  const { workflowId, runId, status } = record;
  const found = status === RunStatus.RUNNING ? await lookUp(temporal, { workflowId, runId }) : undefined;
  if (found?.open) expectRun(workflowId, found);
  return { workflowId, runId, open: found?.open === true, record };
}

async function recordOf(clients: Clients, runId: string): Promise<Run | undefined> {
  return (await findRun(clients, runId))?.run;
}

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An open run by its whole id; Temporal finds it without its workflow id. */
async function waitingRun({ asking }: Temporal, runId: string): Promise<{ workflowId: string; runId: string } | undefined> {
  if (!RUN_ID.test(runId)) return undefined;
  for await (const { workflowId } of asking.workflow.list({ query: `RunId = "${runId}" and WorkflowType = "${RUN}" and ExecutionStatus = "Running"` })) return { workflowId, runId };
  return undefined;
}

function expectRun(workflowId: string, { type, runId }: { type: string; runId: string }): string {
  if (type === RUN) return runId;
  const fix = type === BACKFILL ? 'Use `weir backfills`.' : 'It ends by itself; where it must not, `temporal workflow cancel` ends it.';
  throw new WeirError({ code: 'NOT_POSSIBLE', place: workflowId, message: `This is a ${type}, not the run of a pipeline.`, fix });
}
