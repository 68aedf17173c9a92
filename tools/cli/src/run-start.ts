import { Client, Connection, WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry-v2';
import { WeirError, formatInterval, isErrorCode, parseIntervalText, type ErrorFields, type Interval } from '@weir/core';
import type { PipelineRunInput, RunProgress, TASK_QUEUE, pipelineRun } from '@weir/orchestrator';
import type { Clients } from '@weir/rpc';

/** The names are the orchestrator's; the compiler compares them. */
const QUEUE: typeof TASK_QUEUE = 'weir';
const WORKFLOW: (typeof pipelineRun)['name'] = 'pipelineRun';

export interface TemporalAddress {
  /** host:port of the frontend. */
  readonly temporal: string;
  readonly namespace: string;
  /** The orchestrator's unless given. */
  readonly taskQueue?: string | undefined;
}

/** A run that was started. */
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

/**
 * What a run of a pipeline needs, checked before anything is started: the interval against the pipeline's grain.
 * Throws PIPELINE_NOT_FOUND, or INVALID_INTERVAL when the interval is wrong, missing or not wanted.
 */
export async function checkRunInput(clients: Clients, pipeline: string, interval: string | undefined): Promise<PipelineRunInput> {
  const { definitionJson } = await clients.definitions.getDefinition({ pipeline, version: 0 });
  const { grain } = JSON.parse(definitionJson) as { grain?: string };
  if (!grain && interval !== undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `${pipeline} has no grain, so it takes no interval.`, fix: 'Leave --interval out.' });
  if (!grain) return { pipeline };
  if (interval === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `${pipeline} runs over intervals of ${grain}, and none was given.`, fix: 'Give --interval start/end, such as 2010-12-01/2010-12-02.' });
  return { pipeline, interval: parseIntervalText(interval, grain) };
}

/** The id under which a run of an interval is started: people and scripts can tell it beforehand. */
export function workflowIdOf({ pipeline, interval }: { pipeline: string; interval?: Interval | undefined }): string {
  return interval ? `run/${pipeline}/${formatInterval(interval).replace('/', '_')}` : `run/${pipeline}`;
}

/** Connects to Temporal. Throws UNAVAILABLE when it does not answer. */
export async function runStarter(address: TemporalAddress): Promise<RunStarter> {
  const connection = await Connection.connect({ address: address.temporal, connectTimeout: '5s' }).catch((error: unknown) => {
    throw new WeirError({ code: 'UNAVAILABLE', place: address.temporal, message: 'Temporal does not answer.' }, { cause: error });
  });
  const client = new Client({ connection, namespace: address.namespace, interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] } });
  // Questions twice a second are no part of the run's trace.
  const asking = new Client({ connection, namespace: address.namespace });
  return { start: (input) => start(client, asking, address.taskQueue ?? QUEUE, input), close: () => connection.close() };
}

async function start(client: Client, asking: Client, taskQueue: string, input: PipelineRunInput): Promise<StartedRun> {
  const workflowId = workflowIdOf(input);
  const handle = await client.workflow
    .start<typeof pipelineRun>(WORKFLOW, { taskQueue, workflowId, args: [input], workflowIdConflictPolicy: 'FAIL', workflowIdReusePolicy: 'ALLOW_DUPLICATE' })
    .catch(async (error: unknown) => {
      throw error instanceof WorkflowExecutionAlreadyStartedError ? await busy(asking, workflowId) : error;
    });
  const runId = handle.firstExecutionRunId;
  const question = asking.workflow.getHandle(workflowId, runId);
  return {
    runId,
    workflowId,
    end: () => endOf(asking.workflow.getHandle(workflowId, runId)),
    progress: () => question.query<RunProgress, []>('progress').catch(() => undefined),
    heartbeat: () => heartbeatOf(question).catch(() => undefined),
  };
}

async function busy(asking: Client, workflowId: string): Promise<WeirError> {
  const { runId } = await asking.workflow.getHandle(workflowId).describe();
  return new WeirError({
    code: 'INTERVAL_BUSY',
    place: workflowId,
    message: `The same run is already at work, as run ${runId}.`,
    fix: `Watch it with \`weir runs show ${runId}\`, or cancel it with \`temporal workflow cancel --workflow-id ${workflowId}\`.`,
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

/** A failed workflow carries the error's code as type and its fields as details; one that was cancelled or terminated carries neither. */
function failureOf(failure: WorkflowFailedError): WeirError {
  const cause: (Error & { type?: string; details?: unknown[] }) | undefined = failure.cause;
  const code = cause?.type ?? '';
  if (!isErrorCode(code)) return new WeirError({ code: 'CANCELLED', message: `The run did not end by itself: ${cause?.message ?? failure.message}.` }, { cause: failure });
  return new WeirError({ message: cause?.message ?? code, ...(cause?.details?.[0] as Partial<ErrorFields> | undefined), code }, { cause: failure });
}

async function heartbeatOf(handle: WorkflowHandle): Promise<string | undefined> {
  const { raw } = await handle.describe();
  const data = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data;
  if (!data) return undefined;
  const { step, done, total } = JSON.parse(Buffer.from(data).toString('utf8')) as { step: string; done: number; total: number };
  return total > 0 ? `${step} ${done} of ${total}` : done > 0 ? `${step} ${done}` : step;
}
