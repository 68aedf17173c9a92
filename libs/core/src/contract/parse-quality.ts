import { aliasNamed, aliasNames } from '../check/aliases';
import type { Alias, Mapped } from '../check/alias/alias';
import type { Check, Threshold } from '../check/check';
import type { ArgumentFault } from '../check/primitive/primitive';
import { PRIMITIVES } from '../check/primitives';
import { suggest } from '../suggest';
import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import type { OdcsQuality } from './odcs';
import { parseImplementation } from './parse-implementation';
import { thresholdFault, thresholdOf } from './parse-threshold';
import { boundQuery, type QualityRule, type QualityScope, SEVERITIES, slug } from './quality-rule';
import type { PlacedRule } from './type-rules';

/** A dataset check and where the contract states it. */
export interface PlacedCheck {
  readonly check: Check;
  readonly path: YamlPath;
  /** Of its arguments. */
  readonly argumentsPath: YamlPath;
}

/** One ODCS quality rule: a row rule (`engine: weir` with `row`), a dataset check (library metric, SQL, or `engine` with an implementation), or nothing (`type: text`, for people). */
export function parseQuality(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): { rule: PlacedRule } | { check: PlacedCheck } | undefined {
  const type = quality.type ?? 'library';
  if (type === 'text') return undefined;
  const implemented = type === 'custom' ? parseImplementation(quality, path, scope, report) : type === 'sql' ? sqlCheck(quality, path, scope, report) : libraryCheck(quality, path, scope, report);
  if (!implemented || 'rule' in implemented) return implemented;
  return placed(implemented, quality, path, scope, report);
}

/** Puts a measure and its threshold together, after a look at what is wrong with them. */
function placed({ name, measure, threshold, argumentsPath, type, severity }: QualityRule, quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): { check: PlacedCheck } | undefined {
  const primitive = PRIMITIVES[measure.kind];
  const wrong = thresholdFault(threshold, primitive, name);
  if (wrong) {
    report.add(wrong.code, wrong.at === 'unit' ? [...path, 'unit'] : argumentsPath, wrong.message, wrong.fix);
    return undefined;
  }
  const subject = scope.column === undefined ? scope.dataset : `${scope.dataset}.${scope.column}`;
  const id = quality.name === undefined ? `${subject}.${name}` : `${scope.dataset}.${slug(quality.name)}`;
  const check: Check = { id, severity: SEVERITIES[quality.severity ?? severity ?? 'error'], type: quality.dimension ?? type ?? primitive.type, measure, threshold };
  const fault = scope.columns && unknownColumn(check, scope.columns, scope.dataset);
  if (!fault) return { check: { check, path, argumentsPath } };
  report.invalid(argumentPlace(argumentsPath, fault, quality), fault.message, fault.fix);
  return undefined;
}

/** What is wrong with the columns that a check names; the argument is the name of the column itself. */
export function unknownColumn({ measure }: Check, columns: readonly string[], dataset: string): ArgumentFault | undefined {
  const { columnsOf } = PRIMITIVES[measure.kind];
  const strange = (columnsOf as (one: typeof measure) => readonly string[])(measure).find((column) => !columns.includes(column));
  return strange === undefined ? undefined : { argument: strange, message: `\`${strange}\` is not a column of ${dataset}.`, fix: suggest(strange, columns) };
}

/** The place of a column's name among arguments of ODCS metrics; elsewhere that of the arguments is near enough. */
function argumentPlace(argumentsPath: YamlPath, { argument }: ArgumentFault, { arguments: args }: OdcsQuality): YamlPath {
  const index = (args?.['properties'] as unknown[] | undefined)?.indexOf(argument) ?? -1;
  return index < 0 ? argumentsPath : [...argumentsPath, 'properties', index];
}

function libraryCheck(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): QualityRule | undefined {
  const metric = quality.metric ?? (quality.rule === 'duplicateCount' ? 'duplicateValues' : quality.rule);
  if (metric === undefined) {
    report.add('MISSING_KEY', path, 'A quality rule has no `metric`.', 'Add `metric`, such as nullValues, or another `type`: sql, custom or text.');
    return undefined;
  }
  const alias = aliasNamed('odcs', metric);
  if (!alias) {
    report.invalid([...path, 'metric'], `\`${metric}\` is not a metric of the standard.`, suggest(metric, aliasNames('odcs')));
    return undefined;
  }
  const argumentsPath = [...path, 'arguments'];
  if (!rightPlace(alias, scope, path, report) || !report.fits(argumentsPath, quality.arguments ?? {}, alias.schema)) return undefined;
  const mapped: Mapped = alias.map({ args: quality.arguments ?? {}, column: scope.column ?? '' });
  if ('fault' in mapped) {
    report.add('MISSING_KEY', path, mapped.fault.message, mapped.fault.fix);
    return undefined;
  }
  const threshold = operatorThreshold(quality, path, report, PRIMITIVES[mapped.measure.kind].unit);
  return threshold && { name: alias.name, measure: mapped.measure, threshold, argumentsPath: quality.arguments === undefined ? path : argumentsPath };
}

function rightPlace({ name, about }: Alias, { column }: QualityScope, path: YamlPath, report: Report): boolean {
  if (about === 'column' && column === undefined) report.invalid(path, `\`${name}\` belongs to a column.`, 'Move the rule to the `quality` of a property.');
  else if (name === 'rowCount' && column !== undefined) report.invalid(path, '`rowCount` does not belong to a column.', 'Move the rule to the `quality` of the dataset.');
  else return true;
  return false;
}

function sqlCheck(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): QualityRule | undefined {
  if (quality.query === undefined) {
    report.add('MISSING_KEY', path, 'A quality rule of type sql has no `query`.', 'Add one SELECT over ${object} that gives one number.');
    return undefined;
  }
  const query = boundQuery(quality.query, [...path, 'query'], scope, report);
  const threshold = operatorThreshold(quality, path, report, 'value');
  return query === undefined || !threshold ? undefined : { name: 'sql', measure: { kind: 'sql', query }, threshold, argumentsPath: path };
}

function operatorThreshold(quality: OdcsQuality, path: YamlPath, report: Report, unit: Threshold['unit']): Threshold | undefined {
  const outcome = thresholdOf(quality, quality.unit ?? unit);
  if (!('fault' in outcome)) return outcome.threshold;
  report.add(outcome.fault.code, outcome.fault.at === '' ? path : [...path, outcome.fault.at], outcome.fault.message, outcome.fault.fix);
  return undefined;
}
