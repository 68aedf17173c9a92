import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface CommandResult {
  readonly code: number;
  /** stdout and stderr as they came, the last 64 KiB. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const KEPT = 64 * 1024;

/** Runs a command to its end. A command that cannot be started, was aborted or ran out of time has code -1. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return new Promise((resolve) => {
    let output = '';
    // Not spawn's own timeout: its timer outlives a command that could not be started, and keeps this process waiting.
    const signals = [options.signal, options.timeoutMs === undefined ? undefined : AbortSignal.timeout(options.timeoutMs)].filter((signal) => signal !== undefined);
    const child = spawn(command, args, { ...options.user, cwd: options.cwd, env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'], signal: AbortSignal.any(signals), killSignal: 'SIGTERM' });
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => resolve({ code: -1, output: `${output}${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

/** The last lines of what a program wrote, shortened for an error's samples. */
export function lastLines(output: string): string[] {
  return output.trimEnd().split('\n').slice(-5).map((line) => line.slice(0, 300));
}

/** The file that a shell would run for `name`, found along PATH; undefined when there is none. */
export function onPath(name: string, path: string | undefined = process.env['PATH']): string | undefined {
  return (path ?? '').split(delimiter).filter(Boolean).map((folder) => join(folder, name)).find(isExecutable);
}

/** Whether a file exists that we may run. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
