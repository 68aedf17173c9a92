import { Context } from '@temporalio/activity';
import { WeirError, type ErrorFields } from '@weir/core';
import { StageStatus } from '@weir/rpc';
import { LIVE_PRIORITY } from '../workflows/agreement';
import { attemptStep, runError, type Deps } from './attempt';
import type { RunRef, StageCounts } from './shapes';

export interface RefreshRequestInput {
  readonly pipeline: string;
  readonly snapshot: number;
}

/** Asks the pipeline's one refresh for a rebuild that covers a snapshot, starting it where none runs. Repeating it changes nothing. */
export function requestRefresh() {
  return (input: RefreshRequestInput): Promise<object> =>
    attemptStep('refresh', input, async () => {
      const { client, info } = Context.current();
      const { workflowId = '', runId = '' } = info.workflowExecution ?? {};
      try {
        await client.workflow.signalWithStart('refresh', {
          workflowId: `refresh/${input.pipeline}`,
          taskQueue: info.taskQueue,
          args: [{ pipeline: input.pipeline }],
          priority: { priorityKey: LIVE_PRIORITY, fairnessKey: input.pipeline },
          signal: 'refreshRequested',
          signalArgs: [{ workflowId, runId, snapshot: input.snapshot }],
        });
      } catch (error) {
        throw new WeirError({ code: 'UNAVAILABLE', message: `Temporal did not take the request for a refresh: ${(error as Error).message}` }, { cause: error });
      }
      return {};
    });
}

export interface RefreshRecord {
  readonly run: RunRef;
  readonly attempt: number;
  readonly startedAt: string;
  readonly counts: StageCounts;
  readonly error?: ErrorFields | undefined;
}

/** Records in the waiting run how long its refresh took and how it ended; the rebuild itself is a run of its own. */
export function recordRefresh(deps: Deps) {
  return ({ run, attempt, startedAt, counts, error }: RefreshRecord): Promise<object> =>
    attemptStep('refresh', run, async (call) => {
      const stage = {
        stage: 'refresh',
        attempt,
        status: error ? StageStatus.FAILED : StageStatus.SUCCEEDED,
        startedAt,
        ...counts,
        details: [],
        checks: [],
        verdict: 'VERDICT_UNSPECIFIED' as const,
        score: undefined,
        accounts: undefined,
        output: undefined,
        rules: [],
        error: error && runError(new WeirError(error), 'refresh'),
      };
      await deps.clients.runs.recordStage({ runId: run.runId, stage }, call.options);
      return {};
    });
}
