import type { Command } from 'commander';

interface CommandModule {
  /** Adds one command to its parent: the program for a top-level verb, the noun's command for `weir <noun> <verb>`. */
  register(parent: Command): void;
}

/** Commands are loaded when they are asked for: all of them, with all that they use, take most of a second. */
type Load = () => Promise<CommandModule>;

interface Noun {
  readonly description: string;
  readonly verbs: readonly Load[];
}

/** Top-level verbs by what is typed, in the order of `weir --help`. A new verb: its file beside this one, one entry. */
const VERBS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ['init', () => import('./init')],
  ['up', () => import('./up')],
  ['down', () => import('./down')],
  ['status', () => import('./status')],
  ['doctor', () => import('./doctor')],
  ['check', () => import('./check')],
  ['test', () => import('./test')],
  ['preview', () => import('./preview')],
  ['apply', () => import('./apply')],
  ['run', () => import('./run')],
  ['demo', () => import('./demo')],
  ['supervise', () => import('./supervise')],
]);

/** Nouns and their verbs: `weir <noun> <verb>` lives in commands/<noun>/<verb>.ts. */
const NOUNS: ReadonlyMap<string, Noun> = new Map<string, Noun>([
  ['runs', { description: 'Runs: what came of them, and a hand on those that are open.', verbs: [() => import('./runs/list'), () => import('./runs/show'), () => import('./runs/report'), () => import('./runs/trace'), () => import('./runs/pause'), () => import('./runs/resume'), () => import('./runs/cancel'), () => import('./runs/retry'), () => import('./runs/approve')] }],
  ['backfills', { description: 'Backfills: many intervals as one piece of work.', verbs: [() => import('./backfills/plan'), () => import('./backfills/start'), () => import('./backfills/list'), () => import('./backfills/show'), () => import('./backfills/pause'), () => import('./backfills/resume'), () => import('./backfills/cancel')] }],
  ['schedules', { description: 'Schedules: when pipelines run by themselves.', verbs: [() => import('./schedules/list'), () => import('./schedules/show'), () => import('./schedules/pause'), () => import('./schedules/resume')] }],
  ['streams', { description: 'Streams: realtime pipelines at work, and a hand on them.', verbs: [() => import('./streams/list'), () => import('./streams/show'), () => import('./streams/start'), () => import('./streams/pause'), () => import('./streams/resume'), () => import('./streams/stop'), () => import('./streams/scale')] }],
  ['quarantine', { description: 'Quarantine: rows that a contract did not admit, and their way back.', verbs: [() => import('./quarantine/list'), () => import('./quarantine/show'), () => import('./quarantine/replay'), () => import('./quarantine/drop')] }],
  ['datasets', { description: 'Datasets: what is published, what it speaks for, and what no longer is needed.', verbs: [() => import('./datasets/list'), () => import('./datasets/files'), () => import('./datasets/suggest'), () => import('./datasets/compact'), () => import('./datasets/gc')] }],
  ['sources', { description: 'Sources: what pipelines read, before they read it, and from the beginning once more.', verbs: [() => import('./sources/test'), () => import('./sources/discover'), () => import('./sources/reset')] }],
  ['generate', { description: 'Records for the realtime examples, sent to a topic of the platform.', verbs: [() => import('./generate/clickstream'), () => import('./generate/retail-realtime')] }],
]);

/** Adds the commands to the program: those of one verb or noun where `word`, the first that was typed, is one; all of them otherwise. */
export async function registerCommands(program: Command, word = ''): Promise<void> {
  const alone = VERBS.has(word) || NOUNS.has(word);
  for (const [name, load] of VERBS) if (!alone || name === word) (await load()).register(program);
  for (const [name, { description, verbs }] of NOUNS) {
    if (alone && name !== word) continue;
    const parent = program.command(name).description(description);
    for (const load of verbs) (await load()).register(parent);
  }
}
