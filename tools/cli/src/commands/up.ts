import type { Command } from 'commander';
import { Platform, platformState, platformStatus, startDetached, untilSignal, type PlatformState } from '@weir/servers';
import { addressLines } from '../addresses';
import { action, colour, print, printJson, type ExitCode } from '../output';
import { showProgress } from '../progress';

interface Options {
  readonly detach?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('up')
    .description('Start Postgres, Temporal, Jaeger and the services, and keep them running.')
    .option('-d, --detach', 'leave them running in the background; `weir down` stops them')
    .option('--json', 'print the addresses as JSON once all are up, and no progress')
    .addHelpText('after', '\nExamples:\n  weir up                     until Ctrl-C\n  weir up --detach            in the background\n  WEIR_SERVERS=native weir up without Docker\n\nServers come from an address given, PATH or the cache, Docker, or are built with Go (tools/servers/README.md).')
    .action(action(up));
}

async function up(options: Options): Promise<ExitCode> {
  const found = await platformStatus();
  if (found.kind === 'running' && found.status.phase === 'up') {
    tell(await platformState(), options, 'The platform is up already.');
    return 0;
  }
  return options.detach ? inBackground(options) : inForeground(options);
}

async function inBackground(options: Options): Promise<ExitCode> {
  const progress = showProgress(options.json);
  const cancel = new AbortController();
  void untilSignal().then(() => cancel.abort());
  try {
    await startDetached(progress.report, cancel.signal);
  } finally {
    await progress.close();
  }
  tell(await platformState(), options, 'The platform is up in the background. `weir down` stops it.');
  return 0;
}

async function inForeground(options: Options): Promise<ExitCode> {
  const progress = showProgress(options.json);
  const stopped = untilSignal();
  let platform: Platform;
  try {
    platform = await Platform.start({ report: progress.report }, (taken) => void stopped.then(() => taken.stop()));
  } finally {
    await progress.close();
  }
  tell(await platformState(), options, 'The platform is up. Ctrl-C stops it.');
  await stopped;
  if (!options.json) print('Stopping.');
  await platform.stop();
  return 0;
}

function tell(state: PlatformState, { json }: Options, sentence: string): void {
  if (json) printJson(state);
  else print('', colour.strong(sentence), ...addressLines(state));
}
