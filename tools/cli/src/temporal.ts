import { Client, Connection, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry-v2';
import { WeirError } from '@weir/core';
import type { TASK_QUEUE } from '@weir/orchestrator';
import { userInfo } from 'node:os';
import { fromTemporal, isNotOpen } from './temporal-failure';

/** The name is the orchestrator's; the compiler compares it. */
const QUEUE: typeof TASK_QUEUE = 'weir';

export interface TemporalAddress {
  /** host:port of the frontend. */
  readonly temporal: string;
  readonly namespace: string;
  /** The orchestrator's unless given. */
  readonly taskQueue?: string | undefined;
}

/** A connection to Temporal as the commands use it; close it to let the process end. */
export interface Temporal {
  /** What it starts belongs to the trace of the caller. */
  readonly client: Client;
  /** For questions: those asked twice a second are no part of a run's trace. */
  readonly asking: Client;
  readonly taskQueue: string;
  readonly namespace: string;
  close(): Promise<void>;
}

/** A workflow by its id, and by a run of that id when one is meant. */
export interface WorkflowAddress {
  readonly workflowId: string;
  readonly runId?: string | undefined;
}

/** How long an update, a query or a short workflow may take before the orchestrator is called silent. */
const ANSWER_MS = 15_000;

/** Connects to Temporal. Throws UNAVAILABLE when it does not answer. */
export async function openTemporal({ temporal, namespace, taskQueue = QUEUE }: TemporalAddress): Promise<Temporal> {
  const connection = await Connection.connect({ address: temporal, connectTimeout: '5s' }).catch((error: unknown) => {
    throw new WeirError({ code: 'UNAVAILABLE', place: temporal, message: 'Temporal does not answer.' }, { cause: error });
  });
  const client = new Client({ connection, namespace, interceptors: { workflow: [new OpenTelemetryWorkflowClientInterceptor()] } });
  return { client, asking: new Client({ connection, namespace }), taskQueue, namespace, close: () => connection.close() };
}

/** Opens a connection for as long as `body` takes. Throws as openTemporal, and what `body` throws. */
export async function withTemporal<T>(address: TemporalAddress, body: (temporal: Temporal) => Promise<T>): Promise<T> {
  const temporal = await openTemporal(address);
  try {
    return await body(temporal);
  } finally {
    await temporal.close();
  }
}

export interface Execution {
  /** Name of the workflow's type, such as `backfillPlan`. */
  readonly workflow: string;
  readonly workflowId: string;
  readonly input: unknown;
  /** How long its end is waited for; 15 s unless given. It goes on when the wait is over. */
  readonly waitMs?: number | undefined;
}

/** After this long people want to know that something is waited for. */
const PATIENCE_MS = 5_000;

/**
 * Runs a workflow and gives its result; one that is open under the same id is waited for instead of started.
 * Throws the error it ended with, UNAVAILABLE when it has not ended in time.
 *
 *   const plan = await execute<BackfillPlan>(temporal, { workflow: 'backfillPlan', workflowId: 'plan/retail/…', input: { pipeline: 'retail', … } });
 */
export async function execute<Result>(temporal: Temporal, { workflow, workflowId, input, waitMs = ANSWER_MS }: Execution): Promise<Result> {
  const { client, taskQueue } = temporal;
  const slow = setTimeout(() => process.stderr.write(`  Still waiting for ${workflowId}; \`weir status\` says whether the orchestrator is at work.\n`), PATIENCE_MS);
  try {
    return await client.connection.withAbortSignal(AbortSignal.timeout(waitMs), async () => {
      const handle = await client.workflow.start(workflow, { taskQueue, workflowId, args: [input], workflowIdConflictPolicy: 'USE_EXISTING', workflowIdReusePolicy: 'ALLOW_DUPLICATE' });
      return (await handle.result()) as Result;
    });
  } catch (error) {
    throw fromTemporal(error, workflowId);
  } finally {
    clearTimeout(slow);
  }
}

/** Sends an update and gives its answer. Throws the error that the workflow rejected it with, UNAVAILABLE without an answer in 15 s, what isNotOpen knows when it has ended. */
export async function update<View>({ asking }: Temporal, { workflowId, runId }: WorkflowAddress, name: string, input: unknown): Promise<View> {
  try {
    const handle = asking.workflow.getHandle(workflowId, runId);
    return await asking.withDeadline(Date.now() + ANSWER_MS, () => handle.executeUpdate<View, [unknown]>(name, { args: [input] }));
  } catch (error) {
    throw fromTemporal(error, workflowId);
  }
}

/** Asks a workflow; undefined when it is not known or nobody answers within `waitMs`. */
export async function query<View>({ asking }: Temporal, { workflowId, runId }: WorkflowAddress, name: string, waitMs = 5_000): Promise<View | undefined> {
  const handle = asking.workflow.getHandle(workflowId, runId);
  return asking.withDeadline(Date.now() + waitMs, () => handle.query<View, []>(name)).catch(() => undefined);
}

/** Whether the newest execution of a workflow id (or the one named) is open, and which it is; undefined when Temporal does not know it. */
export async function lookUp({ asking }: Temporal, { workflowId, runId }: WorkflowAddress): Promise<{ runId: string; type: string; open: boolean } | undefined> {
  try {
    const { runId: found, type, status } = await asking.workflow.getHandle(workflowId, runId).describe();
    return { runId: found, type, open: status.name === 'RUNNING' };
  } catch (error) {
    if (isNotOpen(error)) return undefined;
    throw fromTemporal(error, workflowId);
  }
}

/** Whether a start was refused because the id is at work. */
export function isAlreadyStarted(error: unknown): boolean {
  return error instanceof WorkflowExecutionAlreadyStartedError;
}

/** Who gives an order, for the record. */
export function operator(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? '';
  }
}
