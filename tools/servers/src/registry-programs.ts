import { WeirError } from '@weir/core';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheHome } from './home';
import { lookForJava, type Java } from './java';
import { mavenFetch } from './maven';
import type { ServerContext } from './server';
import { OLDEST_JAVA, VERSIONS } from './versions';

export interface RegistryPrograms {
  readonly java: Java;
  readonly folder: string;
  /** The jar to run in that folder. */
  readonly jar: string;
}

interface Release {
  readonly version: string;
  readonly jar: string;
  readonly java: Java;
}

/** The registry in the cache and a Java to run it; undefined when either is missing. */
export function lookForRegistry(inMemory: boolean): RegistryPrograms | undefined {
  const release = releaseFor(inMemory);
  return release && existsSync(cached(release)) ? { ...release, folder: cached(release) } : undefined;
}

/** Fetches the registry into the cache with Maven: 170 MB, seconds on a good line. Throws SERVER_FAILED without Java or Maven, or when Maven fails. */
export async function fetchRegistry({ say, signal }: ServerContext, inMemory: boolean): Promise<RegistryPrograms> {
  const release = releaseFor(inMemory);
  if (!release) {
    throw new WeirError({ code: 'SERVER_FAILED', place: 'registry', message: `The schema registry needs Java ${OLDEST_JAVA.registry} or newer, there is none, and Docker does not answer.`, fix: `Install Java ${OLDEST_JAVA.registry} or newer (adoptium.net) and Maven (maven.apache.org), or Docker (docs.docker.com/get-docker), then start again.` });
  }
  const target = cached(release);
  await mavenFetch({
    title: `the schema registry ${release.version}`,
    place: 'registry',
    version: release.version,
    target,
    args: (output) => ['dependency:unpack-dependencies', `-DoutputDirectory=${output}`, `-DmarkersDirectory=${output}-markers`],
    say,
    signal,
  });
  return { ...release, folder: target };
}

/** An older Java runs an older version, which has no other store for its schemas than memory: for tests it is as good. */
function releaseFor(inMemory: boolean): Release | undefined {
  const java = lookForJava(OLDEST_JAVA.registry);
  if (java) return { version: VERSIONS.registry, jar: 'quarkus-run.jar', java };
  const older = inMemory ? lookForJava(OLDEST_JAVA.registryFallback) : undefined;
  return older && { version: VERSIONS.registryFallback, jar: `apicurio-registry-app-${VERSIONS.registryFallback}-runner.jar`, java: older };
}

function cached({ version }: Release): string {
  return join(cacheHome(), `registry-${version}`);
}
