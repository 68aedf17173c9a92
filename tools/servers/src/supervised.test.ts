import { mkdtempSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortPool } from './port';
import { isAlive } from './process-reference';
import { Supervised, type ProcessSpec } from './supervised';
import { fixtureSpec } from './testing/fixture';
import { waitUntil } from './wait';

const ports = new PortPool({}, 4_000 + (process.pid % 1_000));
const running: Supervised[] = [];
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-supervised-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const supervised = (spec: ProcessSpec): Supervised => {
  const made = new Supervised(spec);
  running.push(made);
  return made;
};

const textAt = async (port: number): Promise<string> => (await fetch(`http://127.0.0.1:${port}/`)).text();

test('a service killed with SIGKILL is started again within 5 s and counted', async () => {
  const port = await ports.choose('ingest');
  const service = supervised(fixtureSpec(folder, port));
  await service.start(10_000);
  const first = service.reference;
  if (!first) throw new Error('The service has no process.');
  process.kill(first.pid, 'SIGKILL');
  const again = await waitUntil(async () => service.condition === 'healthy' && service.restarts === 1 && (await textAt(port)) === String(service.reference?.pid), { timeoutMs: 5_000 });
  expect(again).toBe(true);
  expect(service.reference?.pid).not.toBe(first.pid);
  await service.stop();
  expect(service.condition).toBe('stopped');
});

test('a service steps back as far as its specification says, also after a restart', async () => {
  const port = await ports.choose('ingest');
  const service = supervised({ ...fixtureSpec(folder, port), niceness: 7 });
  await service.start(10_000);
  expect(getPriority(service.reference?.pid)).toBe(7);
  process.kill(service.reference?.pid ?? 0, 'SIGKILL');
  expect(await waitUntil(async () => service.condition === 'healthy' && service.restarts === 1, { timeoutMs: 5_000 })).toBe(true);
  expect(getPriority(service.reference?.pid)).toBe(7);
});

test('a service that ends three times before it is healthy fails the start with the end of its log', async () => {
  const service = supervised(fixtureSpec(folder, await ports.choose('quality'), 'console.error("no such table: orders"); process.exit(3)'));
  await expect(service.start(20_000)).rejects.toMatchObject({ code: 'SERVER_FAILED', place: 'fixture', samples: expect.arrayContaining(['no such table: orders']) });
});

test('a service that never becomes healthy is stopped when its time is up', async () => {
  const changes: (number | undefined)[] = [];
  const service: Supervised = new Supervised(fixtureSpec(folder, await ports.choose('transform'), 'setInterval(() => undefined, 1000)'), () => changes.push(service.reference?.pid));
  await expect(service.start(500)).rejects.toMatchObject({ code: 'SERVER_FAILED' });
  expect(changes.some((pid) => pid !== undefined)).toBe(true);
  expect(service.reference).toBeUndefined();
});

test('a service can be stopped while it waits to be started again', async () => {
  const port = await ports.choose('load');
  const service = supervised(fixtureSpec(folder, port));
  await service.start(10_000);
  const first = service.reference;
  if (!first) throw new Error('The service has no process.');
  process.kill(first.pid, 'SIGKILL');
  await waitUntil(() => service.condition === 'restarting', { timeoutMs: 5_000, everyMs: 5 });
  await service.stop();
  expect(isAlive(first)).toBe(false);
  await expect(textAt(port)).rejects.toThrow();
});

test('a program that does not exist is SERVER_FAILED with its name', async () => {
  const service = supervised({ ...fixtureSpec(folder, await ports.choose('metadata')), command: join(folder, 'absent') });
  await expect(service.start(1_000)).rejects.toMatchObject({ code: 'SERVER_FAILED', message: expect.stringContaining('absent') });
});
