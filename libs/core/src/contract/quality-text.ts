import type { Proposal } from '../check/suggest/settle';
import { formatDuration } from '../definition/duration';
import type { Threshold } from '../check/check';

/** Where a rule is written: below its column, or below the dataset. */
export type QualityPlace = 'column' | 'dataset';

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value | undefined };

/** A proposal as an entry of `quality`: lines of YAML without indentation. The standard's metrics are used where there is one and its version has it (`metrics`). */
export function qualityLines(proposal: Proposal, place: QualityPlace, metrics: boolean): string[] {
  const { threshold, reason } = proposal;
  const rule = place === 'column' && metrics ? metricOf(proposal) : undefined;
  const pairs = rule ? { ...rule, ...operatorsOf(threshold) } : { type: 'custom', engine: 'weir', implementation: implementationOf(proposal, place) };
  const lines = Object.entries({ ...pairs, severity: 'warning', description: reason }).map(([key, value]) => `${key}: ${flow(value)}`);
  return lines.map((line, n) => `${n === 0 ? '- ' : '  '}${line}`);
}

/** The metric of the standard that a measure is; undefined where there is none, or its share is not one of all rows. */
function metricOf({ measure, threshold }: Proposal): Readonly<Record<string, Value>> | undefined {
  if (threshold.of === 'values') return undefined;
  if (measure.kind === 'nullShare') return { metric: 'nullValues' };
  if (measure.kind === 'unique') return { metric: 'duplicateValues' };
  if (measure.kind === 'set') return { metric: 'invalidValues', arguments: { validValues: measure.values } };
  return measure.kind === 'pattern' ? { metric: 'invalidValues', arguments: { pattern: measure.patterns[0] ?? '' } } : undefined;
}

function operatorsOf({ atMost, equal, unit }: Threshold): Readonly<Record<string, Value>> {
  return atMost === undefined ? { mustBe: equal ?? 0 } : { mustBeLessOrEqualTo: atMost, ...(unit === 'percent' ? { unit } : {}) };
}

function implementationOf({ measure, threshold }: Proposal, place: QualityPlace): Readonly<Record<string, Value>> {
  const { kind, ...args } = measure;
  const given = Object.entries(args).filter(([key, value]) => value !== undefined && (place === 'dataset' || (key !== 'column' && key !== 'columns')));
  return { check: kind, ...(Object.fromEntries(given) as Record<string, Value>), ...boundOf(threshold) };
}

function boundOf(threshold: Threshold): Readonly<Record<string, Value>> {
  const { atMost, unit, of } = threshold;
  if (atMost === undefined) return {};
  if (unit === 'seconds') return { maxAge: formatDuration(atMost * 1_000) };
  // What may fail is a whole number of percent, so this has no noise.
  return of === 'values' ? { mostly: Number((1 - atMost / 100).toFixed(2)) } : operatorsOf(threshold);
}

/** A value on one line. JSON's quoting is YAML's double quoting. */
function flow(value: Value | undefined): string {
  if (typeof value === 'string') return scalar(value);
  if (value === undefined || typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(flow).join(', ')}]`;
  return `{ ${Object.entries(value).map(([key, each]) => `${key}: ${flow(each)}`).join(', ')} }`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

const RESERVED = /^(?:true|false|null|y|n|yes|no|on|off)$/i;

function scalar(text: string): string {
  if (/^[A-Za-z][\w]*(?: [\w%.-]+)*$/.test(text) && !RESERVED.test(text)) return text;
  // JSON leaves characters as they are that YAML does not allow to be seen.
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
