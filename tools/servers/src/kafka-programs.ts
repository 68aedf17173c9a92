import { WeirError } from '@weir/core';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheHome } from './home';
import { lookForJava, type Java } from './java';
import { mavenFetch } from './maven';
import type { ServerContext } from './server';
import { OLDEST_JAVA, VERSIONS } from './versions';

export interface KafkaPrograms {
  readonly java: Java;
  /** Folder of the jars. */
  readonly lib: string;
}

/** Kafka in the cache and a Java to run it; undefined when either is missing. */
export function lookForKafka(): KafkaPrograms | undefined {
  const java = lookForJava(OLDEST_JAVA.kafka);
  return java && existsSync(cached()) ? { java, lib: cached() } : undefined;
}

/** Fetches Kafka into the cache with Maven: 54 MB, seconds on a good line. Throws SERVER_FAILED without Java or Maven, or when Maven fails. */
export async function fetchKafka({ say, signal }: ServerContext): Promise<KafkaPrograms> {
  const java = lookForJava(OLDEST_JAVA.kafka);
  if (!java) {
    throw new WeirError({ code: 'SERVER_FAILED', place: 'kafka', message: `Kafka needs Java ${OLDEST_JAVA.kafka} or newer, there is none, and Docker does not answer.`, fix: 'Install Java 21 or newer (adoptium.net) and Maven (maven.apache.org), or Docker (docs.docker.com/get-docker), then start again.' });
  }
  await mavenFetch({
    title: `Kafka ${VERSIONS.kafka}`,
    place: 'kafka',
    version: VERSIONS.kafka,
    target: cached(),
    args: (output) => ['dependency:copy-dependencies', `-DoutputDirectory=${output}`, '-DincludeScope=runtime'],
    say,
    signal,
  });
  return { java, lib: cached() };
}

function cached(): string {
  return join(cacheHome(), `kafka-${VERSIONS.kafka}`, 'lib');
}
