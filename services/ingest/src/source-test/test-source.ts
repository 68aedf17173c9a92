import { randomUUID } from 'node:crypto';
import { compileDefinition, orAborted, parseInterval, problemsError, WeirError, type Definition, type Interval } from '@weir/core';
import { inspector } from '@weir/engine';
import type { Lake } from '@weir/lake';
import { appliedPipelines, newestVersion, type Clients, type SourceFinding, type TestSourceRequest, type TestSourceResponse } from '@weir/rpc';
import { failed } from './finding';
import { testApiSource } from './test-api-source';
import { testBucketSource } from './test-bucket-source';
import { testFileSource } from './test-file-source';
import { testTableSource } from './test-table-source';
import { testTopicSource } from './test-topic-source';
import type { TestedSource } from './tested-source';

/** For all questions to a system. */
const TIME_MS = 20_000;

/** What testing takes. */
export interface TestSourceDependencies extends Pick<TestedSource, 'egress' | 'secretOf' | 'topicLog' | 'engine'> {
  readonly lake: Lake;
  readonly clients: Pick<Clients, 'definitions'>;
}

/**
 * Looks at a source as a run would read it, for 20 s at most: what is wrong with it is a finding and not an error. Reads the beginning of one file or one page, and stores nothing.
 * Throws what is wrong with the files of a definition (the first problem, the others as samples), PIPELINE_NOT_FOUND, INVALID_INTERVAL for an interval that the pipeline cannot have, INVALID_VALUE, CANCELLED.
 */
export async function testSource({ lake, clients, ...deps }: TestSourceDependencies, request: TestSourceRequest, signal: AbortSignal): Promise<TestSourceResponse> {
  const { definition, version } = await testedDefinition(clients, request, signal);
  const interval = intervalOf(definition, request.interval);
  const { source } = definition;
  const dataset = definition.contract.datasets.find(({ name }) => name === source.dataset);
  if (!dataset) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `The contract of ${definition.name} has no dataset \`${source.dataset}\`.` });
  const scratch = await lake.scratch('source-test', randomUUID());
  const late = AbortSignal.timeout(TIME_MS);
  const either = AbortSignal.any([signal, late]);
  try {
    const findings = await orAborted(look({ ...deps, definition, dataset, interval, scratch: scratch.dir, signal: either }), either, () => tooLate()).catch((error: unknown) => {
      if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: 'Testing a source was cancelled.' }, { cause: error });
      return [failed(late.aborted ? tooLate() : error, 'table' in source ? source.table : undefined)];
    });
    return { pipeline: definition.name, definitionVersion: version, type: source.type, findings };
  } finally {
    await scratch.dispose();
  }
}

function look(tested: TestedSource): Promise<SourceFinding[]> {
  const { source } = tested.definition;
  switch (source.type) {
    case 'file':
      return testFileSource(source, tested);
    case 's3':
      return testBucketSource(source, tested);
    case 'api':
      return testApiSource(source, tested);
    case 'postgres':
      return testTableSource(source, tested);
    case 'kafka':
      return testTopicSource(source, tested);
  }
}

function tooLate(): WeirError {
  return new WeirError({ code: 'DEADLINE', message: `The source did not answer all questions within ${TIME_MS / 1000} s.`, fix: 'Look at whether the system is slow or far away; test a smaller interval.' });
}

async function testedDefinition(clients: TestSourceDependencies['clients'], { files, root, pipeline }: TestSourceRequest, signal: AbortSignal): Promise<{ readonly version: number; readonly definition: Definition }> {
  if ((files.length === 0) === (pipeline === '')) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request names a pipeline and has files, or neither.', fix: 'Give `pipeline` for the applied version, or `files` and `root`.' });
  if (files.length === 0) return newestVersion(clients, pipeline, { signal });
  const outcome = await compileDefinition(files, root, inspector, appliedPipelines(clients, { signal }));
  if ('problems' in outcome) throw problemsError(outcome.problems);
  return { version: 0, definition: outcome.definition };
}

function intervalOf({ name, grain }: Definition, asked: Interval | undefined): Interval | undefined {
  if (!asked) return undefined;
  if (grain === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain, so its source has no intervals.`, fix: 'Leave the interval out.' });
  return parseInterval(asked.start, asked.end, grain);
}
