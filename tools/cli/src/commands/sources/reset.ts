import { createInterface } from 'node:readline/promises';
import { positionWords, WeirError, type Definition, type Take } from '@weir/core';
import { connect, newestDefinition } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { action, colour, print, printJson } from '../../output';
import { operator } from '../../temporal';
import { printable } from '../../terminal-text';

interface Options {
  readonly yes?: boolean;
  readonly json?: boolean;
}

export function register(parent: Command): void {
  parent
    .command('reset')
    .argument('<pipeline>', 'a pipeline whose source is read in sequence (`track: new`)')
    .argument('<dataset>', 'the dataset that its source fills')
    .description('Lets a source begin anew: the next interval takes all that is there. What earlier intervals took stays theirs, and in the tables. Says what follows and asks, and refuses while a run takes something.')
    .option('--yes', 'without being asked')
    .option('--json', 'as JSON; needs --yes')
    .addHelpText('after', '\nExamples:\n  weir sources reset shop orders\n  weir sources reset shop orders --yes --json')
    .action(action(reset));
}

async function reset(pipeline: string, dataset: string, { yes = false, json = false }: Options): Promise<void> {
  const { services } = await platformState();
  const clients = connect({ metadata: services.metadata });
  const ask = async (dryRun: boolean): Promise<Take | undefined> => (await clients.catalog.resetSource({ pipeline, dataset, dryRun, by: operator() })).position;
  try {
    const standing = await ask(true);
    if (standing === undefined) return json ? printJson({ pipeline, dataset, reset: false, position: null }) : print(`  The source of ${pipeline} stands at its beginning: nothing to reset.`);
    const again = rowsAgain(await newestDefinition(clients, pipeline));
    if (!json) print(...consequences(pipeline, dataset, standing, again));
    if (!yes && !(await confirmed(json))) return print('  Nothing was changed.');
    const position = (await ask(false)) ?? standing;
    if (json) printJson({ pipeline, dataset, reset: true, position: { ...position, words: positionWords(position) }, ...again });
    else print(`  ${colour.good('Reset.')} The next interval of ${pipeline} begins at the beginning.`);
  } finally {
    clients.close();
  }
}

/** Who does not know that a row of a later interval is one of an earlier. */
interface RowsAgain {
  /** Without a key: they have every row of every interval. */
  readonly appends: readonly string[];
  /** They read the rows of all intervals. */
  readonly overHistory: readonly string[];
}

function rowsAgain({ models }: Definition): RowsAgain {
  const named = (wanted: (model: Definition['models'][number]) => boolean): string[] => models.filter(wanted).map(({ zone, name }) => `${zone}.${name}`);
  return { appends: named(({ writeMode, scope }) => writeMode === 'append' && scope !== 'history'), overHistory: named(({ scope }) => scope === 'history') };
}

function consequences(pipeline: string, dataset: string, standing: Take, { appends, overHistory }: RowsAgain): string[] {
  const twice = [...(appends.length > 0 ? [`${appends.join(', ')} (append) would have them twice`] : []), ...(overHistory.length > 0 ? [`${overHistory.join(', ')} (over history) would read them twice`] : [])];
  return [
    `  ${colour.strong(`${pipeline}, ${dataset}`)}: read so far: ${printable(positionWords(standing))}`,
    '  After a reset the next interval reads again all that the source has then, from the beginning, within the bounds of an interval.',
    '  What earlier intervals took stays pinned to them, and in the tables.',
    `  A row that comes again is one of another interval: tables with a key have it once${twice.length > 0 ? `; ${twice.join('; ')}` : ''}.`,
    `  To read the same again, run its intervals again instead: each takes what it took.`,
  ];
}

/** Asks a person. Throws INVALID_VALUE where there is none to ask. */
async function confirmed(json: boolean): Promise<boolean> {
  if (json || !process.stdin.isTTY || !process.stdout.isTTY) throw new WeirError({ code: 'INVALID_VALUE', place: '--yes', message: 'A reset is to be confirmed, and there is nobody to ask.', fix: 'Add --yes.' });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('  Reset? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}
