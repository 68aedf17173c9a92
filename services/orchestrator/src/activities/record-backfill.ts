import { Context } from '@temporalio/activity';
import { trace, type Link } from '@opentelemetry/api';
import type { Interval } from '@weir/core';
import { BackfillStatus } from '@weir/rpc';
import type { BackfillOnlyWord, BackfillOrderWord } from '../workflows/backfill-request';
import { attemptStep, type Deps } from './attempt';
import { ONLY, ORDER } from './backfill-words';

/** A trace that a backfill's span links to. */
export interface TraceLink {
  /** W3C traceparent of the span that began it. */
  readonly trace: string;
  /** Run id of the run whose trace it is; absent for that of the backfill's execution before this one. */
  readonly runId?: string | undefined;
}

/** Links that one span can have: OpenTelemetry keeps no more. */
export const MAX_LINKS = 128;

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
      trace.getActiveSpan()?.addLinks(links.slice(0, MAX_LINKS).flatMap(linkTo));
      return { trace: ownTrace() };
    });
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

function linkTo({ trace: traceparent, runId }: TraceLink): Link[] {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (!traceId || !spanId || !flags) return [];
  return [{ context: { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }, attributes: runId === undefined ? {} : { 'weir.run.id': runId } }];
}

function ownTrace(): string {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}` : '';
}
