import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Platform, platformState, ROOT, type PlatformState, type StepEvent } from '@weir/servers';

const run = promisify(execFile);

export interface BenchPlatformOptions {
  /** Use the platform that runs already, and leave it running; its pipelines and runs stay. */
  readonly running?: boolean;
  /** Told what takes time. */
  readonly say: (text: string) => void;
}

/** Gives `body` a platform and a folder for files. Unless the running one is asked for, the platform is its own, stopped and removed at the end. */
export async function withPlatform<T>({ running = false, say }: BenchPlatformOptions, body: (state: PlatformState, folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    if (running) return await body(await platformState(), folder);
    const home = join(folder, 'home');
    const report = ({ step, state, text }: StepEvent): void => void (state !== 'running' && say(`${step}: ${text}`));
    let heedNoLonger = (): void => undefined;
    try {
      const platform = await Platform.start({ home, env: cleanEnvironment(), report }, (taken) => (heedNoLonger = stopWhenInterrupted(taken, folder)));
      try {
        return await body(await platformState(home), folder);
      } finally {
        await platform.stop();
      }
    } finally {
      heedNoLonger();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const INTERRUPTS = ['SIGINT', 'SIGTERM'] as const;

/** Its processes would live on otherwise, and take the work of the next one that uses their ports. Gives how to let it be. */
function stopWhenInterrupted(platform: Platform, folder: string): () => void {
  const stop = (signal: (typeof INTERRUPTS)[number]): void => {
    void platform.stop().finally(() => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(128 + constants.signals[signal]);
    });
  };
  for (const signal of INTERRUPTS) process.once(signal, stop);
  return () => INTERRUPTS.forEach((signal) => process.off(signal, stop));
}

/** Applies a definition's folder to a platform, as `weir apply` does. */
export async function applyTo(state: PlatformState, folder: string, env: Readonly<Record<string, string>> = {}): Promise<void> {
  await run(process.execPath, [join(ROOT, 'tools/cli/bin/weir.mjs'), 'apply', folder], { env: { ...cleanEnvironment(), WEIR_HOME: state.home, ...env } });
}

/** The environment without addresses of other platforms; where the lake is kept is for who benches to choose. */
function cleanEnvironment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_') || name === 'WEIR_SERVERS' || name.startsWith('WEIR_LAKE')));
}
