import type { Connection } from '@temporalio/client';
import { WeirError } from '@weir/core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isExecutable, onPath } from './command';
import { container } from './container';
import { findServer, preference } from './find';
import { goBuild } from './go-build';
import { cacheHome } from './home';
import { portOf } from './port';
import { waitUntil } from './wait';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { IMAGES, SEARCH_ATTRIBUTES, VERSIONS } from './versions';

const START_MS = 60_000;
const KEYWORD = 2;

export interface TemporalPlan extends RunningServer {
  /** host:port of the frontend. */
  readonly address: string;
  readonly namespace: string;
  /** URL of the web UI; empty when an address was given without WEIR_TEMPORAL_UI. */
  readonly ui: string;
}

/** Settings of a Temporal that was given; undefined when none was. */
function given(env: ServerContext['env']): TemporalPlan | undefined {
  const address = env['WEIR_TEMPORAL_ADDRESS'];
  return address ? { address, namespace: env['WEIR_TEMPORAL_NAMESPACE'] || 'default', ui: env['WEIR_TEMPORAL_UI'] ?? '', how: 'given' } : undefined;
}

/**
 * Chooses the addresses, at once: others need them long before the server answers. The order of origins: WEIR_TEMPORAL_ADDRESS →
 * PATH or cache → Docker → built with Go.
 */
export async function planTemporal({ env, ports }: ServerContext): Promise<TemporalPlan> {
  const known = given(env);
  if (known) return known;
  const [port, ui] = [await ports.choose('temporal'), await ports.choose('temporalUi')];
  return { address: `127.0.0.1:${port}`, namespace: 'default', ui: `http://127.0.0.1:${ui}`, how: '' };
}

/** Finds and starts the server of a plan and returns once it takes calls, with the platform's search attributes registered. */
export async function startTemporal(context: ServerContext, plan: TemporalPlan): Promise<RunningServer> {
  if (given(context.env)) {
    await registerSearchAttributes(plan);
    return { how: 'given' };
  }
  const origin = await findServer(preference(context.env), { name: 'temporal', look: async () => look(), build: () => build(context) });
  const spec = origin.kind === 'docker' ? inDocker(context, plan) : natively(context, plan, origin.found);
  context.say('starting');
  await context.supervise(spec).start(origin.kind === 'docker' ? START_MS * 5 : START_MS);
  await registerSearchAttributes(plan);
  return { how: origin.kind === 'docker' ? `docker ${IMAGES.temporal}` : origin.found };
}

function cached(): string {
  return join(cacheHome(), 'bin', `temporal-${VERSIONS.temporal}`);
}

/** The program in the cache or on PATH; undefined when there is none. */
export function look(): string | undefined {
  return isExecutable(cached()) ? cached() : onPath('temporal');
}

function build({ say, signal }: ServerContext): Promise<string> {
  return goBuild({
    title: `Temporal ${VERSIONS.temporal}`,
    place: 'temporal',
    minutes: 3,
    target: cached(),
    program: 'temporal',
    args: () => ['install', `github.com/temporalio/cli/cmd/temporal@v${VERSIONS.temporal}`],
    env: (folder) => ({ GOBIN: folder }),
    say,
    signal,
  });
}

function natively({ home, durable }: ServerContext, plan: TemporalPlan, program: string): ProcessSpec {
  const data = join(home, 'temporal');
  mkdirSync(data, { recursive: true });
  const args = startDev({ ip: '127.0.0.1', port: portOf(plan.address), ui: portOf(plan.ui), database: join(data, 'temporal.db'), durable });
  return { ...common(home, plan), command: program, args, env: process.env };
}

function inDocker({ home, durable }: ServerContext, plan: TemporalPlan): ProcessSpec {
  const { command, args, cleanUp } = container({
    server: 'temporal',
    home,
    image: IMAGES.temporal,
    ports: [
      [portOf(plan.address), 7233],
      [portOf(plan.ui), 8233],
    ],
    data: '/data',
    options: ['--user', '0'],
    command: startDev({ ip: '0.0.0.0', port: 7233, ui: 8233, database: '/data/temporal.db', durable }),
  });
  return { ...common(home, plan), command, args, env: process.env, cleanUp };
}

/**
 * Fairness lets a pipeline's runs share the queue with those of a large backfill. Eager execution hands a run's next activity to the worker with
 * the answer to its workflow task: half the time between stages, and a quarter less work for the server. The time shift is how much later than now a timer
 * fires at the earliest, which allows for clocks of servers that differ: one server has one clock, and with the default every short wait would last a second.
 */
const SETTINGS = ['matching.useNewMatcher=true', 'matching.enableFairness=true', 'system.enableActivityEagerExecution=true', 'history.timerProcessorMaxTimeShift="10ms"'];

/** The dev server's arguments, the same natively and in Docker. */
export function startDev({ ip, port, ui, database, durable }: { ip: string; port: number; ui: number; database: string; durable: boolean }): string[] {
  return [
    'server', 'start-dev', '--ip', ip, '--port', String(port), '--ui-ip', ip, '--ui-port', String(ui),
    '--db-filename', database, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', `synchronous=${durable ? 'normal' : 'off'}`,
    '--log-level', 'warn', ...SETTINGS.flatMap((setting) => ['--dynamic-config-value', setting]), ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
  ];
}

function common(home: string, plan: TemporalPlan): Pick<ProcessSpec, 'name' | 'logFile' | 'healthy'> {
  return { name: 'temporal', logFile: join(home, 'logs/temporal.log'), healthy: () => answersCalls(plan) };
}

/** Whether the frontend knows the namespace: the dev server listens a moment before it does. */
export async function answersCalls({ address, namespace }: { address: string; namespace: string }): Promise<boolean> {
  const connection = await connected(address, 2_000);
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } finally {
    await connection.close();
  }
}

/**
 * Registers the platform's search attributes where they are missing, and waits until they can be used. Throws SERVER_FAILED with
 * the command to run when the server refuses, as Temporal Cloud does.
 */
async function registerSearchAttributes({ address, namespace }: TemporalPlan): Promise<void> {
  const connection = await connected(address, 10_000);
  const known = async (): Promise<string[]> => Object.keys((await connection.operatorService.listSearchAttributes({ namespace })).customAttributes ?? {});
  try {
    const present = await known();
    const missing = SEARCH_ATTRIBUTES.filter((name) => !present.includes(name));
    if (missing.length === 0) return;
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, KEYWORD])) });
    await waitUntil(async () => (await known()).length >= SEARCH_ATTRIBUTES.length, { timeoutMs: 10_000, everyMs: 100 });
  } catch (error) {
    const flags = SEARCH_ATTRIBUTES.map((name) => `--name ${name} --type Keyword`).join(' ');
    throw new WeirError({ code: 'SERVER_FAILED', place: 'temporal', message: `Search attributes could not be registered at ${address}: ${error instanceof Error ? error.message : String(error)}`, fix: `Run: temporal operator search-attribute create --address ${address} --namespace ${namespace} ${flags}` }, { cause: error });
  } finally {
    await connection.close();
  }
}

/** Temporal's client is loaded for those who ask the server, not for all who ask where it is: that takes a sixth of a second. */
async function connected(address: string, connectTimeout: number): Promise<Connection> {
  const temporal = await import('@temporalio/client');
  return temporal.Connection.connect({ address, connectTimeout });
}
