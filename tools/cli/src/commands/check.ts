import { type DefinitionSummary, describeDefinition } from '@weir/core';
import type { Command } from 'commander';
import { checkFolder, printProblems } from '../definition/check-folder';
import { type ExitCode, action, colour, print, printJson, table } from '../output';

interface Options {
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('check')
    .argument('<dir>', 'folder with pipeline.yaml')
    .description("Checks a pipeline's files; needs no running platform.")
    .option('--json', 'problems or summary as JSON')
    .addHelpText('after', '\nExample:\n  weir check examples/hello\n\nExit code 2 when something is wrong; every problem has its file, line and column, and a fix.')
    .action(action(check));
}

async function check(folder: string, options: Options): Promise<ExitCode> {
  const json = options.json === true;
  const outcome = await checkFolder(folder, process.env);
  if ('problems' in outcome) {
    printProblems(outcome.problems, json);
    return 2;
  }
  const summary = describeDefinition(outcome.definition);
  if (json) printJson({ ...summary, warnings: outcome.warnings, environment: outcome.used });
  else show(summary, outcome.warnings);
  return 0;
}

function show(summary: DefinitionSummary, warnings: readonly string[]): void {
  const { pipeline, description, grain, source, datasets, models, destinations } = summary;
  print(`${colour.strong(pipeline)}  ${grain === null ? 'no intervals' : `intervals of ${grain}`}${description ? `  ${colour.faint(description)}` : ''}`, '');
  const contracts = datasets.map((dataset) => [
    colour.name(dataset.name === source.dataset ? `bronze.${dataset.name}` : dataset.name),
    `${some(dataset.rules, 'row rule')}, ${some(dataset.checks, 'check')}`,
    dataset.columns.join(', '),
  ]);
  print(table([{ title: 'contract' }, { title: 'rules' }, { title: 'columns' }], contracts), '');
  const rows = models.map((model) => [colour.name(model.name), model.over, model.inputs.join(', '), model.key.join(', ') || colour.faint('none'), model.writeMode, model.columns.join(', ')]);
  print(table([{ title: 'model' }, { title: 'over' }, { title: 'reads' }, { title: 'key' }, { title: 'mode' }, { title: 'columns' }], rows), '');
  print(`  ${source.path} → ${destinations.join(', ')}`);
  for (const warning of warnings) print(`  ${colour.doubt('Warning')} ${warning}`);
  print(`  ${colour.good('Right.')} ${some(models.length, 'model')}, ${some(datasets.length, 'contract')}.`);
}

function some(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
