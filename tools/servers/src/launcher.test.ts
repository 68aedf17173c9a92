import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command';
import { removeHome, ROOT } from './home';
import { kafkaAnswers } from './kafka';
import { needServers } from './need-servers';
import { isAlive } from './process-reference';
import { registryAnswers } from './registry';
import { serviceEnvironment } from './services';
import { platformState, readState, SERVICES, type ProcessState } from './state';
import type { PlatformStatus } from './status';
import { waitUntil } from './wait';

const START_MS = 240_000;
const home = mkdtempSync(join(tmpdir(), 'weir-launcher-'));

const weir = async (...args: string[]): Promise<{ code: number; output: string }> => {
  const foreign = Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_') || name === 'WEIR_SERVERS');
  return runCommand(process.execPath, [join(ROOT, 'tools/cli/bin/weir.mjs'), ...args], { env: { ...Object.fromEntries(foreign), WEIR_HOME: home } });
};

const processes = (): readonly ProcessState[] => readState(home)?.processes ?? [];
const alive = (among: readonly ProcessState[]): string[] => among.filter(({ process }) => process && isAlive(process)).map(({ name }) => name);

beforeAll(async () => {
  const { code, output } = await weir('up', '--detach');
  if (code !== 0) throw new Error(`The platform did not start (exit code ${code}):\n${output}`);
}, START_MS);
afterAll(async () => {
  await weir('down');
  removeHome(home);
}, 60_000);

test('status gives every address, healthy, and the login of the warehouse', async () => {
  const { code, output } = await weir('status', '--json');
  const status = JSON.parse(output) as PlatformStatus;
  expect(code).toBe(0);
  expect(status).toMatchObject({ phase: 'up', healthy: true, warehouse: { host: '127.0.0.1', database: 'warehouse', user: 'warehouse' }, temporal: { healthy: true }, postgres: { healthy: true } });
  expect(Object.entries(status.services).map(([name, { healthy }]) => [name, healthy])).toEqual(SERVICES.map((name) => [name, true]));
  expect(status.warehouse.password).toMatch(/^[\w-]{24}$/);
});

test('the human status shows no password', async () => {
  const { warehouse, postgres } = await platformState(home);
  const { code, output } = await weir('status');
  expect(code).toBe(0);
  expect([warehouse.password, postgres.password].filter((password) => output.includes(password))).toEqual([]);
});

test('a second up finds the platform and starts nothing', async () => {
  const before = processes();
  const { code, output } = await weir('up', '--detach');
  expect({ code, said: output.includes('up already') }).toEqual({ code: 0, said: true });
  expect(processes()).toEqual(before);
});

test('a service that is killed is up again by itself', async () => {
  const find = (): ProcessState | undefined => processes().find(({ name }) => name === 'transform');
  const before = find();
  if (!before?.process) throw new Error('The service has no process.');
  process.kill(before.process.pid, 'SIGKILL');
  expect(await waitUntil(() => find()?.restarts === before.restarts + 1 && find()?.condition === 'healthy', { timeoutMs: 60_000 })).toBe(true);
}, 90_000);

test('Kafka and the registry are idle until somebody needs them, then healthy at the addresses known before', async () => {
  const before = await platformState(home);
  expect({ onDemand: before.onDemand, told: serviceEnvironment(before) }).toMatchObject({ onDemand: {}, told: { WEIR_KAFKA_BROKERS: before.kafka.join(','), WEIR_REGISTRY_URL: before.registry } });
  expect(JSON.parse((await weir('status', '--json')).output)).toMatchObject({ healthy: true, kafka: { phase: 'idle', healthy: false, brokers: before.kafka }, registry: { phase: 'idle', url: before.registry } });
  await needServers(home, ['kafka', 'registry'], () => undefined);
  expect(await Promise.all([kafkaAnswers(before.kafka), registryAnswers(before.registry)])).toEqual([true, true]);
  const { code, output } = await weir('status', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ kafka: { phase: 'running', healthy: true, brokers: before.kafka }, registry: { phase: 'running', healthy: true } });
}, 120_000);

test('the number of brokers that services were told cannot be changed while the platform is up', async () => {
  expect(await weir('up', '--brokers', '3')).toMatchObject({ code: 2, output: expect.stringContaining('weir down') });
  expect(await weir('up', '--brokers', '2')).toMatchObject({ code: 2, output: expect.stringContaining('INVALID_VALUE') });
});

test('after the supervisor was killed, status says so with exit code 3, and down stops what it left', async () => {
  const state = readState(home);
  if (!state) throw new Error('The platform has no state.');
  process.kill(state.supervisor.pid, 'SIGKILL');
  await waitUntil(() => !isAlive(state.supervisor), { timeoutMs: 5_000 });
  expect(alive(state.processes)).toHaveLength(11);

  const status = await weir('status', '--json');
  expect(status.code).toBe(3);
  expect(JSON.parse(status.output)).toMatchObject({ error: { code: 'PLATFORM_DOWN', message: expect.stringContaining('postgres') } });

  const down = await weir('down', '--json');
  expect((JSON.parse(down.output) as { leftovers: string[] }).leftovers).toHaveLength(11);
  expect(alive(state.processes)).toEqual([]);
  expect(existsSync(join(home, 'state.json'))).toBe(false);
}, 120_000);

test('where nothing runs, down says so and status is PLATFORM_DOWN', async () => {
  expect(await weir('down')).toMatchObject({ code: 0, output: 'Nothing runs here.\n' });
  expect(await weir('status')).toMatchObject({ code: 3, output: expect.stringContaining('PLATFORM_DOWN') });
});
