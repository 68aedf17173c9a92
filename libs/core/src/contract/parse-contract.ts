import type { DefinitionFile } from '../definition/definition';
import type { Problem } from '../definition/problem';
import { suggest } from '../suggest';
import { Report } from '../yaml/report';
import { shownValue, validateYaml } from '../yaml/validate-yaml';
import { type YamlPath, YamlText } from '../yaml/yaml-text';
import type { CompatibilityMode } from './compatibility';
import type { ColumnType, RowOrder } from './contract';
import type { DriftPolicies } from './drift';
import type { OdcsContract, OdcsDataset, OdcsQuality } from './odcs';
import { ODCS_SCHEMA } from './odcs-schema';
import { reportVersion } from './odcs-version';
import { type ParsedColumn, parseColumn } from './parse-column';
import { parseCompatibility, parseDeletes, parseDrift } from './parse-custom';
import { type PlacedCheck, parseQuality } from './parse-quality';
import { type PlacedRule, typeRules } from './type-rules';

/** One dataset of a contract with the places of its parts; not yet held against the models. */
export interface ParsedDataset {
  readonly name: string;
  readonly path: YamlPath;
  readonly columns: readonly ParsedColumn[];
  readonly rules: readonly PlacedRule[];
  readonly checks: readonly PlacedCheck[];
  readonly order: RowOrder;
  readonly deletes?: string | undefined;
  readonly deletesPath?: YamlPath | undefined;
  readonly drift?: Partial<DriftPolicies> | undefined;
  readonly compatibility?: CompatibilityMode | undefined;
}

/** An ODCS contract whose texts make sense in themselves. */
export interface ParsedContract {
  readonly id: string;
  readonly version: string;
  readonly datasets: readonly ParsedDataset[];
  readonly yaml: YamlText;
}

/** Parses contract.odcs.yaml (ODCS v3.0 to v3.2). `source` names the dataset whose columns must all have types: nothing else tells them. */
export function parseContract(file: DefinitionFile, source: string | undefined): { contract?: ParsedContract; problems: Problem[] } {
  const parsed = YamlText.parse(file);
  if ('problems' in parsed) return { problems: parsed.problems };
  const { yaml } = parsed;
  const shape = validateYaml(yaml, ODCS_SCHEMA);
  if (shape.some((problem) => problem.code !== 'UNKNOWN_KEY')) return { problems: shape };
  const text = yaml.value as OdcsContract;
  const report = new Report(yaml);
  reportVersion(yaml.value as Readonly<Record<string, unknown>>, report);
  const datasets = text.schema.map((dataset, index) => parseDataset(dataset, ['schema', index], dataset.name === source, report));
  for (const [index, { name }] of text.schema.entries()) {
    if (text.schema.findIndex((other) => other.name === name) < index) report.invalid(['schema', index, 'name'], `The dataset \`${name}\` is there twice.`, 'Join the two entries.');
  }
  return { contract: { id: text.id, version: text.version, datasets, yaml }, problems: [...shape, ...report.problems] };
}

function parseDataset(dataset: OdcsDataset, path: YamlPath, isSource: boolean, report: Report): ParsedDataset {
  const properties = dataset.properties ?? [];
  if (isSource && properties.length === 0) report.add('MISSING_KEY', path, `The dataset \`${dataset.name}\` has no \`properties\`.`, 'Add the columns of its files.');
  const parsed = properties.map((property, index) => ({ property, path: [...path, 'properties', index], column: parseColumn(property, [...path, 'properties', index], isSource, report) }));
  const columns = withKeyPositions(parsed.map(({ column }) => column));
  reportRepeats(columns, report);
  const names = isSource ? columns.map((column) => column.name) : undefined;
  const rules: PlacedRule[] = parsed.flatMap(({ property, path: at, column }) => (column.type ? typeRules(property, column.type, at, report) : []));
  const checks: PlacedCheck[] = parsed.flatMap(({ property, path: at }) => (property.unique ? [uniqueCheck(dataset.name, property.name, at)] : []));
  const sort = (quality: OdcsQuality, at: YamlPath, column?: string) => {
    const outcome = parseQuality(quality, at, { dataset: dataset.name, column, columns: names }, report);
    if (outcome && 'rule' in outcome) rules.push(outcome.rule);
    else if (outcome) checks.push(outcome.check);
  };
  for (const { property, path: at } of parsed) property.quality?.forEach((quality, index) => sort(quality, [...at, 'quality', index], property.name));
  dataset.quality?.forEach((quality, index) => sort(quality, [...path, 'quality', index]));
  reportRepeatedRules(rules, report);
  return { name: dataset.name, path, columns, rules, checks: withUniqueIds(checks), order: orderOf(dataset, path, columns, report), ...parseDeletes(dataset, path, columns, report), ...parseDrift(dataset, path, report), ...parseCompatibility(dataset, path, report) };
}

/** Keys without a position of their own come in the order of the columns, after those that have one. */
function withKeyPositions(columns: readonly ParsedColumn[]): ParsedColumn[] {
  const inKey = columns.filter((column) => column.keyPosition !== undefined);
  const ordered = [...inKey].sort((a, b) => (a.keyPosition || Number.MAX_SAFE_INTEGER) - (b.keyPosition || Number.MAX_SAFE_INTEGER));
  return columns.map((column) => (column.keyPosition === undefined ? column : { ...column, keyPosition: ordered.indexOf(column) + 1 }));
}

function reportRepeats(columns: readonly ParsedColumn[], report: Report): void {
  for (const [index, column] of columns.entries()) {
    const before = columns.slice(0, index);
    if (before.some((other) => other.name === column.name)) report.invalid([...column.path, 'name'], `The column \`${column.name}\` is there twice.`, 'Rename or remove one of the two.');
    else if (before.some((other) => other.physicalName === column.physicalName)) {
      report.invalid([...column.path, 'physicalName'], `Two columns are read from the header \`${column.physicalName}\`.`, 'Give each column a header of its own.');
    }
  }
}

function reportRepeatedRules(rules: readonly PlacedRule[], report: Report): void {
  for (const [index, { rule, path }] of rules.entries()) {
    if (rules.findIndex((other) => other.rule.id === rule.id) < index) report.invalid(path, `Two row rules have the id \`${rule.id}\`.`, 'Give each rule a name of its own.');
  }
}

function uniqueCheck(dataset: string, column: string, path: YamlPath): PlacedCheck {
  return {
    check: { id: `${dataset}.${column}.unique`, severity: 'critical', type: 'uniqueness', measure: { kind: 'unique', columns: [column] }, threshold: { equal: 0, unit: 'rows' } },
    path: [...path, 'unique'],
    argumentsPath: [...path, 'unique'],
  };
}

/** Two checks of one metric on one column are common (a warning and a critical bound): the later ones are numbered. */
function withUniqueIds(checks: readonly PlacedCheck[]): PlacedCheck[] {
  const seen = new Map<string, number>();
  return checks.map(({ check, ...places }) => {
    const count = (seen.get(check.id) ?? 0) + 1;
    seen.set(check.id, count);
    return { check: count === 1 ? check : { ...check, id: `${check.id}.${count}` }, ...places };
  });
}

function orderOf(dataset: OdcsDataset, path: YamlPath, columns: readonly ParsedColumn[], report: Report): RowOrder {
  const find = (name: string) => (dataset.customProperties ?? []).findIndex(({ property }) => property === name);
  const valueOf = (index: number) => dataset.customProperties?.[index]?.value;
  const [sequence, order] = [find('weirSequence'), find('weirOrder')];
  const used = order >= 0 ? order : sequence;
  if (used < 0) return { by: 'arrival' };
  const at = (index: number) => [...path, 'customProperties', index, 'value'];
  if (sequence >= 0 && order >= 0) report.invalid(at(order), 'Both `weirSequence` and `weirOrder` are given.', 'Keep one of the two.');
  else if (!columns.some((column) => column.keyPosition !== undefined)) report.invalid(at(used), `An order of rows needs a key, and \`${dataset.name}\` has none.`, 'Set `primaryKey: true` on the key columns.');
  if (sequence >= 0) return sequenceOrder(valueOf(sequence), at(sequence), columns, report);
  const by = valueOf(order);
  if (by === 'arrival' || by === 'immutable') return { by };
  report.invalid(at(order), `\`weirOrder\` cannot be ${shownValue(by)}.`, suggest(typeof by === 'string' ? by : '', ['arrival', 'immutable']));
  return { by: 'arrival' };
}

/** Types with an order to rely on; decimals are too many to list, and floats have NaN. */
const SEQUENCE_TYPES: ReadonlySet<ColumnType | undefined> = new Set(['BIGINT', 'DATE', 'TIMESTAMP', 'VARCHAR', undefined]);

function sequenceOrder(value: unknown, path: YamlPath, columns: readonly ParsedColumn[], report: Report): RowOrder {
  const name = typeof value === 'string' ? value : '';
  const column = columns.find((one) => one.name === name);
  if (!column) report.invalid(path, `${shownValue(value)} is not a column.`, suggest(name, columns.map((one) => one.name)));
  else if (!SEQUENCE_TYPES.has(column.type) && !column.type?.startsWith('DECIMAL')) report.invalid(path, `\`${name}\` is ${column.type}: it has no order to rely on.`, 'Use a number, date, timestamp or text.');
  return { by: 'sequence', column: name };
}
