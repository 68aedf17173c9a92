import type { Column, Definition, Model } from '../definition/definition';
import { instantOf } from '../interval/interval';
import { RESERVED_PREFIX } from '../definition/names';
import { datasetShape, qualifiedName } from '../plan/dataset-shape';
import { listed, suggest } from '../suggest';
import type { Report } from '../yaml/report';
import type { YamlPath, YamlText } from '../yaml/yaml-text';
import { type DataFiles, fixtureRows } from './fixture-rows';
import type { FixtureRow, GivenRows, ModelRowsTest, RawRecord } from './model-test';

/** Rows by dataset, as a test file has them. */
export type GivenYaml = Readonly<Record<string, unknown>>;

/** Column of given rows that says which partition they are of. */
export const PARTITION = '_weir_partition';

interface Surroundings {
  readonly definition: Definition;
  readonly files: DataFiles;
  readonly yaml: YamlText;
  /** Of `given`. */
  readonly path: YamlPath;
  readonly report: Report;
  readonly partitions: readonly string[];
}

/** The models that a test runs and the rows that it gives them; undefined where these are not what the model reads. */
export function modelInputs(tested: string, given: GivenYaml, around: Surroundings): Pick<ModelRowsTest, 'models' | 'given'> | undefined {
  const { definition, path, report } = around;
  const needs = needsOf(tested, given, definition);
  for (const dataset of Object.keys(given).filter((name) => !needs.given.has(name))) {
    report.add('UNKNOWN_DATASET', [...path, dataset], `\`${tested}\` does not read \`${dataset}\`.`, suggest(dataset, [...needs.readable].filter((name) => !(name in given))));
  }
  for (const [dataset, reader] of needs.missing) {
    const inputs = definition.models.find((model) => qualifiedName(model) === dataset)?.inputs ?? [];
    const instead = inputs.length === 0 ? '' : `, or ${listed(inputs)}, which it is made of`;
    report.add('MISSING_KEY', path, `\`${reader}\` reads \`${dataset}\`, and the test gives no rows of it.`, `Add \`${dataset}\`${instead}; [] for no rows.`);
  }
  const rows = [...needs.given].map((dataset) => givenRows(dataset, given[dataset], around));
  return needs.missing.size > 0 ? undefined : { models: needs.models, given: rows };
}

interface Needs {
  /** In dependency order; the tested one is the last. */
  readonly models: readonly Model[];
  /** Datasets that are given and read. */
  readonly given: ReadonlySet<string>;
  /** Datasets that are read and neither given nor made of what is, with who reads them. */
  readonly missing: ReadonlyMap<string, string>;
  /** All that could be given. */
  readonly readable: ReadonlySet<string>;
}

/** From the tested model back to what is given. */
function needsOf(tested: string, given: GivenYaml, { models }: Definition): Needs {
  const byName = new Map(models.map((model) => [qualifiedName(model), model]));
  const run = new Set<string>();
  const used = new Set<string>();
  const missing = new Map<string, string>();
  const readable = new Set<string>();
  const reaches = (name: string): boolean => name in given || (byName.get(name)?.inputs.some(reaches) ?? false);
  const visit = (name: string): void => {
    run.add(name);
    for (const input of byName.get(name)?.inputs ?? []) {
      readable.add(input);
      if (input in given) used.add(input);
      // What is made of nothing that is given is a dataset that was forgotten, not one to be made.
      else if (byName.has(input) && reaches(input)) visit(input);
      else missing.set(input, name);
    }
  };
  visit(tested);
  const seen = (name: string): void => byName.get(name)?.inputs.forEach((input) => (readable.add(input), seen(input)));
  seen(tested);
  return { models: models.filter((model) => run.has(qualifiedName(model))), given: used, missing, readable };
}

function givenRows(dataset: string, value: unknown, around: Surroundings): GivenRows {
  const { definition, yaml, path, files, report, partitions } = around;
  const read = fixtureRows({ yaml, path: [...path, dataset], value, files });
  report.problems.push(...read.problems);
  const { columns, also } = shapeOf(dataset, definition);
  const rows = typedRows(read.rows, { dataset, columns, also }, report);
  return { dataset, columns, rows: rows.map((row) => inPartition(row, partitions, report)) };
}

function shapeOf(dataset: string, definition: Definition): { readonly columns: readonly Column[]; readonly also: readonly string[] } {
  const foreign = definition.upstream.find(({ reference }) => reference === dataset);
  if (foreign) return { columns: foreign.columns, also: foreign.byInterval ? [PARTITION] : [] };
  const { columns, winner } = datasetShape(definition, dataset);
  const partition = definition.grain === undefined ? [] : [PARTITION];
  return { columns: columns.map(({ name, type }) => ({ name, type })), also: [...partition, ...(winner.identified ? [`${RESERVED_PREFIX}row_id`, `${RESERVED_PREFIX}position`] : [])] };
}

/** Rows of known columns; `also` are those of Weir that rows may say. */
export function typedRows(records: readonly RawRecord[], { dataset, columns, also }: { readonly dataset: string; readonly columns: readonly Column[]; readonly also: readonly string[] }, report: Report): FixtureRow[] {
  const names = columns.map(({ name }) => name);
  const refused = new Set<string>();
  return records.map(({ fields, place }) => {
    for (const [name, cell] of fields) {
      // Once is enough for a column that is wrong in every row.
      if (names.includes(name) || also.includes(name) || refused.has(name)) continue;
      refused.add(name);
      report.problems.push({ code: 'INVALID_VALUE', message: `\`${name}\` is not a column of ${dataset}.`, fix: suggest(name, names), place: cell.place });
    }
    return { cells: fields, place };
  });
}

/** The row with its partition in canonical form. */
function inPartition(row: FixtureRow, partitions: readonly string[], report: Report): FixtureRow {
  const cell = row.cells.get(PARTITION);
  if (!cell) return row;
  const partition = instantOf(cell.text ?? '');
  if (partition !== undefined && partitions.includes(partition)) return { ...row, cells: new Map([...row.cells, [PARTITION, { ...cell, text: partition }]]) };
  const fix = `Use the start of one of its grains, such as ${partitions[0]}; \`interval\` of the test says which there are.`;
  report.problems.push({ code: 'INVALID_VALUE', message: `\`${cell.text ?? ''}\` is not a partition of this test.`, fix, place: cell.place });
  return row;
}
