import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../../..');

/** How a command ended. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `weir` with arguments against the platform of a home, as a user would; how long it took, of which it speaks after some seconds, is no part of how it ended. */
export async function weir(args: readonly string[], home: string, env: Readonly<Record<string, string>> = {}): Promise<CommandEnd> {
  const { stderr, ...end } = await command(process.execPath, [join(ROOT, 'tools/cli/bin/weir.mjs'), ...args], { ...foreignEnvironment(), ...env, WEIR_HOME: home });
  return { ...end, stderr: stderr.replaceAll(STILL_WAITING, '') };
}

const STILL_WAITING = /^ {2}Still waiting for \S+; `weir status` says whether the orchestrator is at work\.\n/gm;

/** Runs a program to its end and gives its exit code and what it wrote; a program that cannot be started is thrown. */
export function command(program: string, args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<CommandEnd> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? -1, stdout, stderr }));
  });
}

/** The environment without addresses: these tests bring a platform of their own, whatever servers the other tests share. */
export function foreignEnvironment(): Record<string, string | undefined> {
  const kept = new Set(['WEIR_SERVERS', 'WEIR_RETAIL_DATA']);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('WEIR_') || kept.has(name)));
}
