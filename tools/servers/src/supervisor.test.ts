import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PortPool } from './port';
import { isAlive, type ProcessReference } from './process-reference';
import { platformState, readState } from './state';
import { Supervised } from './supervised';
import { Supervisor } from './supervisor';
import { fixtureSpec } from './testing/fixture';

const ports = new PortPool({}, 5_000 + (process.pid % 1_000));
const DEAD: ProcessReference = { pid: 2 ** 30, started: 'long ago' };
const running: Supervised[] = [];
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'weir-supervisor-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  rmSync(home, { recursive: true, force: true });
});

/** Leaves a home as a supervisor leaves it that was killed: lock and state with a dead supervisor, its process running on. */
const crashed = async (forge: (process: ProcessReference) => ProcessReference): Promise<{ left: Supervised; reference: ProcessReference }> => {
  const left = new Supervised(fixtureSpec(home, await ports.choose('ingest')));
  running.push(left);
  await left.start(10_000);
  if (!left.reference) throw new Error('The service has no process.');
  writeFileSync(join(home, 'supervisor.lock'), JSON.stringify(DEAD));
  const processes = [{ name: 'fixture', condition: 'healthy', process: forge(left.reference), restarts: 0, stopSignal: 'SIGTERM' }];
  writeFileSync(join(home, 'state.json'), JSON.stringify({ version: 1, home, supervisor: DEAD, processes }));
  return { left, reference: left.reference };
};

test('what a crashed supervisor left running is stopped by the next one', async () => {
  const { left, reference } = await crashed((process) => process);
  // The first one would start it again; a crashed one cannot.
  const gone = left.stop();
  const said: string[] = [];
  const supervisor = await Supervisor.take(home, (text) => said.push(text));
  await gone;
  expect(isAlive(reference)).toBe(false);
  await supervisor.stop();
  expect(existsSync(join(home, 'state.json'))).toBe(false);
});

test('a process that got the pid of a stale state is not touched', async () => {
  const { reference } = await crashed((process) => ({ ...process, started: 'before the last boot' }));
  const supervisor = await Supervisor.take(home, () => undefined);
  expect(isAlive(reference)).toBe(true);
  await supervisor.stop();
});

test('a home has one supervisor at a time', async () => {
  const supervisor = await Supervisor.take(home, () => undefined);
  await expect(Supervisor.take(home, () => undefined)).rejects.toMatchObject({ code: 'SERVER_FAILED', place: home });
  await supervisor.stop();
  await (await Supervisor.take(home, () => undefined)).stop();
});

test('the state names every process with pid and start, for its owner only', async () => {
  const supervisor = await Supervisor.take(home, () => undefined);
  const service = supervisor.supervise(fixtureSpec(home, await ports.choose('quality')));
  await service.start(10_000);
  expect(readState(home)?.processes).toEqual([{ name: 'fixture', condition: 'healthy', process: service.reference, restarts: 0, stopSignal: 'SIGTERM' }]);
  expect(statSync(join(home, 'state.json')).mode & 0o777).toBe(0o600);
  await supervisor.stop();
  expect(service.reference).toBeUndefined();
});

test('where no platform runs, its state is PLATFORM_DOWN', async () => {
  await expect(platformState(home)).rejects.toMatchObject({ code: 'PLATFORM_DOWN', place: home });
  writeFileSync(join(home, 'state.json'), '{"version":1,"half');
  await expect(platformState(home)).rejects.toMatchObject({ code: 'PLATFORM_DOWN' });
  expect(readFileSync(join(home, 'state.json'), 'utf8')).toContain('half');
});
