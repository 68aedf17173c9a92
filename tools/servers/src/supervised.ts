import { WeirError } from '@weir/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lastLines } from './command';
import { referenceTo, stopProcess, type ProcessReference } from './process-reference';
import { waitUntil } from './wait';

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 10_000;
/** A process that ran this long was well: the next crash is a new one, not the same again. */
const WELL_AFTER_MS = 30_000;
/** A process that ends so often before it was ever healthy will not become so by itself. */
const START_TRIES = 3;
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The user to run as; ours when absent. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly logFile: string;
  /** Whether it does its work; asked again and again while it starts. */
  readonly healthy: () => Promise<boolean>;
  readonly stopSignal?: NodeJS.Signals;
  /** How far it steps back when processors are short: 0, the default, to 19. */
  readonly niceness?: number;
  /** Removes what a process leaves that did not end by itself, such as a container; runs before each start and after the stop. */
  readonly cleanUp?: (() => Promise<void>) | undefined;
}

export type Condition = 'starting' | 'healthy' | 'restarting' | 'stopped';

/**
 * One process that is kept running: started, awaited until healthy, restarted when it ends by itself (0.2 s, doubled to 10 s),
 * and stopped by its own pid.
 *
 *   starting → healthy → restarting → healthy … → stopped
 */
export class Supervised {
  condition: Condition = 'stopped';
  reference: ProcessReference | undefined;
  restarts = 0;
  private child: ChildProcess | undefined;
  private exits = 0;
  private watching: Promise<void> | undefined;
  private readonly stopping = new AbortController();

  /** `changed` is told of every change of pid or condition, so that the state on disk never lags. */
  constructor(readonly spec: ProcessSpec, private readonly changed: () => void = () => undefined) {}

  /** Starts the process and returns once it is healthy. Throws SERVER_FAILED with the end of its log when it is not in time. */
  async start(timeoutMs: number): Promise<void> {
    this.become('starting');
    await this.spec.cleanUp?.();
    await this.spawn();
    this.watching = this.watch();
    const settled = await waitUntil(async () => this.exits >= START_TRIES || (await this.spec.healthy()), { timeoutMs, everyMs: 100, signal: this.stopping.signal });
    if (this.stopping.signal.aborted) await this.stop();
    if (this.stopping.signal.aborted) throw new WeirError({ code: 'CANCELLED', place: this.spec.name, message: `${this.spec.name} was stopped while it started.` });
    if (settled && this.exits < START_TRIES) return this.become('healthy');
    const why = this.exits >= START_TRIES ? `ended ${this.exits} times right after its start` : `was not healthy within ${Math.round(timeoutMs / 1000)} s`;
    await this.stop();
    throw new WeirError({ code: 'SERVER_FAILED', place: this.spec.name, message: `${this.spec.name} ${why}.`, samples: logTail(this.spec.logFile), fix: `Read ${this.spec.logFile}, then start again.` });
  }

  /** Stops the process: its signal first, SIGKILL after `graceMs`. Safe to call twice. */
  async stop(graceMs = 30_000): Promise<void> {
    this.stopping.abort();
    if (this.reference) await stopProcess(this.reference, this.spec.stopSignal ?? 'SIGTERM', graceMs);
    await this.watching;
    if (this.condition !== 'stopped') await this.spec.cleanUp?.();
    this.reference = undefined;
    this.become('stopped');
  }

  /** Spawns again whenever the process ends, until stop() or too many failed starts. */
  private async watch(): Promise<void> {
    for (let backoff = FIRST_BACKOFF_MS; this.child; backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)) {
      const started = performance.now();
      await ended(this.child);
      this.exits++;
      const startFailed = this.condition === 'starting' && this.exits >= START_TRIES;
      if (this.stopping.signal.aborted || startFailed) return;
      if (performance.now() - started > WELL_AFTER_MS) backoff = FIRST_BACKOFF_MS;
      if (this.condition !== 'starting') this.become('restarting');
      await this.again(backoff);
    }
  }

  private async again(backoff: number): Promise<void> {
    await pause(backoff, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    if (this.stopping.signal.aborted) {
      this.child = undefined;
      return;
    }
    this.restarts++;
    await this.spec.cleanUp?.();
    // A start that fails now, such as with the system out of processes, counts as one more exit and is tried again.
    await this.spawn().catch(() => undefined);
    if (this.stopping.signal.aborted && this.reference) await stopProcess(this.reference, 'SIGKILL', 0);
    if (this.condition === 'restarting') void this.becomeHealthy(this.reference);
  }

  private async becomeHealthy(reference: ProcessReference | undefined): Promise<void> {
    const signal = this.stopping.signal;
    const current = (): boolean => this.reference === reference && !signal.aborted;
    await waitUntil(async () => !current() || (await this.spec.healthy()), { timeoutMs: Number.POSITIVE_INFINITY, everyMs: 200, signal });
    if (current()) this.become('healthy');
  }

  private async spawn(): Promise<void> {
    const log = openLog(this.spec.logFile);
    try {
      // A process group of its own: Ctrl-C in a terminal reaches the supervisor only, which then stops all in order.
      const child = spawn(this.spec.command, this.spec.args, { ...this.spec.user, cwd: this.spec.cwd, env: this.spec.env, stdio: ['ignore', log, log], detached: true });
      this.child = child;
      const failed = await new Promise<Error | undefined>((resolve) => child.once('spawn', () => resolve(undefined)).once('error', resolve));
      if (failed) throw new WeirError({ code: 'SERVER_FAILED', place: this.spec.name, message: `${this.spec.command} could not be started: ${failed.message}` }, { cause: failed });
      if (child.pid !== undefined && this.spec.niceness) setPriority(child.pid, this.spec.niceness);
      this.reference = child.pid === undefined ? undefined : referenceTo(child.pid);
      this.changed();
    } finally {
      closeSync(log);
    }
  }

  private become(condition: Condition): void {
    this.condition = condition;
    this.changed();
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Opens a log for appending; one that has grown beyond 16 MiB is set aside as <name>.1 first. */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  if (existsSync(file) && statSync(file).size > LOG_LIMIT_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}

/** The last lines of a log, shortened for an error's samples. */
export function logTail(file: string): string[] {
  if (!existsSync(file)) return [];
  return lastLines(readFileSync(file, 'utf8').slice(-8_192));
}
