import { isIdLike, quoteIdent } from '@weir/core';
import { contractText, yamlText } from './contract-text';
import type { ColumnProfile, CsvProfile } from './profile-csv';

/** One file that init writes, relative to its folder. */
export interface InitFile {
  readonly path: string;
  readonly text: string;
}

/** Names and place of a new pipeline. */
export interface NewPipeline {
  readonly name: string;
  readonly dataset: string;
  /** The CSV file as pipeline.yaml names it, with {date} where its name has a day. */
  readonly source: string;
}

/** Most groups that a first model should give: a table that a person can read. */
const MAX_GROUPS = 1_000;

/** Contract, pipeline and a first model for a profiled CSV file. */
export function definitionOf(pipeline: NewPipeline, profile: CsvProfile): InitFile[] {
  const key = keyOf(profile);
  const model = firstModel(pipeline.dataset, profile, key);
  return [
    { path: 'pipeline.yaml', text: pipelineYaml(pipeline, profile, model) },
    { path: 'contract.odcs.yaml', text: contractYaml(pipeline, profile, key) },
    { path: `models/gold/${model.name}.sql`, text: model.sql },
  ];
}

/** The first column that is never empty, never repeats and is named like an identifier. */
function keyOf({ columns, rows }: CsvProfile): ColumnProfile | undefined {
  return columns.find((column) => rows > 0 && column.present === rows && column.distinct === rows && isIdLike(column.name) && column.kind !== 'float');
}

interface FirstModel {
  readonly name: string;
  readonly group: string | undefined;
  readonly sql: string;
}

/** Counts and decimal sums by the text column with the fewest values; over everything where there is none. */
function firstModel(dataset: string, { columns, rows, reserved }: CsvProfile, key: ColumnProfile | undefined): FirstModel {
  const groups = columns.filter((column) => column.kind === 'string' && column !== key && column.distinct >= 2 && column.distinct <= Math.min(MAX_GROUPS, rows / 2));
  const [group] = [...groups].sort((a, b) => Number(b.present >= rows * 0.95) - Number(a.present >= rows * 0.95) || a.distinct - b.distinct);
  const sums = columns.filter((column) => (column.kind === 'decimal' || column.kind === 'integer') && column !== key && !isIdLike(column.name) && column !== group).slice(0, 5);
  const sqlName = (name: string) => (reserved.has(name) ? quoteIdent(name) : name);
  const lines = [
    ...(group ? [sqlName(group.name)] : []),
    `count(*) as ${unused('row_count', group)}`,
    ...sums.map((column) => `${sumOf(sqlName(column.name), column.kind)} as total_${column.name}`),
  ];
  const filter = group && group.present < rows ? `where ${sqlName(group.name)} is not null\n` : '';
  const title = group ? `-- ${dataset} by ${group.name}: how many, and what they add up to.` : `-- ${dataset}: how many, and what they add up to.`;
  const sql = `${title}\nselect\n${lines.map((line) => `  ${line}`).join(',\n')}\nfrom bronze.${sqlName(dataset)}\n${filter}${group ? `group by ${sqlName(group.name)}\n` : ''}`;
  return { name: group ? `${dataset}_by_${group.name}`.slice(0, 63).replace(/_+$/, '') : `${dataset}_totals`, group: group?.name, sql };
}

/** The engine adds integers up to 128 bits, which no destination has; a sum that does not fit 64 fails the model instead of being wrong. */
function sumOf(column: string, kind: ColumnProfile['kind']): string {
  return kind === 'integer' ? `cast(sum(${column}) as bigint)` : `sum(${column})`;
}

function unused(name: string, group: ColumnProfile | undefined): string {
  return group?.name === name ? `${name}_2` : name;
}

function pipelineYaml({ name, dataset, source }: NewPipeline, profile: CsvProfile, model: FirstModel): string {
  const settings = model.group === undefined ? '{ over: history, writeMode: overwrite }' : `{ key: [${yamlText(model.group)}], over: history }`;
  const delimiter = profile.delimiter === ',' ? '' : `  delimiter: ${JSON.stringify(profile.delimiter)}\n`;
  return `# Where the rows come from, what is made of them, and where it goes.
name: ${yamlText(name)}
${source.includes('{date}') ? 'grain: 1d\n' : ''}source:
  dataset: ${yamlText(dataset)}
  type: file
  path: ${yamlText(source)}
${delimiter}models:
  ${model.name}: ${settings}
destinations:
  - { connection: warehouse, schema: ${yamlText(name)} }   # \`warehouse\` comes with \`weir up\`
`;
}

function contractYaml({ name, dataset }: NewPipeline, profile: CsvProfile, key: ColumnProfile | undefined): string {
  const columns = profile.columns.map((column) => ({
    name: column.name,
    physicalName: column.header,
    type: typeLines(column),
    keyPosition: column === key ? 1 : undefined,
    required: profile.rows > 0 && column.present === profile.rows,
  }));
  return contractText({ id: `${name}-${dataset}`, dataset, about: 'the files' }, columns);
}

function typeLines({ kind, digits, decimals, format }: ColumnProfile): string[] {
  // Four digits more than the file has now, and room for cents: amounts grow.
  const scale = Math.max(2, decimals);
  const precision = Math.min(38, Math.max(12, digits + scale + 4));
  const options = format === undefined ? [] : [`logicalTypeOptions: { format: ${JSON.stringify(format)} }`];
  if (kind === 'decimal') return ['logicalType: number', `physicalType: decimal(${precision},${scale})`];
  if (kind === 'float') return ['logicalType: number', 'physicalType: double'];
  return [`logicalType: ${kind}`, ...options];
}
