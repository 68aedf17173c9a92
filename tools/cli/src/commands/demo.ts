import { WeirError } from '@weir/core';
import { MAX_EXPECTED_CLICKS } from '@weir/generate';
import { connect, type Clients } from '@weir/rpc';
import { Platform, platformState, platformStatus, untilSignal, type PlatformState } from '@weir/servers';
import type { Command } from 'commander';
import { addressLines } from '../addresses';
import { runDemo } from '../demo-run';
import { clickstreamDemo } from '../demo/clickstream';
import { driftDemo } from '../demo/drift';
import { retailRealtimeDemo } from '../demo/retail-realtime';
import { clickWish } from '../generate/click-wish';
import { assertDays } from '../generate/retail-days';
import { action, colour, print, type ExitCode } from '../output';
import { showProgress } from '../progress';
import { withTelemetry } from '../run-to-end';

interface Options {
  readonly exit?: boolean;
  readonly rate?: string;
  readonly seconds?: string;
  readonly seed?: string;
  readonly data?: string;
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
    .argument('[example]', 'clickstream, retail-realtime or drift; a day of the batch example retail otherwise')
    .description('Bring everything up, run an example through it, and show what happened: a day of dirty retail orders, a stream at work, or data that changes while its contract stays.')
    .option('--rate <n>', 'of clickstream: records a second; 1000 by default')
    .option('--seconds <n>', 'of clickstream: how long; 60 by default')
    .option('--seed <n>', 'of clickstream: 1 by default')
    .option('--data <folder>', 'of retail-realtime: daily files <yyyy-mm-dd>.csv; generated ones by default')
    .option('--exit', 'stop everything at the end, even in a terminal')
    .addHelpText('after', HELP)
    .action(action(demo));
}

const HELP = `
Examples:
  npm run demo                                   from a fresh clone; stays up until Ctrl-C
  npm run demo -- --exit                         exit code 0 only if the run was right
  npm run demo -- clickstream --rate 5000        a stream: exit code 0 only if its tables are what the generator knows
  npm run demo -- retail-realtime --data <folder>
  npm run demo -- drift                          six kinds of change hit the retail example: exit code 0 only if each ends as its contract says`;

/** Shows an example on a platform; gives the exit code. */
type Show = (stage: Stage, clients: Clients) => Promise<ExitCode>;

async function demo(example: string | undefined, options: Options): Promise<ExitCode> {
  const show = showOf(example, options);
  const interrupted = untilSignal();
  const stage = await bringUp(interrupted);
  try {
    const code = await present(stage, show);
    print('', colour.strong('Addresses'), ...addressLines(stage.state));
    if (!stage.stop) print('', 'The platform was up before and stays up.');
    else if (process.stdout.isTTY && !options.exit) await stayUp(interrupted);
    return code;
  } finally {
    await stage.stop?.();
  }
}

/** What was asked for. Throws INVALID_VALUE before anything is started. */
function showOf(example: string | undefined, { rate, seconds, seed, data }: Options): Show {
  const strange = [example !== 'clickstream' && [rate, seconds, seed].some((word) => word !== undefined) && '--rate, --seconds and --seed', example !== 'retail-realtime' && data !== undefined && '--data'].find((words) => words !== false);
  if (strange) throw new WeirError({ code: 'INVALID_VALUE', place: strange, message: `The demo of ${example ?? 'retail'} takes no ${strange}.`, fix: '`weir demo --help` shows which example takes what.' });
  if (example === undefined) return ({ state, jaegerIsUp }, clients) => runDemo(state, clients, jaegerIsUp);
  if (example === 'clickstream') {
    const words = { rate, seconds, seed };
    assertCountable(clickWish(words, Date.now()).count);
    return async ({ state }, clients) => ((await clickstreamDemo(state, clients, words)) ? 0 : 2);
  }
  if (example === 'drift') return ({ state }, clients) => driftDemo(state, clients).then(() => 0);
  if (example !== 'retail-realtime') throw new WeirError({ code: 'INVALID_VALUE', place: example, message: `There is no demo of \`${example}\`.`, fix: 'Use clickstream, retail-realtime or drift, or nothing for a day of retail.' });
  if (data !== undefined) assertDays(data);
  return async ({ state }, clients) => ((await retailRealtimeDemo(state, clients, data)) ? 0 : 2);
}

/** The generator keeps the newest version of every click to tell what must be in the tables. */
function assertCountable(count: number): void {
  if (count <= MAX_EXPECTED_CLICKS) return;
  throw new WeirError({ code: 'INVALID_VALUE', place: '--seconds', message: `The demo would send ${count} records; the most whose end it can tell is ${MAX_EXPECTED_CLICKS}.`, fix: 'Lower --rate or --seconds, or send with `weir generate clickstream`.' });
}

function present(stage: Stage, show: Show): Promise<ExitCode> {
  const clients = connect(stage.state.services);
  return withTelemetry(stage.state, () => show(stage, clients)).finally(() => clients.close());
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
