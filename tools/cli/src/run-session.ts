import type { RunProgress } from '@weir/orchestrator';
import { connect, type Clients } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import { printJson, type ExitCode } from './output';
import { findOpenRun, type FoundRun } from './run-find';
import { followRun } from './run-start';
import { endOf, onInterrupt, reportRun } from './run-to-end';
import { withTemporal, type Temporal } from './temporal';

/** What a command that puts a hand on a run works with. */
export interface RunSession {
  readonly platform: PlatformState;
  readonly clients: Clients;
  readonly temporal: Temporal;
  readonly run: FoundRun;
}

/** Finds a run and does something with it; what it opens for that is closed again. Throws RUN_NOT_FOUND, PLATFORM_DOWN, UNAVAILABLE, and what `body` throws. */
export async function withRun<T>(name: string, body: (session: RunSession) => Promise<T>): Promise<T> {
  const platform = await platformState();
  const { metadata, quality } = platform.services;
  const clients = connect({ metadata, quality });
  try {
    return await withTemporal(platform, async (temporal) => body({ platform, clients, temporal, run: await findOpenRun(temporal, clients, name) }));
  } finally {
    clients.close();
  }
}

export interface HandOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** What came of a hand on an open run: where the run then stands, and how to say it. */
export interface Laid {
  readonly progress: RunProgress;
  readonly say: () => void;
}

/** Finds a run, lays a hand on it, says so, and with --watch follows the run to its end, as `weir run` does. */
export function onRun(name: string, options: HandOptions, lay: (session: RunSession) => Promise<Laid>): Promise<ExitCode> {
  return withRun(name, async (session) => afterHand(session, await lay(session), options));
}

/** Says what was done; with --watch follows the run to its end and gives its exit code. */
export async function afterHand({ platform, clients, temporal, run }: RunSession, { progress, say }: Laid, { watch, json }: HandOptions): Promise<ExitCode> {
  if (!json) say();
  else if (!watch) printJson({ runId: run.runId, workflowId: run.workflowId, progress });
  if (!watch) return 0;
  const followed = followRun(temporal, run);
  const release = onInterrupt(run.runId, () => Promise.resolve());
  try {
    const error = await endOf(followed, { watch, json });
    return await reportRun(platform, clients, run.runId, error, json === true);
  } finally {
    release();
  }
}
