import { WeirError, formatInterval } from '@weir/core';
import type { PipelineRunInput } from '@weir/orchestrator';
import { markFailed, startTelemetry, stopTelemetry, withSpan } from '@weir/platform';
import { connect, type Clients } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, print, printJson, type ExitCode } from '../output';
import { findRun } from '../run-find';
import { checkRunInput, runStarter, type RunStarter, type StartedRun } from '../run-start';
import { watchRun } from '../run-watch';
import { showRun } from './runs/show';

interface Options {
  readonly interval?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('run')
    .argument('<pipeline>', 'a pipeline that was applied')
    .description('Run a pipeline now and show what came of it.')
    .option('--interval <start/end>', 'half-open, whole grains, such as 2010-12-01/2010-12-02; for pipelines with a grain')
    .option('--watch', 'show the stages while they run')
    .option('--json', 'the run and its stages as JSON')
    .addHelpText('after', '\nExamples:\n  weir run hello\n  weir run retail --interval 2010-12-01/2010-12-02 --watch\n\nExit code 1 when the run failed, 2 when the input is wrong. Ctrl-C leaves the run at work.')
    .action(action(run));
}

async function run(pipeline: string, options: Options): Promise<ExitCode> {
  const platform = await platformState();
  const { metadata, quality } = platform.services;
  const clients = connect({ metadata, quality });
  process.env['WEIR_OTLP_ENDPOINT'] ??= platform.otlp;
  startTelemetry('cli');
  try {
    return await runPipeline(platform, clients, pipeline, { ...options, onStarted: onInterrupt });
  } finally {
    clients.close();
    await stopTelemetry();
  }
}

interface RunOptions extends Options {
  /** Told once the run is at work, with what ends the span that its trace begins with. */
  readonly onStarted?: (run: StartedRun, endSpan: () => void) => void;
}

/** Starts a run, waits for its end and prints its report: the body of `weir run`, and of the demo. Telemetry is the caller's. */
export async function runPipeline(platform: PlatformState, clients: Clients, pipeline: string, options: RunOptions): Promise<ExitCode> {
  const input = await checkRunInput(clients, pipeline, options.interval);
  const starter = await runStarter(platform);
  try {
    const { started, error } = await traced(starter, input, options);
    return await report(platform, clients, started, error, options);
  } finally {
    await starter.close();
  }
}

/** The span that the trace of the run begins with; it lasts as long as the run is waited for. */
function traced(starter: RunStarter, input: PipelineRunInput, options: RunOptions): Promise<{ started: StartedRun; error: WeirError | undefined }> {
  return withSpan('weir run', { 'weir.pipeline': input.pipeline, 'weir.interval': formatInterval(input.interval) }, async (span) => {
    const started = await starter.start(input);
    if (!options.json) print(colour.faint(`Started ${started.workflowId}, run ${started.runId}.`));
    options.onStarted?.(started, () => span.end());
    const error = await ended(started, options);
    if (error) markFailed(span, error);
    return { started, error };
  });
}

function ended(started: StartedRun, { watch, json }: Options): Promise<WeirError | undefined> {
  return watch && !json ? watchRun(started) : started.end();
}

/** Ctrl-C ends the waiting, not the run; the span that began the trace is sent all the same. */
function onInterrupt({ runId }: StartedRun, endSpan: () => void): void {
  process.once('SIGINT', () => {
    endSpan();
    print('', `The run goes on: weir runs show ${runId}`);
    void stopTelemetry().then(() => process.exit(130));
  });
}

async function report(platform: PlatformState, clients: Clients, { runId }: StartedRun, error: WeirError | undefined, { json }: Options): Promise<ExitCode> {
  const answer = await findRun(clients, runId);
  // A run that was refused before it began is in no record: its error is all there is.
  if (!answer) throw error ?? new WeirError({ code: 'RUN_NOT_FOUND', place: runId, message: 'The run ended, but metadata has no record of it.' });
  if (json) printJson(answer);
  else await showRun(platform, clients, answer);
  return error ? 1 : 0;
}
