import { parseDocument } from 'yaml';
import type { Check, CheckType, Measure, RowRule, Severity, Threshold } from '../check/check';
import { quoteIdent } from '../sql/quote';
import { suggest } from '../suggest';
import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import type { OdcsQuality } from './odcs';
import { OPERATORS } from './odcs-schema';
import type { PlacedRule } from './type-rules';

/** A dataset check and where the contract states it. */
export interface PlacedCheck {
  readonly check: Check;
  readonly path: YamlPath;
}

/** Where a quality rule stands: its dataset, and its column when it belongs to one. */
export interface QualityScope {
  readonly dataset: string;
  readonly column?: string | undefined;
  readonly columns: readonly string[];
}

const SEVERITIES: Record<'error' | 'warning' | 'info', Severity> = { error: 'critical', warning: 'warning', info: 'info' };

const DIMENSIONS: Record<Measure['kind'], CheckType> = {
  nullValues: 'completeness',
  missingValues: 'completeness',
  invalidValues: 'conformity',
  duplicateValues: 'uniqueness',
  rowCount: 'coverage',
  sql: 'accuracy',
};

/** One ODCS quality rule: a row rule (`engine: weir`), a dataset check (library metric or SQL), or nothing (`type: text`, for people). */
export function parseQuality(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): { rule: PlacedRule } | { check: PlacedCheck } | undefined {
  const type = quality.type ?? 'library';
  if (type === 'text') return undefined;
  if (type === 'custom') {
    const rule = rowRule(quality, path, report);
    return rule && { rule: { rule, path: [...path, 'implementation', 'row'] } };
  }
  const measure = type === 'sql' ? sqlMeasure(quality, path, scope, report) : libraryMeasure(quality, path, scope, report);
  const threshold = thresholdOf(quality, path, report);
  if (!measure || !threshold) return undefined;
  if (threshold.unit === 'percent' && (measure.kind === 'rowCount' || measure.kind === 'sql')) {
    report.invalid([...path, 'unit'], `\`percent\` does not apply to ${measure.kind === 'sql' ? 'a query' : '`rowCount`'}.`, 'Remove `unit`.');
    return undefined;
  }
  const subject = scope.column === undefined ? scope.dataset : `${scope.dataset}.${scope.column}`;
  const id = quality.name === undefined ? `${subject}.${measure.kind}` : `${scope.dataset}.${slug(quality.name)}`;
  const check: Check = { id, severity: SEVERITIES[quality.severity ?? 'error'], type: quality.dimension ?? DIMENSIONS[measure.kind], measure, threshold };
  return { check: { check, path } };
}

function rowRule(quality: OdcsQuality, path: YamlPath, report: Report): RowRule | undefined {
  for (const key of ['engine', 'implementation', 'name'] as const) {
    if (quality[key] === undefined) {
      report.add('MISSING_KEY', path, `\`${key}\` is missing from a row rule.`, key === 'name' ? 'Add `name`: quarantined rows show it.' : key === 'engine' ? 'Add `engine: weir`.' : 'Add `implementation: {row: <boolean SQL>}`.');
      return undefined;
    }
  }
  const predicate = predicateOf(quality.implementation, [...path, 'implementation'], report);
  if (predicate === undefined) return undefined;
  const name = quality.name ?? '';
  const description = typeof quality.description === 'string' ? quality.description.trim() : name;
  return { id: slug(name), severity: SEVERITIES[quality.severity ?? 'error'], type: quality.dimension ?? 'accuracy', predicate, description };
}

/** The boolean SQL of `implementation`, which is a mapping, or text that holds one as ODCS writes it. */
function predicateOf(implementation: OdcsQuality['implementation'], path: YamlPath, report: Report): string | undefined {
  const content: unknown = typeof implementation === 'string' ? textContent(implementation) : implementation;
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    report.invalid(path, '`implementation` is not a mapping.', 'Write {row: <boolean SQL>}, such as {row: unit_price >= 0}.');
    return undefined;
  }
  const strange = Object.keys(content).find((key) => key !== 'row');
  if (strange !== undefined) {
    report.add('UNKNOWN_KEY', [...path, strange], `\`${strange}\` is not a key of an implementation.`, suggest(strange, ['row']));
    return undefined;
  }
  const row: unknown = 'row' in content ? content.row : undefined;
  if (typeof row === 'string' && row.trim() !== '') return row.trim();
  report.invalid([...path, 'row'], '`row` is not an SQL expression.', 'Write one that is true for good rows, such as unit_price >= 0, in quotes where YAML needs them.');
  return undefined;
}

function textContent(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 });
}

function libraryMeasure(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): Measure | undefined {
  const metric = quality.metric ?? (quality.rule === 'duplicateCount' ? 'duplicateValues' : quality.rule);
  if (metric === undefined) {
    report.add('MISSING_KEY', path, 'A quality rule has no `metric`.', 'Add `metric`, such as nullValues, or another `type`: sql, custom or text.');
    return undefined;
  }
  if (metric === 'rowCount') {
    if (scope.column === undefined) return { kind: 'rowCount' };
    report.invalid(path, '`rowCount` does not belong to a column.', 'Move the rule to the `quality` of the dataset.');
    return undefined;
  }
  if (metric === 'duplicateValues') return duplicateMeasure(quality, path, scope, report);
  if (scope.column === undefined) {
    report.invalid(path, `\`${metric}\` belongs to a column.`, 'Move the rule to the `quality` of a property.');
    return undefined;
  }
  return columnMeasure(metric, scope.column, quality, path, report);
}

function columnMeasure(metric: string, column: string, quality: OdcsQuality, path: YamlPath, report: Report): Measure | undefined {
  const { missingValues, validValues, pattern } = quality.arguments ?? {};
  if (metric === 'nullValues') return { kind: 'nullValues', column };
  if (metric === 'missingValues') {
    // Null always counts as missing; listing it, as the standard's examples do, adds nothing.
    return { kind: 'missingValues', column, missing: (missingValues ?? ['']).filter((value) => value !== null).map(String) };
  }
  if (validValues === undefined && pattern === undefined) {
    report.add('MISSING_KEY', path, '`invalidValues` does not say what is valid.', 'Add `arguments` with `validValues` or `pattern`.');
    return undefined;
  }
  return { kind: 'invalidValues', column, validValues: validValues?.map(String), pattern };
}

function duplicateMeasure(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): Measure | undefined {
  const columns = quality.arguments?.properties ?? (scope.column === undefined ? undefined : [scope.column]);
  if (columns === undefined) {
    report.add('MISSING_KEY', path, '`duplicateValues` of a dataset does not say of which columns.', 'Add `arguments: {properties: [a, b]}`.');
    return undefined;
  }
  const strange = columns.findIndex((column) => !scope.columns.includes(column));
  if (strange < 0) return { kind: 'duplicateValues', columns };
  const column = columns[strange] ?? '';
  report.invalid([...path, 'arguments', 'properties', strange], `\`${column}\` is not a column of ${scope.dataset}.`, suggest(column, scope.columns));
  return undefined;
}

function sqlMeasure(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): Measure | undefined {
  if (quality.query === undefined) {
    report.add('MISSING_KEY', path, 'A quality rule of type sql has no `query`.', 'Add one SELECT over ${object} that gives one number.');
    return undefined;
  }
  const withDataset = quality.query.replace(/\$\{(?:object|table|dataset)\}/g, '${dataset}');
  const query = withDataset.replace(/\$\{(?:property|column)\}/g, (whole) => (scope.column === undefined ? whole : quoteIdent(scope.column)));
  const strange = /\$\{(?!dataset\})[^}]*\}/.exec(query)?.[0];
  if (strange === undefined) return { kind: 'sql', query: query.trim().replace(/\s*;$/, '') };
  report.invalid([...path, 'query'], `\`${strange}\` in the query is unknown here.`, scope.column === undefined ? 'Use ${object} for the dataset.' : 'Use ${object} for the dataset and ${property} for the column.');
  return undefined;
}

function thresholdOf(quality: OdcsQuality, path: YamlPath, report: Report): Threshold | undefined {
  const given = (Object.keys(OPERATORS) as (keyof typeof OPERATORS)[]).filter((operator) => quality[operator] !== undefined);
  if (given.length === 0) {
    report.add('MISSING_KEY', path, 'A quality rule does not say what the number must be.', `Add one of ${Object.keys(OPERATORS).join(', ')}.`);
    return undefined;
  }
  const backwards = given.find((operator) => {
    const value = quality[operator];
    return Array.isArray(value) && value[0] > value[1];
  });
  if (backwards === undefined) return { ...Object.fromEntries(given.map((operator) => [OPERATORS[operator], quality[operator]])), unit: quality.unit ?? 'rows' };
  report.invalid([...path, backwards], `\`${backwards}\` has its greater number first.`, 'Write the smaller number first.');
  return undefined;
}

/** The id that a rule's name gives: lower case, everything but letters and digits as one _. */
export function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
}
