import { KEY_CONFLICT } from '../plan/validate';
import { compileDecode } from '../contract/decode-sql';
import type { ContractDataset } from '../contract/contract';
import type { Definition, DefinitionFile } from '../definition/definition';
import { recordForm } from '../definition/source';
import { type Problem, sortProblems } from '../definition/problem';
import { isWeirError } from '../errors';
import { parseIntervalText, partitionsOf, WHOLE } from '../interval/interval';
import { qualifiedName } from '../plan/dataset-shape';
import { suggest } from '../suggest';
import { Report } from '../yaml/report';
import { validateYaml } from '../yaml/validate-yaml';
import { YamlText, type YamlPath } from '../yaml/yaml-text';
import { type DataFiles, fixtureRows, yamlRecord } from './fixture-rows';
import { type GivenYaml, modelInputs, typedRows } from './model-inputs';
import type { ContractTest, ExpectedReject, ExpectedRows, ModelRowsTest, ModelTest } from './model-test';
import { TESTS_SCHEMA } from './test-schema';

/** A test as the schema leaves it. */
interface TestYaml {
  readonly name: string;
  readonly model: string;
  readonly interval?: string;
  readonly given: GivenYaml;
  readonly expect: unknown;
  readonly ordered?: boolean;
  readonly quarantined?: readonly { readonly record: unknown; readonly rules?: readonly string[] }[];
}

/** Where one test stands, and what it is checked against. */
interface Surroundings {
  readonly definition: Definition;
  readonly files: DataFiles;
  readonly yaml: YamlText;
  readonly path: YamlPath;
  readonly report: Report;
}

/** The partition of tests that say no interval. */
const SOME_DAY = '1970-01-01/1970-01-02';

/** Most grains of a test: each is a partition of every dataset. */
const MAX_TEST_GRAINS = 366;

/** The tests of one file, checked against a pipeline, or all that is wrong with them; `files` are the data files in the same folder. */
export function parseModelTests(file: DefinitionFile, definition: Definition, files: DataFiles): { readonly tests: ModelTest[] } | { readonly problems: Problem[] } {
  const parsed = YamlText.parse(file);
  if ('problems' in parsed) return parsed;
  const { yaml } = parsed;
  const shape = validateYaml(yaml, TESTS_SCHEMA);
  if (shape.some(({ code }) => code !== 'UNKNOWN_KEY')) return { problems: sortProblems(shape) };
  const report = new Report(yaml);
  const { tests } = yaml.value as { readonly tests: readonly TestYaml[] };
  const found = tests.flatMap((test, index) => {
    const same = tests.slice(0, index).some(({ name, model }) => name === test.name && model === test.model);
    if (same) report.invalid(['tests', index, 'name'], `Two tests of ${test.model} are called \`${test.name}\`.`, 'Rename one of them.');
    return parseTest(test, { definition, files, yaml, path: ['tests', index], report }) ?? [];
  });
  const problems = sortProblems([...shape, ...report.problems]);
  return problems.length > 0 ? { problems } : { tests: found };
}

function parseTest(test: TestYaml, around: Surroundings): ModelTest | undefined {
  const { definition, path, report } = around;
  const source = definition.contract.datasets.find(({ name }) => name === definition.source.dataset);
  if (source && test.model === `bronze.${source.name}`) return contractTest(test, source, around);
  if (test.quarantined) report.add('UNKNOWN_KEY', [...path, 'quarantined'], 'Only tests of the contract say what is quarantined.', `Remove it, or test \`bronze.${definition.source.dataset}\`.`);
  const models = definition.models.map(qualifiedName);
  if (models.includes(test.model)) return modelTest(test, around);
  report.add('UNKNOWN_DATASET', [...path, 'model'], `There is no model \`${test.model}\`.`, suggest(test.model, [...models, `bronze.${definition.source.dataset}`]));
  return undefined;
}

function modelTest(test: TestYaml, around: Surroundings): ModelRowsTest | undefined {
  const { path, yaml } = around;
  const partitions = partitionsOfTest(test, around);
  const inputs = modelInputs(test.model, test.given, { ...around, path: [...path, 'given'], partitions });
  const model = inputs?.models.at(-1);
  if (!inputs || !model) return undefined;
  const named = { name: test.name, place: yaml.place(path), dataset: qualifiedName(model) };
  return { kind: 'model', ...named, ...inputs, partitions, expect: expectedRows(test, model, around) };
}

function partitionsOfTest({ interval }: TestYaml, { definition: { grain, name }, path, report }: Surroundings): readonly string[] {
  const at = [...path, 'interval'];
  if (grain === undefined) {
    if (interval !== undefined) report.add('INVALID_INTERVAL', at, `The pipeline ${name} has no grain, so that its models have no intervals.`, 'Remove it.');
    return [WHOLE];
  }
  try {
    if (interval === undefined) return partitionsOf(parseIntervalText(SOME_DAY, '1d'), '1d');
    const partitions = partitionsOf(parseIntervalText(interval, grain), grain);
    if (partitions.length <= MAX_TEST_GRAINS) return partitions;
    report.add('INVALID_INTERVAL', at, `The interval has ${partitions.length} grains; the most in a test is ${MAX_TEST_GRAINS}.`, 'Test with fewer.');
  } catch (error) {
    if (!isWeirError(error)) throw error;
    report.add('INVALID_INTERVAL', at, error.message, error.fix);
  }
  return [WHOLE];
}

function expectedRows(test: TestYaml, of: Pick<ExpectedRows, 'columns'>, { yaml, path, files, report }: Surroundings): ExpectedRows {
  const at = [...path, 'expect'];
  const read = fixtureRows({ yaml, path: at, value: test.expect, files });
  report.problems.push(...read.problems);
  const columns = of.columns.map(({ name, type }) => ({ name, type }));
  return { columns, rows: typedRows(read.rows, { dataset: test.model, columns, also: [] }, report), ordered: test.ordered === true, place: yaml.place(at) };
}

function contractTest(test: TestYaml, source: ContractDataset, around: Surroundings): ContractTest | undefined {
  const { definition, yaml, path, files, report } = around;
  if (test.interval !== undefined) report.invalid([...path, 'interval'], 'The contract looks at records one by one, whatever their interval.', 'Remove it.');
  const raw = `raw.${source.name}`;
  for (const dataset of Object.keys(test.given).filter((name) => name !== raw)) {
    report.add('UNKNOWN_KEY', [...path, 'given', dataset], `A test of the contract is given records of \`${raw}\`, not \`${dataset}\`.`, suggest(dataset, [raw]));
  }
  if (!(raw in test.given)) return undefined;
  const read = fixtureRows({ yaml, path: [...path, 'given', raw], value: test.given[raw], files });
  report.problems.push(...read.problems);
  const values = recordForm(definition.source) !== 'fields';
  const headers = source.columns.map(({ physicalName }) => physicalName);
  // A record of JSON may have fields that the contract does not name; the fields of a file go by its header.
  if (!values) for (const record of read.rows) refuseUnknown(record, headers, raw, report);
  const rules = ruleIds(source, values);
  const quarantined = (test.quarantined ?? []).map((reject, index): ExpectedReject => {
    const at = [...path, 'quarantined', index];
    for (const [n, rule] of (reject.rules ?? []).entries()) {
      if (!rules.includes(rule)) report.invalid([...at, 'rules', n], `The contract has no rule \`${rule}\`.`, suggest(rule, rules));
    }
    const record = yamlRecord(yaml, [...at, 'record'], reject.record);
    if (!values) refuseUnknown(record, headers, raw, report);
    return { record, rules: reject.rules };
  });
  return { kind: 'contract', name: test.name, place: yaml.place(path), dataset: test.model, records: read.rows, quarantined, expect: expectedRows(test, source, around) };
}

function refuseUnknown({ fields }: { readonly fields: ReadonlyMap<string, { readonly place: string }> }, headers: readonly string[], raw: string, report: Report): void {
  for (const [name, { place }] of fields) {
    if (!headers.includes(name)) report.problems.push({ code: 'INVALID_VALUE', message: `\`${name}\` is not a column of ${raw}, whose columns go by the headers of its files.`, fix: suggest(name, headers), place });
  }
}

function ruleIds(source: ContractDataset, records: boolean): string[] {
  const conflict = source.order.by === 'immutable' ? [KEY_CONFLICT] : [];
  return [...compileDecode(source, { records }).rules.filter(({ severity }) => severity === 'critical').map(({ id }) => id), ...conflict];
}
