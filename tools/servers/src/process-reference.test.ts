import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isAlive, referenceTo, stopProcess } from './process-reference';

const sleeper = async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const reference = child.pid === undefined ? undefined : referenceTo(child.pid);
  if (!reference) throw new Error('The process has no reference.');
  return { child, reference };
};

test('a process is stopped by its signal and is gone afterwards', async () => {
  const { child, reference } = await sleeper();
  const exit = once(child, 'exit');
  await stopProcess(reference, 'SIGTERM', 5_000);
  expect(isAlive(reference)).toBe(false);
  expect((await exit)[1]).toBe('SIGTERM');
});

test('a process that ignores its signal is killed after the grace', async () => {
  const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => undefined); console.log("on"); setInterval(() => undefined, 1000)'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  await once(child.stdout, 'data');
  const reference = referenceTo(child.pid ?? 0);
  if (!reference) throw new Error('The process has no reference.');
  await stopProcess(reference, 'SIGTERM', 200);
  expect((await exit)[1]).toBe('SIGKILL');
});

test('a process with a recycled pid is left alone', async () => {
  const { child, reference } = await sleeper();
  const recycled = { pid: reference.pid, started: 'some other start' };
  await stopProcess(recycled, 'SIGKILL', 1_000);
  expect(isAlive(recycled)).toBe(false);
  expect(isAlive(reference)).toBe(true);
  await stopProcess(reference, 'SIGKILL', 1_000);
  expect(child.killed || child.signalCode !== null || !isAlive(reference)).toBe(true);
});

test('a pid that nobody has gives no reference', () => {
  expect(referenceTo(2 ** 30)).toBeUndefined();
});
