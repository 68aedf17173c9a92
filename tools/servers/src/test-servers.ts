import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeHome } from './home';
import { planJaeger, startJaeger } from './jaeger';
import { planKafka, startKafka } from './kafka';
import { PortPool } from './port';
import { planPostgres, startPostgres } from './postgres';
import { isAlive } from './process-reference';
import { planRegistry, startRegistry } from './registry';
import { planS3, startS3 } from './s3';
import type { ServerContext } from './server';
import { readState } from './state';
import { stopLeftovers, Supervisor } from './supervisor';
import { planTemporal, startTemporal } from './temporal';

export const TEST_SERVERS = ['postgres', 'temporal', 'jaeger', 'kafka', 'registry', 's3'] as const;
export type TestServer = (typeof TEST_SERVERS)[number];

export interface TestServers {
  /** The WEIR_TEST_… variables that tell tests where the servers are. */
  readonly variables: Readonly<Record<string, string>>;
  /** Stops the servers and removes their data. */
  stop(): Promise<void>;
}

/** The variable whose presence says that a server runs already. */
export const TEST_VARIABLE: Readonly<Record<TestServer, string>> = { postgres: 'WEIR_TEST_POSTGRES', temporal: 'WEIR_TEST_TEMPORAL', jaeger: 'WEIR_TEST_JAEGER_QUERY', kafka: 'WEIR_TEST_KAFKA', registry: 'WEIR_TEST_REGISTRY', s3: 'WEIR_TEST_S3' };

const START: Readonly<Record<TestServer, (context: ServerContext) => Promise<Record<string, string>>>> = {
  postgres: async (context) => {
    const plan = await planPostgres(context);
    await startPostgres(context, plan);
    const { host, port, user, password } = plan.platform;
    return { WEIR_TEST_POSTGRES: `${host}:${port}`, WEIR_TEST_POSTGRES_USER: user, WEIR_TEST_POSTGRES_PASSWORD: password };
  },
  temporal: async (context) => {
    const plan = await planTemporal(context);
    await startTemporal(context, plan);
    return { WEIR_TEST_TEMPORAL: plan.address };
  },
  jaeger: async (context) => {
    const plan = await planJaeger(context);
    await startJaeger(context, plan);
    return { WEIR_TEST_JAEGER_OTLP: plan.otlp, WEIR_TEST_JAEGER_QUERY: plan.query };
  },
  kafka: async (context) => {
    const plan = await planKafka(context);
    await startKafka(context, plan);
    return { WEIR_TEST_KAFKA: plan.brokers.join(',') };
  },
  registry: async (context) => {
    const plan = await planRegistry(context);
    await startRegistry(context, plan, async () => 'memory');
    return { WEIR_TEST_REGISTRY: plan.url };
  },
  s3: async (context) => {
    const plan = await planS3(context);
    await startS3(context, plan);
    return { WEIR_TEST_S3: plan.address, WEIR_TEST_S3_ACCESS_KEY_ID: plan.accessKeyId, WEIR_TEST_S3_SECRET_ACCESS_KEY: plan.secretAccessKey };
  },
};

/**
 * Starts one set of servers for tests: data in a temporary folder and not durable, ports clear of a platform's. Sets that a killed
 * test run left behind are stopped and removed first. `report` is told what takes time.
 */
export async function startTestServers(servers: readonly TestServer[], report: (server: TestServer, text: string) => void, signal: AbortSignal): Promise<TestServers> {
  await removeAbandoned();
  mkdirSync(nursery(), { recursive: true });
  const home = mkdtempSync(join(nursery(), 'set-'));
  const supervisor = await Supervisor.take(home, () => undefined);
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    removeHome(home);
  };
  const env = { WEIR_SERVERS: process.env['WEIR_SERVERS'] };
  const ports = new PortPool(env, 1_000 + 20 * (process.pid % 200));
  const start = async (server: TestServer): Promise<Record<string, string>> => {
    const variables = await START[server]({ home, env, ports, durable: false, signal, say: (text) => report(server, text), supervise: (spec) => supervisor.supervise(spec) });
    report(server, 'ready');
    return variables;
  };
  try {
    const parts = await Promise.all(servers.map(start));
    return { variables: Object.assign({}, ...parts) as Record<string, string>, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function removeAbandoned(): Promise<void> {
  const homes = entries(nursery()).map((name) => join(nursery(), name));
  for (const home of homes) {
    const state = readState(home);
    if (!state || isAlive(state.supervisor)) continue;
    await stopLeftovers(home, () => undefined);
    removeHome(home);
  }
}

function nursery(): string {
  return join(tmpdir(), `weir-tests-${process.getuid?.() ?? 0}`);
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
