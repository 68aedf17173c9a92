import { stat } from 'node:fs/promises';
import { connect, type TestSourceRequest, type TestSourceResponse } from '@weir/rpc';
import { platformState } from '@weir/servers';
import type { Command } from 'commander';
import { checkFolder, printProblems } from '../../definition/check-folder';
import { intervalEnds } from '../../interval-option';
import { action, colour, count, type ExitCode, print, printJson } from '../../output';
import { findingLines } from '../../source/finding-lines';

interface Options {
  readonly interval?: string;
  readonly json?: boolean;
}

/** The service gives a source 20 s, and compiles the files before. */
const TIMEOUT_MS = 60_000;

export function register(parent: Command): void {
  parent
    .command('test')
    .argument('<source>', 'folder with pipeline.yaml, applied or not, or the name of a pipeline for its applied version')
    .description('Looks at a source as a run would read it: whether its system answers, what there is, how the columns fit the contract. Reads little and writes nothing.')
    .option('--interval <start/end>', 'what a run of these grains would read')
    .option('--json', 'what was found as JSON')
    .addHelpText('after', '\nExamples:\n  weir sources test examples/retail\n  weir sources test retail --interval 2010-12-01/2010-12-08')
    .action(action(test));
}

async function test(named: string, options: Options): Promise<ExitCode> {
  const json = options.json === true;
  const interval = intervalEnds(options.interval);
  const request = await requestFor(named, json);
  if (!request) return 2;
  const { services } = await platformState();
  const clients = connect(services);
  try {
    const answer = await clients.ingest.testSource({ ...request, interval }, { timeoutMs: TIMEOUT_MS });
    if (json) printJson(answerJson(answer));
    else print(...answerLines(answer));
    return answer.findings.every(({ right }) => right) ? 0 : 2;
  } finally {
    clients.close();
  }
}

/** A name with a folder of that name is the folder. Undefined where its files have problems, which are printed. */
async function requestFor(named: string, json: boolean): Promise<Pick<TestSourceRequest, 'pipeline' | 'files' | 'root'> | undefined> {
  const folder = /[./\\]/.test(named) || (await stat(named).catch(() => undefined))?.isDirectory() === true;
  if (!folder) return { pipeline: named, files: [], root: '' };
  const checked = await checkFolder(named, process.env);
  if (!('problems' in checked)) return { pipeline: '', files: [...checked.files], root: checked.root };
  printProblems(checked.problems, json);
  return undefined;
}

function answerJson({ pipeline, definitionVersion, type, findings }: TestSourceResponse): unknown {
  return { pipeline, definitionVersion: definitionVersion === 0 ? null : definitionVersion, type, right: findings.every(({ right }) => right), findings };
}

function answerLines({ pipeline, definitionVersion, type, findings }: TestSourceResponse): string[] {
  const wrong = findings.filter(({ right }) => !right).length;
  const end = wrong === 0 ? `${colour.good('A run can read it.')} ${colour.faint('Rows are judged when they are read.')}` : colour.bad(`${count(wrong)} of ${count(findings.length)} ${wrong === 1 ? 'is' : 'are'} wrong.`);
  return [`  ${colour.strong(`The source of ${pipeline}`)}, of type ${type}, as ${definitionVersion === 0 ? 'the files have' : `version ${definitionVersion} has`} it`, '', ...findingLines(findings), '', `  ${end}`];
}
