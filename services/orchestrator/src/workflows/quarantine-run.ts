import { ChildWorkflowCancellationType, ParentClosePolicy, sleep, startChild, workflowInfo } from '@temporalio/workflow';
import type { Interval } from '@weir/core';
import { takeChildTrace } from './child-trace';
import { settle } from './ending';
import type { pipelineRun } from './pipeline-run';
import type { PipelineRunInput } from './request';
import { SKIPPED, failedEnd, succeededEnd, type RunEnd } from './run-end';
import { SEARCH_ATTRIBUTES } from './search-attributes';

/** As those of backfills: live runs have the priority 2. */
const PRIORITY_KEY = 4;

/** A grain that another run holds is tried again: the archive of a stream holds its newest grain for seconds. */
const BUSY_TRIES = 6;
const BUSY_MS = 10_000;

/** What a run of a replay is about. */
export interface ReplayRun {
  /** The last part of its workflow id. */
  readonly name: string;
  readonly pipeline: string;
  readonly interval?: Interval | undefined;
  readonly from: 'raw' | 'delivery';
  readonly retryOf?: string | undefined;
}

/** How it ended. */
export interface ReplayedRun {
  /** Empty where it could not begin. */
  readonly runId: string;
  readonly trace?: string | undefined;
  readonly end: RunEnd;
}

/** Runs one run of a replay to its end, whatever that is; `started` is told of each try. A cancellation of the replay cancels it, and it has ended before this does. */
export async function replayRun(run: ReplayRun, started: () => void): Promise<ReplayedRun> {
  for (let tries = 1; ; tries += 1) {
    started();
    const ended = await once(run);
    if (ended.end.how !== 'skipped' || tries === BUSY_TRIES) return ended;
    await sleep(BUSY_MS);
  }
}

async function once({ name, pipeline, interval, from, retryOf }: ReplayRun): Promise<ReplayedRun> {
  const workflowId = `replay/${pipeline}/${name}`;
  const input: PipelineRunInput = { pipeline, interval, kind: 'replay', from, retryOf, backfill: workflowInfo().workflowId };
  const child = await settle(
    startChild<typeof pipelineRun>('pipelineRun', {
      workflowId,
      args: [input],
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
      priority: { priorityKey: PRIORITY_KEY, fairnessKey: pipeline },
      typedSearchAttributes: [
        { key: SEARCH_ATTRIBUTES.pipeline, value: pipeline },
        { key: SEARCH_ATTRIBUTES.backfill, value: workflowInfo().workflowId },
      ],
    }),
  );
  const trace = takeChildTrace(workflowId);
  if (!child.ok) {
    if ((child.failure as Error).name === 'WorkflowExecutionAlreadyStartedError') return { runId: '', end: SKIPPED };
    throw child.failure;
  }
  const runId = child.value.firstExecutionRunId;
  const end = await settle(child.value.result());
  return { runId, trace, end: end.ok ? succeededEnd(end.value) : failedEnd((end.failure as Error).cause) };
}
