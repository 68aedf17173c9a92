import type { Check, RowRule } from '../check/check';
import type { Model } from '../definition/definition';
import type { Problem } from '../definition/problem';
import type { SqlInspector } from '../definition/sql-inspector';
import { suggest } from '../suggest';
import { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import { type FindDataset, compileChecks } from './compile-checks';
import type { ColumnType, Contract, ContractColumn, ContractDataset } from './contract';
import type { ParsedContract, ParsedDataset } from './parse-contract';
import { type SqlFault, type SqlSubject, predicateFault } from './verify-sql';

/** The source dataset of a parsed contract with its columns as bronze has them; undefined when it is not there or has problems. */
export function sourceOf(contract: ParsedContract | undefined, source: string | undefined): { dataset: ParsedDataset; columns: ContractColumn[] } | undefined {
  const dataset = contract?.datasets.find(({ name }) => name === source);
  const columns = (dataset?.columns ?? []).flatMap(({ path: _path, type, ...column }) => (type ? [{ ...column, type }] : []));
  return dataset && columns.length === dataset.columns.length ? { dataset, columns } : undefined;
}

/** What a contract is held against. */
export interface ContractSurroundings {
  readonly models: readonly Model[];
  /** Of all models, those that could not be compiled too. */
  readonly modelNames: readonly string[];
  readonly sql: SqlInspector;
  /** Finds datasets that checks refer to. */
  readonly find: FindDataset;
}

/**
 * Holds a parsed contract against the pipeline: every entry is the source or a model, every column exists, every SQL text is what it must be.
 * Entries of models get the types that their SQL gives; their row rules become checks, because only the source has a quarantine.
 */
export async function compileContract(parsed: ParsedContract, source: string, { models, modelNames, sql, find }: ContractSurroundings): Promise<{ contract: Contract; problems: Problem[] }> {
  const report = new Report(parsed.yaml);
  const found = sourceOf(parsed, source);
  const datasets: ContractDataset[] = [];
  if (found) datasets.push(await compileSource(found, source, report, { sql, find }));
  for (const dataset of parsed.datasets) {
    if (dataset.name === source) continue;
    const model = models.find(({ name }) => name === dataset.name);
    if (model) datasets.push(await compileModelEntry(dataset, model, report, { sql, find }));
    else if (!modelNames.includes(dataset.name)) {
      report.add('UNKNOWN_DATASET', [...dataset.path, 'name'], `\`${dataset.name}\` is neither the source dataset nor a model.`, suggest(dataset.name, [source, ...modelNames]));
    }
  }
  return { contract: { id: parsed.id, version: parsed.version, datasets }, problems: report.problems };
}

async function compileSource(found: { dataset: ParsedDataset; columns: ContractColumn[] }, source: string, report: Report, { sql, find }: Pick<ContractSurroundings, 'sql' | 'find'>): Promise<ContractDataset> {
  const { dataset, columns } = found;
  const subject: SqlSubject = { qualified: `bronze.${source}`, columns };
  for (const { rule, path } of dataset.rules) add(report, path, await predicateFault(rule.predicate, subject, sql), `The row rule \`${rule.id}\``);
  const checks = await compileChecks(dataset.checks, { subject, sql, find }, report);
  const { deletes, drift, compatibility } = dataset;
  if (deletes !== undefined) add(report, dataset.deletesPath ?? dataset.path, await predicateFault(deletes, subject, sql), '`weirDelete`');
  return { name: dataset.name, columns, rules: dataset.rules.map(({ rule }) => rule), checks, order: dataset.order, ...(deletes === undefined ? {} : { deletes }), ...(drift === undefined ? {} : { drift }), ...(compatibility === undefined ? {} : { compatibility }) };
}

async function compileModelEntry(dataset: ParsedDataset, model: Model, report: Report, { sql, find }: Pick<ContractSurroundings, 'sql' | 'find'>): Promise<ContractDataset> {
  const subject: SqlSubject = { qualified: `${model.zone}.${model.name}`, columns: model.columns };
  const names = model.columns.map((column) => column.name);
  const columns = dataset.columns.flatMap(({ path, type: declared, ...column }): ContractColumn[] => {
    const actual = model.columns.find((one) => one.name === column.name);
    if (!actual) report.invalid([...path, 'name'], `\`${column.name}\` is not a column of ${subject.qualified}.`, suggest(column.name, names));
    else if (declared && !sameKind(declared, actual.type)) report.invalid([...path], `The contract says that ${subject.qualified}.${column.name} is ${declared}; its SQL gives ${actual.type}.`, 'Change the contract, or cast in the model.');
    return actual ? [{ ...column, type: actual.type }] : [];
  });
  const { compatibility } = dataset;
  const entry = { name: dataset.name, columns, rules: [], order: dataset.order, ...(compatibility === undefined ? {} : { compatibility }) };
  if (columns.length < dataset.columns.length) return { ...entry, checks: [] };
  for (const { rule, path } of dataset.rules) add(report, path, await predicateFault(rule.predicate, subject, sql), `The row rule \`${rule.id}\``);
  const checks = [
    ...columns.filter((column) => column.required).map((column) => requiredCheck(dataset.name, column.name)),
    ...keyChecks(dataset.name, columns),
    ...dataset.rules.map(({ rule }) => ruleCheck(dataset.name, rule)),
    ...(await compileChecks(dataset.checks, { subject, sql, find }, report)),
  ];
  return { ...entry, checks };
}

/** A contract of a model may say `number` for any exact or floating number. */
function sameKind(declared: ColumnType, actual: ColumnType): boolean {
  return declared === actual || (declared === 'DOUBLE' && actual.startsWith('DECIMAL')) || (declared === 'BIGINT' && /^DECIMAL\(\d+,0\)$/.test(actual));
}

function add(report: Report, path: YamlPath, fault: SqlFault | undefined, subject: string): void {
  if (fault) report.add(fault.code, path, `${subject}: ${fault.message}`, fault.fix);
}

function requiredCheck(dataset: string, column: string): Check {
  return { id: `${dataset}.${column}.required`, severity: 'critical', type: 'completeness', measure: { kind: 'nullShare', column }, threshold: { equal: 0, unit: 'rows' } };
}

function keyChecks(dataset: string, columns: readonly ContractColumn[]): Check[] {
  const key = columns.filter((column) => column.keyPosition !== undefined).sort((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  if (key.length === 0) return [];
  return [{ id: `${dataset}.primaryKey`, severity: 'critical', type: 'uniqueness', measure: { kind: 'unique', columns: key.map((column) => column.name) }, threshold: { equal: 0, unit: 'rows' } }];
}

function ruleCheck(dataset: string, rule: RowRule): Check {
  return { id: `${dataset}.${rule.id}`, severity: rule.severity, type: rule.type, measure: { kind: 'row', predicate: rule.predicate }, threshold: { equal: 0, unit: 'rows' } };
}
