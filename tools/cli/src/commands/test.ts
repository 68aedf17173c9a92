import type { Problem } from '@weir/core';
import type { Command } from 'commander';
import { below, checkFolder, printProblems } from '../definition/check-folder';
import type { Difference, Row } from '../model-test/compare-rows';
import type { TestResult } from '../model-test/run-tests';
import { type ExitCode, action, print, printJson } from '../output';

interface Options {
  readonly model?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('test')
    .argument('[dir]', 'folder with pipeline.yaml and tests/', '.')
    .description("Runs the tests of a pipeline's contract and models: rows in, expected rows out, as batch and as micro-batch; needs no running platform.")
    .option('--model <name>', 'only the tests of this model, such as gold.revenue')
    .option('--json', 'results as JSON')
    .addHelpText('after', '\nExamples:\n  weir test examples/retail\n  weir test examples/retail --model gold.revenue_by_day_country\n\nExit code 1 when a test fails, 2 when a file is wrong. docs/testing-models.md shows how to write tests.')
    .action(action(test));
}

async function test(folder: string, options: Options): Promise<ExitCode> {
  const json = options.json === true;
  // Loading the engine takes longer than all other commands need to answer, so only those that use it load it.
  const [{ inspector }, { siblingPipelines }, { readTests }, { runTests, testsOf }] = await Promise.all([import('@weir/engine'), import('../model-test/sibling-pipelines'), import('../model-test/read-tests'), import('../model-test/run-tests')]);
  const checked = await checkFolder(folder, process.env, siblingPipelines(folder, inspector));
  if ('problems' in checked) return refuse(checked.problems, json);
  const read = await readTests(folder, checked.definition);
  if (read.problems.length > 0) return refuse(inFolder(folder, read.problems), json);
  const { results, problems } = await runTests(checked.definition, testsOf(read.files, checked.definition, options.model));
  if (problems.length > 0) return refuse(inFolder(folder, problems), json);
  const { passed } = await import('../model-test/run-tests');
  const { resultLines } = await import('../model-test/result-lines');
  if (json) printJson(resultsJson(checked.definition.name, results, passed));
  else print(...resultLines(folder, results));
  return results.every(passed) ? 0 : 1;
}

function refuse(problems: readonly Problem[], json: boolean): ExitCode {
  printProblems(problems, json);
  return 2;
}

/** Terminals link files below the folder as it was given. */
function inFolder(folder: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => below(folder, problem));
}

function resultsJson(pipeline: string, results: readonly TestResult[], passed: (result: TestResult) => boolean): unknown {
  const tests = results.map((result) => {
    const { file, test: { name, dataset, place }, mode, differences, error } = result;
    return { file, place, name, model: dataset, mode, result: passed(result) ? 'passed' : 'failed', differences: differences.map(differenceJson), error: error && { code: error.code, message: error.message, place: error.place, fix: error.fix, samples: error.samples } };
  });
  const failed = tests.filter(({ result }) => result === 'failed').length;
  return { pipeline, passed: tests.length - failed, failed, tests };
}

function differenceJson(difference: Difference): unknown {
  const { kind } = difference;
  const object = (row: Row): unknown => Object.fromEntries([...row].map(([column, value]) => [column.replace('\u0000', ''), value]));
  if (kind === 'missing') return { kind, expected: object(difference.expected) };
  if (kind === 'unexpected') return { kind, actual: object(difference.actual) };
  return { kind, columns: difference.columns.map((column) => column.replace('\u0000', '')), expected: object(difference.expected), actual: object(difference.actual) };
}
