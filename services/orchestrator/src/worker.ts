import { Client } from '@temporalio/client';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';
import { NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { telemetryResource, type Logger } from '@weir/platform';
import type { Activities } from './activities';
import { startReconcile } from './start-reconcile';
import { describeWorkflowSpans, type SpanProcessor } from './workflow-spans';
import { SEARCH_ATTRIBUTES } from './workflows/search-attributes';

/** The task queue that `temporal workflow start --task-queue weir` and every schedule name. */
export const TASK_QUEUE = 'weir';

export interface WorkerSettings {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly activities: Activities;
  /** Built ahead from workflows/index.ts: bundling takes 2 s. */
  readonly workflowBundle: WorkflowBundleOption;
  /** Takes the spans of workflows; none where telemetry is off. */
  readonly spans?: SpanProcessor | undefined;
  /** Which version of the workflows this worker has; none where versions are not used. */
  readonly version?: WorkerVersion | undefined;
}

/** A version of the platform's workflows, as `temporal worker deployment` names it. */
export interface WorkerVersion {
  readonly deploymentName: string;
  readonly buildId: string;
}

/** Connects to Temporal and gives a worker that is ready to run. Throws when Temporal is not there. */
export async function createWorker(settings: WorkerSettings): Promise<{ worker: Worker; connection: NativeConnection }> {
  const connection = await NativeConnection.connect({ address: settings.address });
  try {
    await registerSearchAttributes(connection, settings.namespace);
    const worker = await Worker.create({
      connection,
      namespace: settings.namespace,
      taskQueue: settings.taskQueue,
      workflowBundle: settings.workflowBundle,
      activities: settings.activities,
      plugins: [tracing(settings.spans)],
      // Runs say for themselves that they stay on the version they began with; entities, which never end, move on.
      ...(settings.version && { workerDeploymentOptions: { version: settings.version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' as const } }),
      // Heartbeats go out at most this far apart: they carry progress out and cancellations in, which must act within 5 s.
      maxHeartbeatThrottleInterval: 1_000,
      // A stage waits on its service and costs nothing here; the services bound what runs at once. Every consumer of a stream holds a place for weeks.
      maxConcurrentActivityTaskExecutions: 1_000,
      maxCachedWorkflows: 200,
      // Runs of a worker that was killed go to another one after this; with the default they would wait 10 s more.
      stickyQueueScheduleToStartTimeout: 2_000,
      // Open stages get this long to end by themselves; then they are handed to another worker, uncounted.
      shutdownGraceTime: 5_000,
    });
    return { worker, connection };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** Starts a worker as soon as Temporal answers, however long that takes, and runs it until `stopped`; a lost worker is started again. */
export async function keepWorking(settings: WorkerSettings, log: Logger, stopped: AbortSignal, onReady: (ready: boolean) => void): Promise<void> {
  while (!stopped.aborted) {
    try {
      const { worker, connection } = await createWorker(settings);
      const stop = () => worker.shutdown();
      stopped.addEventListener('abort', stop, { once: true });
      // A worker waits for a Temporal that went away without a word; health must not.
      const probe = setInterval(() => void answers(connection).then((ready) => onReady(ready && !stopped.aborted)), PROBE_MS);
      try {
        onReady(true);
        log.info({ taskQueue: settings.taskQueue, temporal: settings.address, ...settings.version }, 'Working.');
        void startReconcile(new Client({ connection, namespace: settings.namespace }), settings.taskQueue, log);
        await worker.run();
      } finally {
        clearInterval(probe);
        onReady(false);
        stopped.removeEventListener('abort', stop);
        await connection.close();
      }
    } catch (error) {
      if (stopped.aborted) return;
      log.warn({ error, temporal: settings.address }, 'Temporal is not there; trying again.');
      await pause(RETRY_MS, stopped);
    }
  }
}

const RETRY_MS = 2_000;
const PROBE_MS = 2_000;

async function answers(connection: NativeConnection): Promise<boolean> {
  try {
    await connection.withDeadline(Date.now() + PROBE_MS, () => connection.workflowService.getSystemInfo({}));
    return true;
  } catch {
    return false;
  }
}

function pause(milliseconds: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stopped.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** The plugin that the workflow bundle's interceptors need; their spans need somewhere to go also where telemetry is off. */
export function tracing(spans: SpanProcessor = DISCARD): OpenTelemetryPlugin {
  return new OpenTelemetryPlugin({ resource: telemetryResource('orchestrator'), spanProcessor: describeWorkflowSpans(spans) });
}

const nothing = () => Promise.resolve();
const DISCARD = { onStart: () => undefined, onEnd: () => undefined, forceFlush: nothing, shutdown: nothing };

/** Keyword in temporal.api.enums.v1.IndexedValueType. */
const KEYWORD = 2;

/** A run fails its workflow tasks on a server that does not know its search attributes, so they are made sure of first. */
async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map(({ name }) => [name, KEYWORD])) });
}
