import { WeirError } from '@weir/core';
import { runCommand } from './command';

/** `native`: never Docker; `docker`: nothing but Docker; `any`: what is found first. Set by WEIR_SERVERS. */
export type Preference = 'any' | 'native' | 'docker';

/** The preference of WEIR_SERVERS. Throws INVALID_VALUE for another word. */
export function preference(env: Readonly<Record<string, string | undefined>>): Preference {
  const text = env['WEIR_SERVERS'] || 'any';
  if (text === 'any' || text === 'native' || text === 'docker') return text;
  throw new WeirError({ code: 'INVALID_VALUE', place: 'WEIR_SERVERS', message: `WEIR_SERVERS is \`${text}\`.`, fix: 'Use native or docker, or leave it out.' });
}

/** Where a server comes from: an address that was given, a program of this machine, or a container. */
export type Origin<Found> = { readonly kind: 'native'; readonly found: Found } | { readonly kind: 'docker' };

export interface Ways<Found> {
  readonly name: string;
  /** PATH, the cache, usual folders. */
  readonly look: () => Promise<Found | undefined>;
  /** Builds or unpacks it into the cache; minutes. Throws SERVER_FAILED with the reason. */
  readonly build: () => Promise<Found>;
}

/** The order for every server that has no address given: found → Docker → built, as far as the preference allows. */
export async function findServer<Found>(wanted: Preference, ways: Ways<Found>): Promise<Origin<Found>> {
  if (wanted === 'docker') {
    if (await dockerAnswers()) return { kind: 'docker' };
    throw new WeirError({ code: 'SERVER_FAILED', place: ways.name, message: 'WEIR_SERVERS is `docker`, and `docker info` does not answer.', fix: 'Start Docker, or leave WEIR_SERVERS out.' });
  }
  const found = await ways.look();
  if (found !== undefined) return { kind: 'native', found };
  if (wanted === 'any' && (await dockerAnswers())) return { kind: 'docker' };
  return { kind: 'native', found: await ways.build() };
}

let docker: Promise<boolean> | undefined;

/** Whether a Docker engine answers; asked once per process, for three servers want to know. */
export function dockerAnswers(): Promise<boolean> {
  docker ??= runCommand('docker', ['info', '--format', '{{.ServerVersion}}'], { timeoutMs: 10_000 }).then(({ code, output }) => code === 0 && /^\d/.test(output));
  return docker;
}
