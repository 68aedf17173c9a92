import type { CheckType, Severity, Threshold } from '../check/check';
import type { Measure } from '../check/measure';
import { quoteIdent } from '../sql/quote';
import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';

/** Where a quality rule stands: its dataset, and its column when it belongs to one. */
export interface QualityScope {
  readonly dataset: string;
  readonly column?: string | undefined;
  /** Of the source; undefined for models, whose SQL gives them later. */
  readonly columns?: readonly string[] | undefined;
}

/** A measure with its threshold, not yet held against each other. */
export interface QualityRule {
  /** What the contract calls it; ids end in it. */
  readonly name: string;
  readonly measure: Measure;
  readonly threshold: Threshold;
  readonly argumentsPath: YamlPath;
  readonly type?: CheckType | undefined;
  readonly severity?: keyof typeof SEVERITIES | undefined;
}

export const SEVERITIES: Record<'error' | 'warning' | 'info', Severity> = { error: 'critical', warning: 'warning', info: 'info' };

/** A query with its placeholders as the engine gets them; reports those that nobody knows. */
export function boundQuery(text: string, path: YamlPath, scope: QualityScope, report: Report): string | undefined {
  const withDataset = text.replace(/\$\{(?:object|table|dataset)\}/g, '${dataset}');
  const query = withDataset.replace(/\$\{(?:property|column)\}/g, (whole) => (scope.column === undefined ? whole : quoteIdent(scope.column)));
  const strange = /\$\{(?!dataset\})[^}]*\}/.exec(query)?.[0];
  if (strange === undefined) return query.trim().replace(/\s*;$/, '');
  report.invalid(path, `\`${strange}\` in the query is unknown here.`, scope.column === undefined ? 'Use ${object} for the dataset.' : 'Use ${object} for the dataset and ${property} for the column.');
  return undefined;
}

/** The id that a rule's name gives: lower case, everything but letters and digits as one _. */
export function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
}
