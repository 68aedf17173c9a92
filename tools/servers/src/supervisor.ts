import { WeirError } from '@weir/core';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, referenceTo, stopProcess, type ProcessReference } from './process-reference';
import { readState, removeState, writeState, type PlatformRecord } from './state';
import { Supervised, type ProcessSpec } from './supervised';

const GRACE_MS = 30_000;

/**
 * The one process that starts, watches and stops the processes of a home, and alone writes its state. A lock file with pid and
 * start time makes it one; that of a crashed supervisor is recognised, and what it left running is stopped.
 */
export class Supervisor {
  /** What the state says beside the processes; call `save` after a change. */
  platform: PlatformRecord | undefined;
  private processes: Supervised[] = [];
  private stopping = false;

  private constructor(readonly home: string, private readonly self: ProcessReference) {}

  /** Makes this process the supervisor of `home`. Throws SERVER_FAILED while another one lives. */
  static async take(home: string, say: (text: string) => void): Promise<Supervisor> {
    const self = referenceTo(process.pid);
    if (!self) throw new WeirError({ code: 'INTERNAL', message: 'This process cannot tell its own start time.' });
    mkdirSync(home, { recursive: true });
    while (!tryLock(home, self)) {
      const holder = holderOf(home);
      if (holder && isAlive(holder)) throw new WeirError({ code: 'SERVER_FAILED', place: home, message: `The platform here is already run by process ${holder.pid}.`, fix: 'Use it, or stop it with `weir down`.' });
      rmSync(lockFile(home), { force: true });
    }
    await stopLeftovers(home, say);
    return new Supervisor(home, self);
  }

  /** Makes a process one of this supervisor's; start it by its own `start`. Throws CANCELLED once all are being stopped. */
  supervise(spec: ProcessSpec): Supervised {
    if (this.stopping) throw new WeirError({ code: 'CANCELLED', place: spec.name, message: 'The platform is stopping.' });
    const supervised = new Supervised(spec, () => this.save());
    // One that failed to start and is tried again takes the place of its stopped predecessor.
    this.processes = [...this.processes.filter((one) => one.spec.name !== spec.name || one.condition !== 'stopped'), supervised];
    return supervised;
  }

  /** Writes the state; the processes report their own changes here. */
  save(): void {
    const processes = this.processes.map(({ spec, condition, reference, restarts }) => ({ name: spec.name, condition, process: reference, restarts, stopSignal: spec.stopSignal ?? ('SIGTERM' as const) }));
    writeState({ version: 1, home: this.home, supervisor: this.self, processes, platform: this.platform });
  }

  /** Stops the processes that `first` names, then the others, each by its own pid; removes state and lock. */
  async stop(first: readonly string[] = []): Promise<void> {
    this.stopping = true;
    await Promise.all(this.processes.filter(({ spec }) => first.includes(spec.name)).map((one) => one.stop(GRACE_MS)));
    await Promise.all(this.processes.map((one) => one.stop(GRACE_MS)));
    removeState(this.home);
    rmSync(lockFile(this.home), { force: true });
  }
}

/**
 * Stops what the state of `home` names and still runs though its supervisor is gone, and removes the state. Returns the names.
 */
export async function stopLeftovers(home: string, say: (text: string) => void): Promise<string[]> {
  const left = (readState(home)?.processes ?? []).flatMap(({ name, process, stopSignal }) => (process && isAlive(process) ? [{ name, process, stopSignal }] : []));
  const names = left.map(({ name }) => name);
  if (left.length > 0) say(`stopping what a crash left running: ${names.join(', ')}`);
  await Promise.all(left.map(({ process, stopSignal }) => stopProcess(process, stopSignal, GRACE_MS)));
  removeState(home);
  return names;
}

/** A link appears with its content or fails: of two starts at once, one wins, and nobody reads half a lock. */
function tryLock(home: string, self: ProcessReference): boolean {
  const draft = `${lockFile(home)}.${self.pid}`;
  writeFileSync(draft, JSON.stringify(self), { mode: 0o600 });
  try {
    linkSync(draft, lockFile(home));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function holderOf(home: string): ProcessReference | undefined {
  try {
    return JSON.parse(readFileSync(lockFile(home), 'utf8')) as ProcessReference;
  } catch {
    return undefined;
  }
}

function lockFile(home: string): string {
  return join(home, 'supervisor.lock');
}
