import { isErrorCode, toWeirError, WeirError, type ErrorFields } from '@weir/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, weirHome } from './home';
import { Platform, type PlatformOptions } from './platform';
import type { Report, StepEvent } from './report';
import { logTail, openLog } from './supervised';

/** What the detached supervisor tells the command that started it. */
type Message = { readonly event: StepEvent } | { readonly up: true } | { readonly failed: ErrorFields };

/** What `weir up` asks for beside what every platform has. */
export type UpOptions = Pick<PlatformOptions, 'kafka' | 'brokers'>;

/**
 * Starts the platform under a supervisor of its own, which outlives this process, and returns once pipelines can run. Throws what
 * stopped the start. Its log is .weir/logs/supervisor.log.
 */
export async function startDetached({ kafka, brokers }: UpOptions, report: Report, signal: AbortSignal): Promise<void> {
  const logFile = join(weirHome(), 'logs/supervisor.log');
  const log = openLog(logFile);
  const child = spawn(process.execPath, [join(ROOT, 'tools/cli/bin/weir.mjs'), 'supervise', ...(kafka ? ['--kafka'] : []), ...(brokers ? ['--brokers', String(brokers)] : [])], { cwd: ROOT, detached: true, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const cancel = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await outcome(child, report, logFile);
  } finally {
    signal.removeEventListener('abort', cancel);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function outcome(child: ChildProcess, report: Report, logFile: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: Message) => {
      if ('event' in message) report(message.event);
      else if ('up' in message) resolve();
      else reject(new WeirError(isErrorCode(message.failed.code) ? message.failed : { ...message.failed, code: 'INTERNAL' }));
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new WeirError({ code: 'SERVER_FAILED', place: 'supervisor', message: `The supervisor ended with ${signal ?? code} before the platform was up.`, samples: logTail(logFile) })));
  });
}

/** Runs the platform until SIGTERM or SIGINT: the body of the detached process. Returns the exit code. */
export async function supervise(options: UpOptions): Promise<0 | 1> {
  const tell = (message: Message): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  const report: Report = (event) => {
    process.stdout.write(`${new Date().toISOString()} ${event.step} ${event.state}: ${event.text}\n`);
    tell({ event });
  };
  const stopped = untilSignal();
  try {
    const platform = await Platform.start({ ...options, report, detached: true }, (taken) => void stopped.then(() => taken.stop()));
    tell({ up: true });
    await stopped;
    await platform.stop();
    return 0;
  } catch (error) {
    const { code, message, place, fix, samples } = toWeirError(error);
    process.stdout.write(`${new Date().toISOString()} ${code}: ${message}\n`);
    tell({ failed: { code, message, place, fix, samples } });
    return 1;
  }
}

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; later ones are ignored, for the stop is on its way. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}
