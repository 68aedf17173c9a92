import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { WeirError, isWeirError, type Interval } from '@weir/core';
import { activeTraceId } from '@weir/platform';
import { RunKind, RunStatus, type BeginRunRequest, type BeginRunResponse } from '@weir/rpc';
import { attemptStep, noRows, runError, type Deps } from './attempt';
import type { StageCall } from './stage-call';
import type { StageResult } from './shapes';

/** What a run pinned. */
export type Begun = BeginRunResponse & StageResult;

export interface BeginInput {
  readonly pipeline: string;
  readonly interval?: Interval | undefined;
  readonly kind: string;
}

/** Closed holders to take over from in one attempt: one for each grain of the longest interval at worst. */
const MAX_HOLDERS = 10_000;

const KINDS: Readonly<Record<string, RunKind>> = {
  manual: RunKind.MANUAL,
  scheduled: RunKind.SCHEDULED,
  backfill: RunKind.BACKFILL,
  replay: RunKind.REPLAY,
  refresh: RunKind.REFRESH,
  restatement: RunKind.RESTATEMENT,
};

/**
 * Pins versions and leases the run's partitions. Leases have no time limit, so one whose holder died without releasing it
 * is taken over here: Temporal knows whether the holder is still open. Throws INTERVAL_BUSY when it is.
 */
export function begin(deps: Deps) {
  return (input: BeginInput): Promise<Begun> =>
    attemptStep('begin', input, async (call) => {
      const started = performance.now();
      const { client, info } = Context.current();
      const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
      const { pipeline, interval } = input;
      const request = { runId, workflowId, pipeline, interval, kind: KINDS[input.kind] ?? RunKind.MANUAL, traceId: activeTraceId() ?? '' };
      const begun = await lease(deps, call, client, request);
      return { ...begun, counts: noRows(started) };
    });
}

async function lease(deps: Deps, call: StageCall, temporal: Client, request: BeginRunRequest): Promise<BeginRunResponse> {
  for (let taken = 0; ; taken += 1) {
    try {
      return await deps.clients.runs.beginRun(request, call.options);
    } catch (error) {
      if (!isWeirError(error) || error.code !== 'INTERVAL_BUSY' || taken >= MAX_HOLDERS) throw error;
      const [holderRunId, holderWorkflowId] = error.samples;
      if (!holderRunId || !holderWorkflowId || (await isOpen(temporal, holderWorkflowId, holderRunId))) throw error;
      deps.log.warn({ holderRunId, holderWorkflowId }, 'Took over the lease of a run that was closed without releasing it.');
      await release(deps, call, holderRunId);
    }
  }
}

async function isOpen(temporal: Client, workflowId: string, runId: string): Promise<boolean> {
  try {
    const { status } = await temporal.workflow.getHandle(workflowId, runId).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw new WeirError({ code: 'UNAVAILABLE', message: `Temporal did not say whether ${workflowId} still runs.` }, { cause: error });
  }
}

async function release(deps: Deps, call: StageCall, runId: string): Promise<void> {
  const error = new WeirError({ code: 'LEASE_LOST', message: 'The run was closed without an end: it was terminated, or its server lost it.' });
  await deps.clients.runs.finishRun({ runId, status: RunStatus.FAILED, error: runError(error, '') }, call.options);
}
