import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { registerCommands } from './index';

interface Leaf {
  readonly path: string;
  readonly command: Command;
}

function leaves(command: Command, path: string): Leaf[] {
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((child) => leaves(child, `${path} ${child.name()}`));
}

/** Those that show themselves to people only, or to nobody. */
const WITHOUT_JSON = new Set(['weir demo', 'weir supervise']);
let all: Leaf[];
let commands: Leaf[];

async function registered(word?: string): Promise<Leaf[]> {
  const program = new Command('weir');
  await registerCommands(program, word);
  return leaves(program, 'weir');
}

beforeAll(async () => {
  all = await registered();
  commands = all.filter(({ path }) => !WITHOUT_JSON.has(path));
});

function help(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (written) => (text += written) }).outputHelp();
  return text;
}

test('every command has --json, and help with an example that begins as the command does', () => {
  const manners = commands.map(({ path, command }) => ({ path, json: command.options.some(({ long }) => long === '--json'), example: new RegExp(`Examples?:\\n  ${path}`).test(help(command)) }));
  expect(manners.length).toBeGreaterThan(40);
  expect(manners).toEqual(commands.map(({ path }) => ({ path, json: true, example: true })));
});

test('what is typed first loads just the commands below it; anything else loads all', async () => {
  const paths = (of: readonly Leaf[]): string[] => of.map(({ path }) => path);
  for (const word of new Set(paths(all).map((path) => path.split(' ')[1] ?? ''))) {
    expect({ word, loaded: paths(await registered(word)) }).toEqual({ word, loaded: paths(all).filter((path) => path.split(' ')[1] === word) });
  }
  for (const word of ['', '--help', 'help', 'appply']) expect(paths(await registered(word))).toEqual(paths(all));
});

test('the nouns and verbs are those of the README', () => {
  const readme = readFileSync(resolve(__dirname, '../../../../README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `') && !line.startsWith('| `init`') && !line.startsWith('| `weir'));
  const told = rows.flatMap((row) => {
    const [noun = '', ...verbs] = (row.split('|')[1] ?? '').replaceAll('`', '').trim().split(' ');
    return verbs.map((verb) => `weir ${noun} ${verb}`);
  });
  expect(told.toSorted()).toEqual(commands.map(({ path }) => path).filter((path) => path.split(' ').length === 3).toSorted());
});
