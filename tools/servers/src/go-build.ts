import { WeirError } from '@weir/core';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { lastLines, onPath, runCommand } from './command';
import { makeInCache } from './make-in-cache';

export interface GoBuild {
  /** For people: "Temporal 1.5.1". */
  readonly title: string;
  readonly place: string;
  readonly minutes: number;
  /** The finished program. */
  readonly target: string;
  /** The program's name as Go writes it. */
  readonly program: string;
  readonly args: (output: string) => readonly string[];
  readonly env?: (folder: string) => Record<string, string>;
  readonly cwd?: string;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Builds a Go program into the cache. It appears there whole or not at all: two builds at once cost time, nothing else.
 * Throws SERVER_FAILED when Go is absent or the build fails, with the end of Go's output.
 */
export async function goBuild(build: GoBuild): Promise<string> {
  const go = onPath('go');
  if (!go) {
    throw new WeirError({ code: 'SERVER_FAILED', place: build.place, message: `${build.title} is not installed, Docker does not answer, and there is no Go to build it with.`, fix: 'Install Docker (docs.docker.com/get-docker) or Go 1.26 (go.dev/dl), then start again.' });
  }
  const doing = `building ${build.title} with Go, once, about ${build.minutes} min`;
  await makeInCache({ target: build.target, prefix: build.program, doing, say: build.say }, async (folder) => {
    const { code, output } = await runCommand(go, build.args(join(folder, build.program)), { ...(build.cwd ? { cwd: build.cwd } : {}), env: { ...process.env, ...build.env?.(folder) }, signal: build.signal });
    if (code !== 0) {
      throw new WeirError({ code: 'SERVER_FAILED', place: build.place, message: `Go could not build ${build.title}.`, samples: lastLines(output), fix: 'Check the network and GOPROXY; or start Docker, which has it ready.' });
    }
    renameSync(join(folder, build.program), build.target);
  });
  return build.target;
}
