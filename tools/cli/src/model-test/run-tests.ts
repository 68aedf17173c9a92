import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ContractTest, type Definition, type ModelRowsTest, type ModelTest, type Problem, WeirError, isWeirError, qualifiedName, sourceDataset } from '@weir/core';
import { type EngineOptions, WarmEngines, withEngine } from '@weir/engine';
import { type Difference, type Row, compareRows } from './compare-rows';
import { expectedRejects, givenRejects } from './compare-rejects';
import { expectedTexts, sameDoubles } from './expected-texts';
import { stageGiven } from './given-datasets';
import type { TestFile } from './read-tests';
import { runBatch } from './run-batch';
import { type Judged, validateBatch, validateMicroBatch } from './run-contract';
import { inlineRows, runMicroBatch } from './run-micro-batch';

/** How models run: over files, or over a micro-batch of a stream. */
export type Mode = 'batch' | 'micro-batch';

/** What came of one test in one mode. */
export interface TestResult {
  /** Below the pipeline's folder. */
  readonly file: string;
  readonly test: ModelTest;
  readonly mode: Mode;
  /** Nothing for a test that passed; those of quarantine come after those of rows. */
  readonly differences: readonly Difference[];
  /** Why the model gave no rows. */
  readonly error?: WeirError | undefined;
}

const LIMITS = { memoryLimit: '256MB', threads: 1 };

/** Longest time that one test may take. */
const TIMEOUT_MS = 60_000;

interface Context {
  readonly definition: Definition;
  /** For micro-batches. */
  readonly warm: WarmEngines;
  readonly options: EngineOptions & { readonly signal: AbortSignal };
}

/** Runs tests one after the other, each in engines of its own, by the code that the services run. Problems are values of tests that are not of their column's type. */
export async function runTests(definition: Definition, files: readonly TestFile[]): Promise<{ readonly results: TestResult[]; readonly problems: Problem[] }> {
  const warm = new WarmEngines(LIMITS);
  const results: TestResult[] = [];
  const problems: Problem[] = [];
  try {
    for (const { path, tests } of files) {
      for (const test of tests) {
        const outcome = await runTest({ definition, warm }, test);
        problems.push(...outcome.problems);
        results.push(...outcome.results.map((result) => ({ file: path, test, ...result })));
      }
    }
  } finally {
    warm.close();
  }
  return { results, problems };
}

type Outcome = Pick<TestResult, 'mode' | 'differences' | 'error'>;

async function runTest(context: Pick<Context, 'definition' | 'warm'>, test: ModelTest): Promise<{ results: Outcome[]; problems: readonly Problem[] }> {
  const staging = await mkdtemp(join(tmpdir(), 'weir-test-'));
  const options = { inputs: [], staging, ...LIMITS, signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    return await (test.kind === 'model' ? runModelTest({ ...context, options }, test) : runContractTest({ ...context, options }, test));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function runModelTest({ definition, warm, options }: Context, test: ModelRowsTest): Promise<{ results: Outcome[]; problems: readonly Problem[] }> {
  const model = test.models.at(-1);
  const overRows = model?.scope === 'row';
  const { given, expected, data } = await withEngine(options, async (engine) => {
    const staged = await stageGiven(engine, options.staging, definition, test);
    return { given: staged, expected: await expectedTexts(engine, test.expect), data: overRows ? await inlineRows(engine, test, staged) : undefined };
  });
  const problems = [...given.problems, ...expected.problems];
  if (problems.length > 0) return { results: [], problems };
  const differences = (actual: readonly Row[]): Difference[] => compareRows(expected.rows, sameDoubles(actual, test.expect.columns), { ordered: test.expect.ordered, key: model?.key ?? [] });
  const results = [await outcomeOf('batch', async () => differences(await runBatch(options, definition, test, given)))];
  if (data) results.push(await outcomeOf('micro-batch', async () => differences(await runMicroBatch(warm, definition, test, data, options.signal))));
  return { results, problems };
}

async function runContractTest({ definition, warm, options }: Context, test: ContractTest): Promise<{ results: Outcome[]; problems: readonly Problem[] }> {
  const dataset = sourceDataset(definition);
  if (!dataset) throw new WeirError({ code: 'INTERNAL', message: `The contract of ${definition.name} has no source dataset.` });
  const expected = await withEngine(options, (engine) => expectedTexts(engine, test.expect));
  if (expected.problems.length > 0) return { results: [], problems: expected.problems };
  const key = dataset.columns.filter(({ keyPosition }) => keyPosition !== undefined).map(({ name }) => name);
  const differences = ({ bronze, rejects }: Judged): Difference[] => [
    ...compareRows(expected.rows, sameDoubles(bronze, test.expect.columns), { ordered: test.expect.ordered, key }),
    ...compareRows(expectedRejects(test), givenRejects(test, rejects), { ordered: false, key: [] }),
  ];
  const results = [await outcomeOf('batch', () => withEngine(options, async (engine) => differences(await validateBatch(engine, definition, dataset, test))))];
  // Files are never micro-batches.
  if (definition.source.type === 'kafka') results.push(await outcomeOf('micro-batch', async () => differences(await validateMicroBatch(warm, definition, dataset, test, options.signal))));
  return { results, problems: [] };
}

async function outcomeOf(mode: Mode, run: () => Promise<Difference[]>): Promise<Outcome> {
  try {
    return { mode, differences: await run() };
  } catch (error) {
    if (!isWeirError(error)) throw error;
    return { mode, differences: [], error: error.code === 'CANCELLED' ? new WeirError({ code: 'DEADLINE', message: `The test took longer than ${TIMEOUT_MS / 1_000} s.`, fix: 'Test with fewer rows, or look whether the model can end.' }) : error };
  }
}

/** Whether a result is a test that did what it should. */
export function passed({ differences, error }: Pick<TestResult, 'differences' | 'error'>): boolean {
  return differences.length === 0 && error === undefined;
}

/** The tests of one model; all of them without a name. Throws UNKNOWN_DATASET for a model that the pipeline does not have. */
export function testsOf(files: readonly TestFile[], definition: Definition, model: string | undefined): TestFile[] {
  if (model === undefined) return [...files];
  const names = [`bronze.${definition.source.dataset}`, ...definition.models.map(qualifiedName)];
  if (!names.includes(model)) throw new WeirError({ code: 'UNKNOWN_DATASET', place: '--model', message: `The pipeline ${definition.name} has no model \`${model}\`.`, fix: `Use one of ${names.join(', ')}.` });
  return files.map(({ path, tests }) => ({ path, tests: tests.filter(({ dataset }) => dataset === model) }));
}
