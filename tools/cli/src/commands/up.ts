import { WeirError } from '@weir/core';
import type { Command } from 'commander';
import { ON_DEMAND, parseBrokerCount, Platform, platformState, platformStatus, startDetached, STEPS, untilSignal, wasWanted, weirHome, type PlatformState, type PlatformStatus, type Step, type UpOptions } from '@weir/servers';
import { addressLines } from '../addresses';
import { action, colour, print, printJson, type ExitCode } from '../output';
import { showProgress } from '../progress';
import { needShown } from '../stream/need-kafka';

interface Options {
  readonly detach?: boolean;
  readonly kafka?: boolean;
  readonly brokers?: string;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('up')
    .description('Start Postgres, Temporal, Jaeger and the services, and keep them running.')
    .option('-d, --detach', 'leave them running in the background; `weir down` stops them')
    .option('--kafka', 'start Kafka and the schema registry too, before a pipeline needs them')
    .option('--brokers <n>', 'give Kafka 1 broker, or 3 of which one may fail; for good, and implies --kafka')
    .option('--json', 'print the addresses as JSON once all are up, and no progress')
    .addHelpText('after', HELP)
    .action(action(up));
}

const HELP = `
Examples:
  weir up                     until Ctrl-C
  weir up --detach            in the background
  weir up --brokers 3         with a Kafka that outlives a broker
  WEIR_SERVERS=native weir up without Docker

Servers come from an address given, PATH or the cache, Docker, or are built with Go or fetched with Maven (tools/servers/README.md).
Kafka and the schema registry are started when a pipeline first needs them, and from then on with every start.`;

async function up(options: Options): Promise<ExitCode> {
  const asked = askedFor(options);
  const found = await platformStatus();
  if (found.kind === 'running' && found.status.phase === 'up') {
    await addTo(found.status, asked, options);
    tell(await platformState(), options, 'The platform is up already.');
    return 0;
  }
  return options.detach ? inBackground(options, asked) : inForeground(options, asked);
}

function askedFor({ kafka = false, brokers }: Options): UpOptions {
  return brokers === undefined ? { kafka } : { kafka: true, brokers: parseBrokerCount(brokers) };
}

/** What a platform that is up lacks of what was asked for. */
async function addTo({ home, kafka }: PlatformStatus, { kafka: needed, brokers }: UpOptions, { json }: Options): Promise<void> {
  if (brokers !== undefined && brokers !== kafka.brokers.length) {
    throw new WeirError({ code: 'INVALID_VALUE', place: '--brokers', message: `The platform is up, and its services know ${kafka.brokers.length === 1 ? '1 broker' : `${kafka.brokers.length} brokers`}.`, fix: `Run \`weir down\`, then \`weir up --brokers ${brokers}\`.` });
  }
  if (needed) await needShown(home, ON_DEMAND, json);
}

async function inBackground(options: Options, asked: UpOptions): Promise<ExitCode> {
  const progress = showProgress(options.json, stepsOf(asked));
  const cancel = new AbortController();
  void untilSignal().then(() => cancel.abort());
  try {
    await startDetached(asked, progress.report, cancel.signal);
  } finally {
    await progress.close();
  }
  tell(await platformState(), options, 'The platform is up in the background. `weir down` stops it.');
  return 0;
}

async function inForeground(options: Options, asked: UpOptions): Promise<ExitCode> {
  const progress = showProgress(options.json, stepsOf(asked));
  const stopped = untilSignal();
  let platform: Platform;
  try {
    platform = await Platform.start({ ...asked, report: progress.report }, (taken) => void stopped.then(() => taken.stop()));
  } finally {
    await progress.close();
  }
  tell(await platformState(), options, 'The platform is up. Ctrl-C stops it.');
  await stopped;
  if (!options.json) print('Stopping.');
  await platform.stop();
  return 0;
}

/** Servers on demand have a line where they are asked for now or were needed here before. */
function stepsOf({ kafka }: UpOptions): Step[] {
  return [...STEPS, ...ON_DEMAND.filter((server) => kafka || wasWanted(weirHome(), server))];
}

function tell(state: PlatformState, { json }: Options, sentence: string): void {
  if (json) printJson(state);
  else print('', colour.strong(sentence), ...addressLines(state));
}
