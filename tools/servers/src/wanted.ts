import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from './whole-file';

/**
 * Servers that only some pipelines need are started when one is asked for, by files and nothing else:
 *
 *   asker                                        supervisor of the home
 *   writes wanted/<server>, with a word    →     looks into wanted/ five times a second, starts what it finds there
 *   that no other request has
 *   reads state.json until it says         ←     writes to state.json, under `onDemand`, what it does for that server:
 *   running, or failed once more                 starting, running, or failed with the reason and how often
 *
 * A file stays: whatever was wanted once in a home is started by its next `weir up`. A start that failed is tried again when the word is another, which
 * is when somebody asks again. Any of the two may die at any point: files appear whole, a supervisor that follows finds the wish, and one that
 * nobody waits for any more costs no more than a server that runs.
 */
export const ON_DEMAND = ['kafka', 'registry'] as const;
export type OnDemandServer = (typeof ON_DEMAND)[number];

/** Asks the supervisor of `home`, now or whenever one comes, to run a server. */
export function want(home: string, server: OnDemandServer): void {
  writeWhole(wishFile(home, server), randomUUID());
}

/** Whether a server was ever wanted in `home`, so that every start of the platform starts it. */
export function wasWanted(home: string, server: OnDemandServer): boolean {
  return wishFor(home, server) !== undefined;
}

/** The word of the last request for a server; undefined when nobody ever wanted it. */
export function wishFor(home: string, server: OnDemandServer): string | undefined {
  const file = wishFile(home, server);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function wishFile(home: string, server: OnDemandServer): string {
  return join(home, 'wanted', server);
}
