import { WeirError } from '@weir/core';
import { existsSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { lastLines, onPath, runCommand } from './command';
import { ROOT } from './home';
import { makeInCache } from './make-in-cache';

export interface MavenFetch {
  /** For people: "Kafka 4.3.0". */
  readonly title: string;
  /** The server, and the folder of its pom below tools/servers. */
  readonly place: string;
  readonly version: string;
  /** The finished folder. */
  readonly target: string;
  /** Goal and options that fill the folder `output`. */
  readonly args: (output: string) => readonly string[];
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Fetches what a pom names into a folder of the cache, with Maven. The folder appears whole or not at all: two fetches at once cost time,
 * nothing else. Throws SERVER_FAILED when Maven is absent or fails, with the end of its output.
 */
export async function mavenFetch({ title, place, version, target, args, say, signal }: MavenFetch): Promise<void> {
  const maven = onPath('mvn');
  if (!maven) {
    throw new WeirError({ code: 'SERVER_FAILED', place, message: `${title} is not in the cache, Docker does not answer, and there is no Maven to fetch it with.`, fix: 'Install Maven (maven.apache.org/install.html) or Docker (docs.docker.com/get-docker), then start again.' });
  }
  await makeInCache({ target, prefix: place, doing: `fetching ${title} with Maven, once`, say }, async (draft) => {
    const output = join(draft, basename(target));
    const { code, output: said } = await runCommand(maven, ['--quiet', '--batch-mode', '--file', join(ROOT, 'tools/servers', place, 'pom.xml'), `-Dweir.version=${version}`, ...args(output)], { signal });
    if (code !== 0) {
      throw new WeirError({ code: 'SERVER_FAILED', place, message: `Maven could not fetch ${title}.`, samples: lastLines(said), fix: 'Check the network and the mirrors in ~/.m2/settings.xml; or start Docker, which has it ready.' });
    }
    // Another fetch may have been first; a server may run from its folder already.
    if (!existsSync(target)) renameSync(output, target);
  });
}
