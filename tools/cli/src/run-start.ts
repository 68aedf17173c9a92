import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { WeirError, formatInterval, parseIntervalText, type Interval, type PipelineMode } from '@weir/core';
import type { PipelineRunInput, RunProgress, RunStartWord, pipelineRun } from '@weir/orchestrator';
import { newestDefinition, type Clients } from '@weir/rpc';
import { heartbeatOf } from './heartbeat';
import { isAlreadyStarted, openTemporal, query, type Temporal, type TemporalAddress, type WorkflowAddress } from './temporal';
import { failureOf } from './temporal-failure';

/** The name is the orchestrator's; the compiler compares it. */
const WORKFLOW: (typeof pipelineRun)['name'] = 'pipelineRun';

/** Runs that a person or a schedule waits for go before those of backfills. */
const LIVE_PRIORITY = 2;

/** A run that was started, or that is followed. */
export interface StartedRun {
  readonly runId: string;
  readonly workflowId: string;
  /** Resolves when the run has ended: undefined when it is right, its error otherwise. */
  end(): Promise<WeirError | undefined>;
  /** Where it stands; undefined while its worker does not answer. */
  progress(): Promise<RunProgress | undefined>;
  /** The newest heartbeat of an open stage. */
  heartbeat(): Promise<string | undefined>;
}

/** Starts runs; close it to let the process end. */
export interface RunStarter {
  start(input: PipelineRunInput): Promise<StartedRun>;
  close(): Promise<void>;
}

/** What people ask for: the interval as they wrote it, and where the run begins. */
export interface RunWish {
  readonly interval?: string | undefined;
  /** Unless given `source`, or `raw` for realtime pipelines. */
  readonly from?: RunStartWord | undefined;
}

/**
 * What a run of a pipeline needs, checked before anything is started: the interval against the pipeline's grain, where it begins against its mode. A
 * delivery takes no interval: it brings what was published to the destinations.
 * Throws PIPELINE_NOT_FOUND, INVALID_VALUE when it cannot begin there, or INVALID_INTERVAL when the interval is wrong, missing or not wanted.
 */
export async function checkRunInput(clients: Clients, pipeline: string, { interval, from }: RunWish): Promise<PipelineRunInput> {
  const { grain, mode } = await newestDefinition(clients, pipeline);
  assertStart(pipeline, mode, from);
  if (from === 'delivery' && interval !== undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: 'A delivery takes no interval: it brings all that was published to the destinations.', fix: 'Leave --interval out.' });
  if (from === 'delivery') return { pipeline, from };
  if (!grain && interval !== undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `${pipeline} has no grain, so it takes no interval.`, fix: 'Leave --interval out.' });
  const start = mode === 'realtime' || from === 'raw' ? { from: 'raw' as const } : {};
  if (!grain) return { pipeline, ...start };
  if (interval === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `${pipeline} runs over intervals of ${grain}, and none was given.`, fix: 'Give --interval start/end, such as 2010-12-01/2010-12-02.' });
  return { pipeline, interval: parseIntervalText(interval, grain), ...start };
}

/** The records of a topic come in once, by its stream and into its archive; what other pipelines read may be read again. */
function assertStart(pipeline: string, mode: PipelineMode, from: RunStartWord | undefined): void {
  if (mode === 'realtime' && from === 'source') throw new WeirError({ code: 'INVALID_VALUE', place: '--from', message: `${pipeline} is of mode realtime: only its stream reads its source.`, fix: 'Use --from raw: a run takes the records that are in the archive.' });
}

/** The id under which a run of an interval is started: people and scripts can tell it beforehand. */
export function workflowIdOf({ pipeline, interval, from }: { pipeline: string; interval?: Interval | undefined; from?: RunStartWord | undefined }): string {
  if (from === 'delivery') return `run/${pipeline}/delivery`;
  return interval ? `run/${pipeline}/${formatInterval(interval).replace('/', '_')}` : `run/${pipeline}`;
}

/** Connects to Temporal. Throws UNAVAILABLE when it does not answer. */
export async function runStarter(address: TemporalAddress): Promise<RunStarter> {
  const temporal = await openTemporal(address);
  return { start: (input) => startRun(temporal, input), close: () => temporal.close() };
}

/** Starts a run under the id of its interval. Throws INTERVAL_BUSY while a run of that id is at work. */
export async function startRun(temporal: Temporal, input: PipelineRunInput): Promise<StartedRun> {
  const workflowId = workflowIdOf(input);
  const { client, taskQueue } = temporal;
  const priority = { priorityKey: LIVE_PRIORITY, fairnessKey: input.pipeline };
  const handle = await client.workflow
    .start<typeof pipelineRun>(WORKFLOW, { taskQueue, workflowId, args: [input], priority, workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE' })
    .catch(async (error: unknown) => {
      throw isAlreadyStarted(error) ? await busy(temporal, workflowId) : error;
    });
  return followRun(temporal, { workflowId, runId: handle.firstExecutionRunId });
}

/** A run that was started elsewhere, to be watched. */
export function followRun(temporal: Temporal, run: WorkflowAddress & { readonly runId: string }): StartedRun {
  const handle = temporal.asking.workflow.getHandle(run.workflowId, run.runId);
  return { ...run, end: () => endOf(handle), progress: () => query<RunProgress>(temporal, run, 'progress'), heartbeat: () => heartbeatOf(handle).catch(() => undefined) };
}

async function busy({ asking }: Temporal, workflowId: string): Promise<WeirError> {
  const { runId } = await asking.workflow.getHandle(workflowId).describe();
  return new WeirError({
    code: 'INTERVAL_BUSY',
    place: workflowId,
    message: `The same run is already at work, as run ${runId}.`,
    fix: `Watch it with \`weir runs show ${runId}\`, or cancel it with \`weir runs cancel ${runId}\`.`,
  });
}

async function endOf(handle: WorkflowHandle): Promise<WeirError | undefined> {
  try {
    await handle.result();
    return undefined;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return failureOf(error);
  }
}
