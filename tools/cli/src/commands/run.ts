import { WeirError } from '@weir/core';
import type { RunStartWord } from '@weir/orchestrator';
import { connect, type Clients } from '@weir/rpc';
import { platformState, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, type ExitCode } from '../output';
import { checkRunInput, type RunWish } from '../run-start';
import { runToEnd, withTelemetry, type EndOptions } from '../run-to-end';
import { withTemporal } from '../temporal';

interface Options {
  readonly interval?: string;
  readonly from?: string;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('run')
    .argument('<pipeline>', 'a pipeline that was applied')
    .description('Run a pipeline now and show what came of it.')
    .option('--interval <start/end>', 'half-open, whole grains, such as 2010-12-01/2010-12-02; for pipelines with a grain')
    .option('--from <where>', 'source (default); raw: what was read before, and of realtime pipelines, where it is the default, what the archive has; delivery: only bring what is published to history models and destinations')
    .option('--watch', 'show the stages while they run')
    .option('--json', 'the run and its stages as JSON')
    .addHelpText('after', '\nExamples:\n  weir run hello\n  weir run retail --interval 2010-12-01/2010-12-02 --watch\n  weir run retail --interval 2010-12-01/2010-12-02 --from raw\n  weir run retail --from delivery\n  weir run clickstream --interval 2026-03-24T09/2026-03-24T10 --from raw\n\nExit code 1 when the run failed, 2 when the input is wrong. Ctrl-C leaves the run at work.')
    .action(action(run));
}

async function run(pipeline: string, options: Options): Promise<ExitCode> {
  const platform = await platformState();
  const { metadata, quality } = platform.services;
  const clients = connect({ metadata, quality });
  try {
    const wish = { ...options, from: parseFrom(options.from) };
    return await withTelemetry(platform, () => runPipeline(platform, clients, pipeline, { ...wish, interruptible: true }));
  } finally {
    clients.close();
  }
}

/** Starts a run, waits for its end and prints its report: the body of `weir run`, and of the demo. Telemetry is the caller's. */
export async function runPipeline(platform: PlatformState, clients: Clients, pipeline: string, options: RunWish & EndOptions): Promise<ExitCode> {
  const input = await checkRunInput(clients, pipeline, options);
  return withTemporal(platform, (temporal) => runToEnd(platform, clients, temporal, input, options));
}

/** Throws INVALID_VALUE. */
function parseFrom(text: string | undefined): RunStartWord | undefined {
  if (text === undefined || text === 'source' || text === 'raw' || text === 'delivery') return text;
  throw new WeirError({ code: 'INVALID_VALUE', place: '--from', message: `A pipeline cannot be run from \`${text}\`.`, fix: 'Use source, raw or delivery.' });
}
