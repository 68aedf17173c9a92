import { WeirError } from '@weir/core';
import { join } from 'node:path';
import { container } from './container';
import { findServer, preference } from './find';
import { isOk } from './health';
import type { Account } from './postgres-accounts';
import { fetchRegistry, lookForRegistry, type RegistryPrograms } from './registry-programs';
import type { RunningServer, ServerContext } from './server';
import type { ProcessSpec } from './supervised';
import { IMAGES } from './versions';

const START_MS = 60_000;
const CALL_MS = 10_000;

export interface RegistryPlan {
  /** URL of the API that Confluent's clients speak, without a slash at its end. */
  readonly url: string;
  /** Undefined when a running registry was given. */
  readonly ports: { readonly http: number; readonly management: number } | undefined;
}

/** Where the registry keeps schemas: a database, or its memory, which a restart empties. */
export type RegistryStore = Account | 'memory';

/**
 * Chooses the address, at once: services are told it long before the registry runs. The order of origins: WEIR_REGISTRY_URL (of any registry with
 * Confluent's API) → cache → Docker → fetched with Maven.
 */
export async function planRegistry({ env, ports }: ServerContext): Promise<RegistryPlan> {
  const given = env['WEIR_REGISTRY_URL'];
  if (given) return { url: requireUrl(given), ports: undefined };
  const chosen = { http: await ports.choose('registry'), management: await ports.choose('registryManagement') };
  return { url: `http://127.0.0.1:${chosen.http}/apis/ccompat/v7`, ports: chosen };
}

/** Finds or fetches the registry, starts it on `store` and returns once it answers and refuses schemas that break readers. */
export async function startRegistry(context: ServerContext, plan: RegistryPlan, store: () => Promise<RegistryStore>): Promise<RunningServer> {
  if (!plan.ports) {
    if (await registryAnswers(plan.url)) return { how: 'given' };
    throw new WeirError({ code: 'SERVER_FAILED', place: 'registry', message: `No schema registry answers at ${plan.url}.`, fix: "Start it, or set WEIR_REGISTRY_URL to the URL of its Confluent API, the one that has `/subjects`." });
  }
  const kept = await store();
  const inMemory = kept === 'memory';
  const origin = await findServer(preference(context.env), { name: 'registry', look: async () => lookForRegistry(inMemory), build: () => fetchRegistry(context, inMemory) });
  context.say('starting');
  const spec = origin.kind === 'docker' ? inDocker(context, plan.ports, kept) : natively(plan.ports, kept, origin.found);
  const process = context.supervise({ ...spec, name: 'registry', logFile: join(context.home, 'logs/registry.log'), healthy: () => registryAnswers(plan.url) });
  await process.start(origin.kind === 'docker' ? START_MS * 5 : START_MS);
  await requireCompatibility(plan.url);
  return { how: origin.kind === 'docker' ? `docker ${IMAGES.registry}` : `${origin.found.folder}, Java ${origin.found.java.version}` };
}

/** Whether the registry answers and reaches its store. */
export function registryAnswers(url: string): Promise<boolean> {
  return isOk(`${url}/subjects`);
}

function requireUrl(text: string): string {
  if (/^https?:\/\/[^/]/.test(text)) return text.replace(/\/+$/, '');
  throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_REGISTRY_URL', message: `WEIR_REGISTRY_URL is \`${text}\`.`, fix: 'Use a URL such as http://127.0.0.1:8081.' });
}

type Process = Pick<ProcessSpec, 'command' | 'args' | 'env' | 'cwd' | 'cleanUp'>;

function natively({ http, management }: NonNullable<RegistryPlan['ports']>, store: RegistryStore, { java, folder, jar }: RegistryPrograms): Process {
  const args = ['-Xms64m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', jar];
  return { command: java.program, args, cwd: folder, env: { ...process.env, ...registrySettings({ host: '127.0.0.1', http, management, store }) } };
}

/**
 * The registry needs the platform's Postgres, which listens on 127.0.0.1 alone. On Linux a container reaches that by sharing the machine's network, and
 * binds 127.0.0.1 itself; elsewhere Docker runs in a virtual machine, has a name for the machine around it, and publishes the port.
 */
function inDocker({ home }: ServerContext, { http, management }: NonNullable<RegistryPlan['ports']>, store: RegistryStore): Process {
  const shared = process.platform === 'linux';
  const reached = store === 'memory' || shared ? store : { ...store, host: 'host.docker.internal' };
  const settings = registrySettings(shared ? { host: '127.0.0.1', http, management, store: reached } : { host: '0.0.0.0', http: 8080, management: 9000, store: reached });
  const { command, args, cleanUp } = container({
    server: 'registry',
    home,
    image: IMAGES.registry,
    ports: shared ? [] : [[http, 8080]],
    // By name only: the values come from the environment, so that no password stands in a process list.
    options: [...(shared ? ['--network', 'host'] : []), ...Object.keys(settings).flatMap((name) => ['--env', name])],
  });
  return { command, args, cleanUp, env: { ...process.env, ...settings } };
}

/** The registry's settings, as environment variables: Quarkus' and Apicurio's properties in their other spelling. */
export function registrySettings({ host, http, management, store }: { host: string; http: number; management: number; store: RegistryStore }): Record<string, string> {
  return {
    QUARKUS_HTTP_HOST: host,
    QUARKUS_HTTP_PORT: String(http),
    QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
    QUARKUS_MANAGEMENT_HOST: host,
    QUARKUS_MANAGEMENT_PORT: String(management),
    QUARKUS_LOG_CATEGORY__IO_APICURIO__LEVEL: 'WARN',
    // Its own choice is 20 to 100 connections, half of what Postgres has.
    APICURIO_DATASOURCE_JDBC_INITIAL_SIZE: '2',
    APICURIO_DATASOURCE_JDBC_MIN_SIZE: '2',
    APICURIO_DATASOURCE_JDBC_MAX_SIZE: '10',
    ...(store === 'memory' ? {} : databaseSettings(store)),
  };
}

function databaseSettings({ host, port, database, user, password }: Account): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'sql',
    APICURIO_STORAGE_SQL_KIND: 'postgresql',
    APICURIO_DATASOURCE_URL: `jdbc:postgresql://${host}:${port}/${database}`,
    APICURIO_DATASOURCE_USERNAME: user,
    APICURIO_DATASOURCE_PASSWORD: password,
  };
}

/**
 * Makes BACKWARD the compatibility of subjects without one of their own, as other registries have it; this one takes any schema by default. A level
 * that somebody chose stays.
 */
async function requireCompatibility(url: string): Promise<void> {
  const { compatibilityLevel } = (await call(`${url}/config`)) as { compatibilityLevel?: string };
  if (compatibilityLevel === 'NONE') await call(`${url}/config`, { method: 'PUT', body: JSON.stringify({ compatibility: 'BACKWARD' }), headers: { 'content-type': 'application/json' } });
}

async function call(url: string, request: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, { ...request, signal: AbortSignal.timeout(CALL_MS) });
  if (response.ok) return response.json();
  throw new WeirError({ code: 'SERVER_FAILED', place: 'registry', message: `${request.method ?? 'GET'} ${url} answered ${response.status}.`, samples: [(await response.text()).slice(0, 300)] });
}
