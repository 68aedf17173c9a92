import { randomBytes } from 'node:crypto';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { createLog } from '@weir/platform';
import { createActivities } from '../activities';
import { installRuntime } from '../runtime';
import { createWorker, type WorkerSettings } from '../worker';
import { workflowBundle } from './bundle';
import { FarSide } from './far-side';

/** A line of the log. */
export interface LoggedError {
  readonly message: string;
  readonly pipeline?: string;
  readonly code?: string;
  readonly reason?: string;
}

/** A worker with the real activities on a task queue of its own, a real Temporal server, and a scripted far side. */
export interface Rig {
  readonly client: Client;
  readonly far: FarSide;
  readonly taskQueue: string;
  /** What activities logged at ERROR, in order. */
  readonly errors: readonly LoggedError[];
  /** Starts pipelineRun (or another workflow) under an id of its own and gives its handle. */
  start(input: unknown, workflow?: string, workflowId?: string): Promise<WorkflowHandleWithFirstExecutionRunId>;
  /** A pipeline name that no other test uses. */
  pipeline(): string;
  /** Starts another worker and shuts the present one down, as a rolling deploy does. */
  replaceWorker(): Promise<void>;
  /** Starts a worker that differs in some settings, beside the present one, and gives what stops it. */
  addWorker(changes: Partial<WorkerSettings>): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/** Needs WEIR_TEST_TEMPORAL=host:port; `npm test` at the root starts a server and sets it. */
export async function startRig(spans?: WorkerSettings['spans']): Promise<Rig> {
  const address = process.env['WEIR_TEST_TEMPORAL'];
  if (!address) throw new Error('This test needs a real Temporal server: set WEIR_TEST_TEMPORAL=host:port. `npm test` at the root starts one and sets it.');
  quietRuntime();
  const far = await FarSide.start();
  const taskQueue = unique('queue');
  const log = createLog('orchestrator-test');
  const errors: LoggedError[] = [];
  log.level = 'error';
  log.error = (line: object, message?: string) => void errors.push({ ...line, message: message ?? '' });
  const activities = createActivities({ clients: far.clients, log });
  const settings = { address, namespace: 'default', taskQueue, activities, workflowBundle: await workflowBundle(), spans };
  let working = await work(settings);
  const own = await Connection.connect({ address });
  const client = new Client({ connection: own });
  return {
    client,
    far,
    taskQueue,
    errors,
    pipeline: () => unique('shop'),
    start: (input, workflow = 'pipelineRun', workflowId = unique('run')) => client.workflow.start(workflow, { taskQueue, workflowId, args: [input] }),
    replaceWorker: async () => {
      const before = working;
      working = await work(settings);
      await before();
    },
    addWorker: (changes) => work({ ...settings, ...changes }),
    stop: async () => {
      await working();
      await own.close();
      await far.stop();
    },
  };
}

/** What a failed workflow says: its failure's type, which is the error code, and the message. */
export async function failureOf(handle: WorkflowHandle): Promise<{ type: string; message: string }> {
  try {
    await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError) || !error.cause) throw error;
    const { name, message, type } = error.cause as Error & { type?: string };
    return { type: type ?? name, message };
  }
  throw new Error('The workflow succeeded.');
}

function unique(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`;
}

let quiet = false;

/** Failing activities are what these tests are about; the SDK would log each with its stack. */
export function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  const log = createLog('temporal');
  log.level = 'error';
  installRuntime(log);
}

/** Runs a worker and gives what stops it. */
async function work(settings: WorkerSettings): Promise<() => Promise<void>> {
  const { worker, connection } = await createWorker(settings);
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}
