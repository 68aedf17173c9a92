import type { Command } from 'commander';
import * as apply from './apply';
import * as check from './check';
import * as demo from './demo';
import * as doctor from './doctor';
import * as down from './down';
import * as init from './init';
import * as run from './run';
import * as list from './runs/list';
import * as show from './runs/show';
import * as trace from './runs/trace';
import * as status from './status';
import * as supervise from './supervise';
import * as up from './up';

interface CommandModule {
  /** Adds one command to its parent: the program for a top-level verb, the noun's command for `weir <noun> <verb>`. */
  register(parent: Command): void;
}

interface Noun {
  readonly name: string;
  readonly description: string;
  readonly verbs: readonly CommandModule[];
}

/** Top-level verbs, in the order of `weir --help`. A new verb: its file beside this one, one import, one entry. */
const VERBS: readonly CommandModule[] = [init, up, down, status, doctor, check, apply, run, demo, supervise];

/** Nouns and their verbs: `weir <noun> <verb>` lives in commands/<noun>/<verb>.ts. */
const NOUNS: readonly Noun[] = [{ name: 'runs', description: 'Runs and what came of them.', verbs: [list, show, trace] }];

/** Adds every command to the program. */
export function registerCommands(program: Command): void {
  for (const verb of VERBS) verb.register(program);
  for (const noun of NOUNS) {
    const parent = program.command(noun.name).description(noun.description);
    for (const verb of noun.verbs) verb.register(parent);
  }
}
