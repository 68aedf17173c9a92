import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { WeirError, isWeirError, type Interval } from '@weir/core';
import { activeTraceId } from '@weir/platform';
import { RunKind, RunStart, RunStatus, type BeginRunRequest, type BeginRunResponse } from '@weir/rpc';
import type { RunStartWord } from '../workflows/request';
import { attemptStep, noRows, runError, type Deps } from './attempt';
import type { StageCall } from './stage-call';
import type { StageResult } from './shapes';

/** What a run pinned. */
export type Begun = BeginRunResponse & StageResult;

export interface BeginInput {
  readonly pipeline: string;
  readonly interval?: Interval | undefined;
  readonly kind: string;
  /** When absent, metadata decides: `source`, or `raw` of a realtime pipeline. */
  readonly from?: RunStartWord | undefined;
  readonly retryOf?: string | undefined;
  readonly backfill?: string | undefined;
  /** RFC 3339; of scheduled runs without an interval. */
  readonly scheduledFor?: string | undefined;
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

const STARTS: Readonly<Record<RunStartWord, RunStart>> = { source: RunStart.SOURCE, raw: RunStart.RAW, delivery: RunStart.DELIVERY };

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
      const { pipeline, interval, from, retryOf = '', backfill = '', scheduledFor = '' } = input;
      const kind = KINDS[input.kind] ?? RunKind.MANUAL;
      const request = { runId, workflowId, pipeline, interval, kind, traceId: activeTraceId() ?? '', startAt: from ? STARTS[from] : RunStart.UNSPECIFIED, retryOf, backfill, scheduledFor };
      const begun = await lease(deps, call, client, request);
      return { ...begun, counts: noRows(started) };
    });
}

async function lease(deps: Deps, call: StageCall, temporal: Client, request: BeginRunRequest): Promise<BeginRunResponse> {
  for (let taken = 0; ; taken += 1) {
    try {
      return await deps.clients.runs.beginRun(request, call.options);
    } catch (error) {
      if (!isWeirError(error) || !NAMING_HOLDERS.has(error.code) || taken >= MAX_HOLDERS) throw error;
      const closed = await closedHolder(temporal, error.samples);
      if (!closed) throw error;
      deps.log.warn({ runId: closed, code: error.code }, 'Ended a run that was closed without releasing what it held.');
      await release(deps, call, closed);
    }
  }
}

/** Their samples are pairs of a run id and its workflow id: who holds what this run needs. */
const NAMING_HOLDERS: ReadonlySet<string> = new Set(['INTERVAL_BUSY', 'RUN_LIMIT']);

/** The first of the holders named that Temporal no longer runs. */
async function closedHolder(temporal: Client, samples: readonly string[]): Promise<string | undefined> {
  for (let at = 0; at + 1 < samples.length; at += 2) {
    const [runId = '', workflowId = ''] = samples.slice(at, at + 2);
    if (!(await isOpen(temporal, workflowId, runId))) return runId;
  }
  return undefined;
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
