import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { waitUntil } from './wait';

/** One process, told apart from a later one that was given the same pid. */
export interface ProcessReference {
  readonly pid: number;
  /** When it started, in the system's own terms: equal text = same process. */
  readonly started: string;
}

/** The process of `pid` as it is now; undefined when there is none. */
export function referenceTo(pid: number): ProcessReference | undefined {
  const started = startOf(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether exactly this process still runs: a recycled pid does not count, nor does a zombie. */
export function isAlive(process: ProcessReference): boolean {
  return startOf(process.pid) === process.started;
}

/** Asks a process to stop, waits `graceMs` for it, then kills it. Returns once it is gone. A recycled pid is left alone. */
export async function stopProcess(reference: ProcessReference, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!send(reference, signal)) return;
  const gone = (): boolean => !isAlive(reference);
  if (await waitUntil(gone, { timeoutMs: graceMs, everyMs: 25 })) return;
  send(reference, 'SIGKILL');
  await waitUntil(gone, { timeoutMs: 10_000, everyMs: 25 });
}

function send(reference: ProcessReference, signal: NodeJS.Signals): boolean {
  if (!isAlive(reference)) return false;
  try {
    return process.kill(reference.pid, signal);
  } catch {
    return false;
  }
}

function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid);
}

function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold anything: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${bootId()}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function startElsewhere(pid: number): string | undefined {
  try {
    const [state, ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim().split(/\s+/);
    return state?.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}
