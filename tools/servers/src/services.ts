import { WeirError } from '@weir/core';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command';
import { isServing } from './health';
import { lakeCache, ROOT } from './home';
import { portOf } from './port';
import type { Account } from './postgres-accounts';
import { SERVICES, type Addresses, type ServiceName } from './state';
import type { ProcessSpec } from './supervised';

/** Services wait for Postgres and Temporal by themselves; on a busy machine that and six processes loading take a while. */
export const SERVICE_START_MS = 120_000;

/**
 * Bundles every service whose sources changed; returns their names. In a process of its own, because bundling workflows keeps a
 * processor busy for seconds and progress must go on. Throws SERVER_FAILED with the bundler's words.
 */
export async function buildServices(signal: AbortSignal): Promise<string[]> {
  const folders = SERVICES.map((name) => join(ROOT, 'services', name));
  const { code, output } = await runCommand(process.execPath, [join(ROOT, 'tools/build/bundle.mjs'), ...folders], { signal });
  if (code !== 0) throw new WeirError({ code: 'SERVER_FAILED', place: 'services', message: 'The services do not build.', samples: output.trim().split('\n').filter((line) => line && !/^(bundled |\S+ has nothing)/.test(line)).slice(0, 5), fix: 'Correct the source named.' });
  return [...output.matchAll(/^bundled (\S+)/gm)].map(([, name]) => name ?? '');
}

/** What begins, watches and records runs must answer while engines keep every processor busy. */
const WORKERS: ReadonlySet<ServiceName> = new Set(['ingest', 'quality', 'transform', 'load']);
const WORKER_NICENESS = 10;
/**
 * Micro-batches bring megabytes of buffers past a heap that stays as it is. By default that is a whole collection for each of them; with room for twice the heap between two of them, quality
 * takes half of its processor time (300,000 records: 1.2 s instead of 2.5 s).
 */
const WORKER_HEAP = '--heap-growing-percent=200';

/** How to run one service: its bundle with the environment of a platform. */
export function serviceSpec(name: ServiceName, addresses: Addresses, home: string, env: Readonly<Record<string, string | undefined>>): ProcessSpec {
  const program = join(ROOT, 'services', name, 'dist/main.js');
  if (!existsSync(program)) throw new WeirError({ code: 'SERVER_FAILED', place: `services/${name}`, message: 'The service has no bundle: src/main.ts is missing.' });
  const address = addresses.services[name];
  return {
    name,
    command: process.execPath,
    args: ['--enable-source-maps', ...(WORKERS.has(name) ? [WORKER_HEAP] : []), program],
    cwd: ROOT,
    env: { WEIR_LAKE_CACHE: lakeCache(home), ...env, ...serviceEnvironment(addresses), WEIR_PORT: String(portOf(address)) },
    logFile: join(home, 'logs', `${name}.log`),
    healthy: () => isServing(address),
    niceness: WORKERS.has(name) ? WORKER_NICENESS : 0,
  };
}

/** The variables that every service gets; the port comes on top. */
export function serviceEnvironment(addresses: Addresses): Record<string, string> {
  const peers = SERVICES.filter((name) => name !== 'orchestrator').map((name) => [`WEIR_${name.toUpperCase()}_ADDRESS`, addresses.services[name]]);
  return {
    WEIR_HOST: '127.0.0.1',
    WEIR_LAKE: addresses.lake,
    WEIR_EXPORTS: addresses.exports,
    WEIR_OTLP_ENDPOINT: addresses.otlp,
    WEIR_TEMPORAL_ADDRESS: addresses.temporal,
    WEIR_TEMPORAL_NAMESPACE: addresses.namespace,
    WEIR_KAFKA_BROKERS: addresses.kafka.join(','),
    WEIR_REGISTRY_URL: addresses.registry,
    ...login('POSTGRES', addresses.postgres),
    ...login('WAREHOUSE', addresses.warehouse),
    ...Object.fromEntries(peers),
  };
}

function login(prefix: string, account: Account): Record<string, string> {
  const { host, port, database, user, password } = account;
  return { [`WEIR_${prefix}_HOST`]: host, [`WEIR_${prefix}_PORT`]: String(port), [`WEIR_${prefix}_DATABASE`]: database, [`WEIR_${prefix}_USER`]: user, [`WEIR_${prefix}_PASSWORD`]: password };
}
