import { Context } from '@temporalio/activity';
import { trace } from '@opentelemetry/api';
import { CancelledFailure, ApplicationFailure } from '@temporalio/common';
import { WeirError, formatInterval, toWeirError } from '@weir/core';
import { markFailed, type Logger } from '@weir/platform';
import { StageStatus, type Clients, type StageContext, type StageRecord } from '@weir/rpc';
import { bounded, toFailure } from './failure';
import { withinAttempt, type StageCall } from './stage-call';
import type { RunRef, StageCounts, StageInput, StageResult } from './shapes';

/** What activities work with. */
export interface Deps {
  readonly clients: Clients;
  readonly log: Logger;
}

/** What a stage adds to its record; set as soon as it is known, so that a refused dataset still shows its checks. */
export type StageNotes = Partial<Pick<StageRecord, 'rowsIn' | 'rowsOut' | 'rowsQuarantined' | 'details' | 'checks' | 'verdict' | 'score' | 'accounts' | 'output' | 'rules' | 'take'>>;

/** A stage call that also takes notes for the run record. */
export interface RecordedCall extends StageCall {
  readonly context: StageContext;
  note(notes: StageNotes): void;
}

const EMPTY: Omit<StageRecord, 'stage' | 'attempt' | 'status' | 'startedAt' | 'milliseconds' | 'error'> = {
  rowsIn: 0,
  rowsOut: 0,
  rowsQuarantined: 0,
  details: [],
  checks: [],
  verdict: 'VERDICT_UNSPECIFIED',
  score: undefined,
  accounts: undefined,
  output: undefined,
  rules: [],
};

/**
 * One attempt of a stage: calls it, retries transient codes, records how it ended with metadata and gives references and
 * counters back. Failures leave as ApplicationFailure with the code as type and mark the activity's span.
 */
export async function attemptStage<R extends object>(deps: Deps, stage: string, input: StageInput, body: (call: RecordedCall) => Promise<R>): Promise<R & StageResult> {
  describeSpan(stage, input.run);
  const startedAt = new Date().toISOString();
  const started = performance.now();
  let notes: StageNotes = {};
  const recorded = (status: StageStatus, error?: WeirError): StageRecord => ({
    ...EMPTY,
    ...notes,
    stage,
    attempt: input.attempt,
    status,
    startedAt,
    milliseconds: Math.round(performance.now() - started),
    error: error && runError(error, stage),
  });
  try {
    const value = await withinAttempt(started, (call) => {
      notes = {};
      return body({ ...call, context: contextOf(input.run, call.callId), note: (more) => (notes = { ...notes, ...more }) });
    });
    const record = recorded(StageStatus.SUCCEEDED);
    await withinAttempt(started, (call) => deps.clients.runs.recordStage({ runId: input.run.runId, stage: record }, { ...call.options, timeoutMs: RECORD_MS }));
    return { ...value, counts: countsOf(record) };
  } catch (failure) {
    if (isStop(failure)) {
      await recordEnd(deps, input.run.runId, recorded(StageStatus.FAILED, new WeirError({ code: 'CANCELLED', message: failure.message })));
      throw failure;
    }
    const error = toWeirError(failure);
    await recordEnd(deps, input.run.runId, recorded(StageStatus.FAILED, error));
    throw failed(error);
  }
}

/** The same for steps that metadata records by themselves: no stage record. */
export async function attemptStep<R extends object>(stage: string, run: Partial<RunRef>, body: (call: StageCall) => Promise<R>): Promise<R> {
  describeSpan(stage, run);
  try {
    return await withinAttempt(performance.now(), body);
  } catch (failure) {
    throw isStop(failure) ? failure : failed(toWeirError(failure));
  }
}

/** Counters of a step that moves no rows. */
export function noRows(startedMs: number): StageCounts {
  return { rowsIn: 0, rowsOut: 0, rowsQuarantined: 0, milliseconds: Math.round(performance.now() - startedMs) };
}

/** How an error is stored with a run. */
export function runError(error: WeirError, stage: string): { code: string; stage: string; place: string; message: string; fix: string; samples: string[] } {
  const { code, message, place = '', fix = '', samples = [] } = bounded(error);
  return { code, message, place, fix, samples: [...samples], stage: error.stage ?? stage };
}

const RECORD_MS = 30_000;
/** A record of a failure must not hold up the failure, nor a cancellation its 5 s. */
const RECORD_END_MS = 2_000;

async function recordEnd(deps: Deps, runId: string, stage: StageRecord): Promise<void> {
  try {
    await deps.clients.runs.recordStage({ runId, stage }, { timeoutMs: RECORD_END_MS });
  } catch (error) {
    deps.log.warn({ error, runId, stage: stage.stage }, 'The end of a stage attempt could not be recorded.');
  }
}

function isStop(failure: unknown): failure is CancelledFailure | ApplicationFailure {
  return failure instanceof CancelledFailure || failure instanceof ApplicationFailure;
}

/** The failure with which an activity ends; marks the activity's span. */
export function failed(error: WeirError): ApplicationFailure {
  const span = trace.getActiveSpan();
  if (span) markFailed(span, error);
  return toFailure(error);
}

/** Says on the activity's span what it is about; without a run, that of the workflow itself. */
export function describeSpan(stage: string, run: Partial<RunRef>): void {
  const { runId = Context.current().info.workflowExecution?.runId ?? '', pipeline = '', interval } = run;
  trace.getActiveSpan()?.setAttributes({ 'weir.stage': stage, 'weir.pipeline': pipeline, 'weir.run.id': runId, 'weir.interval': formatInterval(interval) });
}

function contextOf(run: RunRef, attempt: string): StageContext {
  const { runId, pipeline, definitionVersion, interval, background = false, restates } = run;
  return { runId, pipeline, definitionVersion, interval, background, restates, attempt };
}

function countsOf({ rowsIn, rowsOut, rowsQuarantined, milliseconds }: StageRecord): StageCounts {
  return { rowsIn, rowsOut, rowsQuarantined, milliseconds };
}
