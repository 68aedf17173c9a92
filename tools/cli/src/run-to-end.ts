import { WeirError, formatInterval } from '@weir/core';
import type { PipelineRunInput } from '@weir/orchestrator';
import type { Clients } from '@weir/rpc';
import type { PlatformState } from '@weir/servers';
import { showRun } from './commands/runs/show';
import { colour, print, printJson, type ExitCode } from './output';
import { findRun } from './run-find';
import { startRun, type StartedRun } from './run-start';
import { awaitRun, watchRun } from './run-watch';
import type { Temporal } from './temporal';

export interface EndOptions {
  readonly watch?: boolean | undefined;
  readonly json?: boolean | undefined;
  /** Whether Ctrl-C ends the waiting and leaves the run at work; it ends the program otherwise. */
  readonly interruptible?: boolean | undefined;
}

/** Starts a run, waits for its end and prints its report: what `weir run`, a retry and the demo do. Gives the exit code. Telemetry is the caller's. */
export async function runToEnd(platform: PlatformState, clients: Clients, temporal: Temporal, input: PipelineRunInput, options: EndOptions): Promise<ExitCode> {
  const { runId, error } = await runTraced(temporal, input, options);
  return reportRun(platform, clients, runId, error, options.json === true);
}

/** Telemetry is loaded for those who start runs: that takes a third of a second. */
const telemetry = () => import('@weir/platform');

/** Lets the spans of the command line out for as long as `body` takes. */
export async function withTelemetry<T>({ otlp }: Pick<PlatformState, 'otlp'>, body: () => Promise<T>): Promise<T> {
  const { startTelemetry, stopTelemetry } = await telemetry();
  process.env['WEIR_OTLP_ENDPOINT'] ??= otlp;
  startTelemetry('cli');
  try {
    return await body();
  } finally {
    await stopTelemetry();
  }
}

/** Starts a run and waits for its end, below the span that its trace begins with. Prints nothing with `json`. */
export async function runTraced(temporal: Temporal, input: PipelineRunInput, options: EndOptions): Promise<{ runId: string; error: WeirError | undefined }> {
  const { markFailed, stopTelemetry, withSpan } = await telemetry();
  return withSpan('weir run', { 'weir.pipeline': input.pipeline, 'weir.interval': formatInterval(input.interval) }, async (span) => {
    const started = await startRun(temporal, input);
    if (!options.json) print(colour.faint(`Started ${started.workflowId}, run ${started.runId}.`));
    const release = options.interruptible ? onInterrupt(started.runId, () => (span.end(), stopTelemetry())) : () => undefined;
    try {
      const error = await endOf(started, options);
      if (error) markFailed(span, error);
      return { runId: started.runId, error };
    } finally {
      release();
    }
  });
}

/** Waits for a run's end, with its stages on show where --watch asks for them; gives its error. */
export function endOf(run: StartedRun, { watch, json }: Pick<EndOptions, 'watch' | 'json'>): Promise<WeirError | undefined> {
  if (json) return run.end();
  return watch ? watchRun(run) : awaitRun(run);
}

/** Ctrl-C ends the waiting, not the run; `before` is what the program still has to send. Gives what takes this back. */
export function onInterrupt(runId: string, before: () => Promise<void>): () => void {
  const interrupt = () => {
    print('', `The run goes on: weir runs show ${runId}`);
    void before().then(() => process.exit(130));
  };
  process.once('SIGINT', interrupt);
  return () => process.off('SIGINT', interrupt);
}

/** Prints what came of a run that has ended, and gives the exit code. */
export async function reportRun(platform: PlatformState, clients: Clients, runId: string, error: WeirError | undefined, json: boolean): Promise<ExitCode> {
  const answer = await findRun(clients, runId);
  // A run that was refused before it began is in no record: its error is all there is.
  if (!answer) throw error ?? new WeirError({ code: 'RUN_NOT_FOUND', place: runId, message: 'The run ended, but metadata has no record of it.' });
  if (json) printJson(answer);
  else await showRun(platform, clients, answer);
  return error ? 1 : 0;
}
