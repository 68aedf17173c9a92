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

const program = new Command('weir');
registerCommands(program);
/** Those that show themselves to people only, or to nobody. */
const WITHOUT_JSON = new Set(['weir demo', 'weir supervise']);
const COMMANDS = leaves(program, 'weir').filter(({ path }) => !WITHOUT_JSON.has(path));

function help(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (written) => (text += written) }).outputHelp();
  return text;
}

test.each(COMMANDS)('$path has --json, and help with an example that begins as the command does', ({ path, command }) => {
  expect(command.options.map(({ long }) => long)).toContain('--json');
  expect(help(command)).toMatch(new RegExp(`Examples?:\\n  ${path}`));
});

test('the nouns and verbs are those of the README', () => {
  const readme = readFileSync(resolve(__dirname, '../../../../README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => line.startsWith('| `') && !line.startsWith('| `init`') && !line.startsWith('| `weir'));
  const told = rows.flatMap((row) => {
    const [noun = '', ...verbs] = (row.split('|')[1] ?? '').replaceAll('`', '').trim().split(' ');
    return verbs.map((verb) => `weir ${noun} ${verb}`);
  });
  expect(told.toSorted()).toEqual(COMMANDS.map(({ path }) => path).filter((path) => path.split(' ').length === 3).toSorted());
});
