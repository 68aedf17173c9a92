import { startTelemetry, stopTelemetry } from '@weir/platform';
import { connect } from '@weir/rpc';
import { Platform, platformState, platformStatus, untilSignal, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { addressLines } from '../addresses';
import { runDemo } from '../demo-run';
import { action, colour, print, type ExitCode } from '../output';
import { showProgress } from '../progress';

interface Options {
  readonly exit?: boolean;
}

/** A platform to run the demo on: one that is up already, or one that this process starts and stops. */
interface Stage {
  readonly state: PlatformState;
  /** Waits for Jaeger; false when it will not come. */
  readonly jaegerIsUp: () => Promise<boolean>;
  /** Absent when the platform was up before and is not ours to stop. */
  readonly stop?: () => Promise<void>;
}

export function register(parent: Command): void {
  parent
    .command('demo')
    .description('Bring everything up, run a day of dirty retail orders through it, and show what happened.')
    .option('--exit', 'stop everything at the end, even in a terminal')
    .addHelpText('after', '\nExamples:\n  npm run demo             from a fresh clone; stays up until Ctrl-C\n  npm run demo -- --exit   exit code 0 only if the run was right')
    .action(action(demo));
}

async function demo({ exit }: Options): Promise<ExitCode> {
  const interrupted = untilSignal();
  const stage = await bringUp(interrupted);
  try {
    const code = await present(stage);
    print('', colour.strong('Addresses'), ...addressLines(stage.state));
    if (!stage.stop) print('', 'The platform was up before and stays up.');
    else if (process.stdout.isTTY && !exit) await stayUp(interrupted);
    return code;
  } finally {
    await stage.stop?.();
  }
}

async function present({ state, jaegerIsUp }: Stage): Promise<ExitCode> {
  const clients = connect(state.services);
  process.env['WEIR_OTLP_ENDPOINT'] ??= state.otlp;
  startTelemetry('cli');
  try {
    return await runDemo(state, clients, jaegerIsUp);
  } finally {
    clients.close();
    await stopTelemetry();
  }
}

async function bringUp(interrupted: Promise<void>): Promise<Stage> {
  const found = await platformStatus();
  if (found.kind === 'running' && found.status.phase === 'up') return { state: await platformState(), jaegerIsUp: async () => found.status.jaeger.healthy };
  const progress = showProgress();
  try {
    const platform = await Platform.start({ report: progress.report }, (taken) => void interrupted.then(() => taken.stop()));
    return { state: await platformState(), jaegerIsUp: () => platform.jaegerIsUp(), stop: () => platform.stop() };
  } finally {
    await progress.close();
  }
}

async function stayUp(interrupted: Promise<void>): Promise<void> {
  print('', 'Everything stays up. Ctrl-C stops it.');
  await interrupted;
  print('Stopping.');
}
