import { Context } from '@temporalio/activity';
import type { Interval } from '@weir/core';
import { BackfillStatus } from '@weir/rpc';
import type { BackfillOnlyWord, BackfillOrderWord } from '../workflows/backfill-request';
import { attemptStep, type Deps } from './attempt';
import { ONLY, ORDER } from './backfill-words';
import { linkTraces, ownTrace, type TraceLink } from './trace-link';

export interface BackfillRecordInput {
  readonly pipeline: string;
  readonly interval: Interval;
  readonly only: BackfillOnlyWord;
  readonly order: BackfillOrderWord;
  readonly parallelism: number;
  readonly reason: string;
  readonly status: 'RUNNING' | 'PAUSED' | 'DONE' | 'CANCELLED' | 'FAILED';
  readonly selected: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly skipped: number;
  /** Run id of the first execution of the chain. */
  readonly firstRunId: string;
  /** Runs that ended since the last record. */
  readonly links: readonly TraceLink[];
}

/** Stores where a backfill stands, and links its trace to those of its runs. Gives the traceparent of its own span, empty where nothing is traced. */
export function recordBackfill(deps: Deps) {
  return ({ only, order, status, firstRunId, links, ...rest }: BackfillRecordInput): Promise<{ trace: string }> =>
    attemptStep('record', { pipeline: rest.pipeline, interval: rest.interval }, async (call) => {
      const workflowId = Context.current().info.workflowExecution?.workflowId ?? '';
      // Times are metadata's own.
      const backfill = { ...rest, workflowId, runId: firstRunId, only: ONLY[only], order: ORDER[order], status: BackfillStatus[status], startedAt: '', updatedAt: '', endedAt: '' };
      await deps.clients.backfills.recordBackfill({ backfill }, call.options);
      linkTraces(links);
      return { trace: ownTrace() };
    });
}
