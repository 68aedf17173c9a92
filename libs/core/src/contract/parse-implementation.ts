import { parseDocument } from 'yaml';
import { aliasNamed, aliasNames } from '../check/aliases';
import { mostlyThreshold } from '../check/alias/great-expectations-arguments';
import type { Measure, MeasureKind } from '../check/measure';
import { BOUND, FLAG } from '../check/primitive/primitive';
import { type PrimitiveFacts, PRIMITIVES } from '../check/primitives';
import { DURATION_PATTERN, parseDuration } from '../definition/duration';
import { suggest } from '../suggest';
import type { Report } from '../yaml/report';
import type { JsonSchema } from '../yaml/validate-yaml';
import type { YamlPath } from '../yaml/yaml-text';
import type { OdcsQuality } from './odcs';
import { OPERATORS } from './odcs-schema';
import { thresholdOf } from './parse-threshold';
import { boundQuery, type QualityRule, type QualityScope, SEVERITIES, slug } from './quality-rule';
import type { PlacedRule } from './type-rules';

type Content = Readonly<Record<string, unknown>>;

/** A rule of `type: custom`: by its engine an expectation, a check of ours, or a row rule. Undefined when something is wrong, which is then reported. */
export function parseImplementation(quality: OdcsQuality, path: YamlPath, scope: QualityScope, report: Report): QualityRule | { rule: PlacedRule } | undefined {
  if (quality.engine === undefined) {
    report.add('MISSING_KEY', path, '`engine` is missing from a custom rule.', 'Add `engine: weir` or `engine: greatExpectations`.');
    return undefined;
  }
  const at = [...path, 'implementation'];
  if (quality.implementation === undefined) {
    report.add('MISSING_KEY', path, '`implementation` is missing from a custom rule.', quality.engine === 'weir' ? 'Add `implementation: {row: <boolean SQL>}`, or {check: range, …}.' : 'Add `implementation: {type: expect_…, kwargs: {…}}`.');
    return undefined;
  }
  const content = contentOf(quality.implementation);
  if (!content) {
    report.invalid(at, '`implementation` is not a mapping.', quality.engine === 'weir' ? 'Write {row: <boolean SQL>}, such as {row: unit_price >= 0}, or {check: range, …}.' : 'Write {type: expect_…, kwargs: {…}}.');
    return undefined;
  }
  if (quality.engine !== 'weir') return expectation(content, at, scope, report);
  return 'check' in content ? ownCheck(content, at, scope, report) : rowRule(quality, content, path, report);
}

/** The mapping that an implementation is, or that its text holds, as the standard's examples write it. */
function contentOf(implementation: string | Content): Content | undefined {
  const content: unknown = typeof implementation === 'string' ? textContent(implementation) : implementation;
  return typeof content === 'object' && content !== null && !Array.isArray(content) ? { ...content } : undefined;
}

function textContent(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 });
}

function rowRule(quality: OdcsQuality, content: Content, path: YamlPath, report: Report): { rule: PlacedRule } | undefined {
  const at = [...path, 'implementation'];
  const { name } = quality;
  if (name === undefined) {
    report.add('MISSING_KEY', path, '`name` is missing from a row rule.', 'Add `name`: quarantined rows show it.');
    return undefined;
  }
  const strange = Object.keys(content).find((key) => key !== 'row');
  if (strange !== undefined) {
    report.add('UNKNOWN_KEY', [...at, strange], `\`${strange}\` is not a key of an implementation.`, suggest(strange, ['row', 'check']));
    return undefined;
  }
  const { row } = content;
  if (typeof row !== 'string' || row.trim() === '') {
    report.invalid([...at, 'row'], '`row` is not an SQL expression.', 'Write one that is true for good rows, such as unit_price >= 0, in quotes where YAML needs them.');
    return undefined;
  }
  const description = typeof quality.description === 'string' ? quality.description.trim() : name;
  const rule = { id: slug(name), severity: SEVERITIES[quality.severity ?? 'error'], type: quality.dimension ?? 'accuracy', predicate: row.trim(), description } as const;
  return { rule: { rule, path: [...at, 'row'] } };
}

/** Arguments of an expectation that say how to run it and how to show its result. */
const RUN_ARGUMENTS: ReadonlySet<string> = new Set(['batch_id', 'catch_exceptions', 'include_config', 'result_format']);
/** What an expectation says besides its name and arguments. */
const EXPECTATION: JsonSchema = {
  title: 'expectation',
  type: 'object',
  additionalProperties: false,
  description: 'Write a mapping of `type` and `kwargs`.',
  properties: {
    type: { type: 'string', description: 'the name of an expectation.' },
    // The name of `type` before version 1.0.
    expectation_type: { type: 'string', description: 'Use `type`.' },
    kwargs: { type: ['object', 'null'], description: 'a mapping of arguments.' },
    severity: { enum: ['critical', 'warning', 'info'], description: 'Use critical, warning or info.' },
    ...Object.fromEntries(['id', 'meta', 'notes', 'description', 'rendered_content', 'expectation_context', 'ge_cloud_id'].map((key) => [key, {}])),
  },
};

function expectation(content: Content, at: YamlPath, scope: QualityScope, report: Report): QualityRule | undefined {
  if (!report.fits(at, content, EXPECTATION)) return undefined;
  const key = content['type'] === undefined ? 'expectation_type' : 'type';
  const name = content[key] as string | undefined;
  if (name === undefined) {
    report.add('MISSING_KEY', at, '`type` is missing from an expectation.', 'Add `type`, such as expect_column_values_to_be_between.');
    return undefined;
  }
  const alias = aliasNamed('greatExpectations', name);
  if (!alias) {
    report.invalid([...at, key], `\`${name}\` is not an expectation that can be measured here.`, suggest(name, aliasNames('greatExpectations')));
    return undefined;
  }
  const argumentsPath = [...at, 'kwargs'];
  // Suites that were exported list arguments that have no value.
  const args = Object.fromEntries(Object.entries((content['kwargs'] ?? {}) as Content).filter(([argument, value]) => value !== null && !RUN_ARGUMENTS.has(argument)));
  if (!report.fits(argumentsPath, args, alias.schema)) return undefined;
  const column = (args['column'] as string | undefined) ?? scope.column;
  if (alias.about === 'column' && column === undefined) return withoutColumn(name, argumentsPath, report);
  const mapped = alias.map({ args, column: column ?? '' });
  if ('fault' in mapped) {
    report.invalid([...argumentsPath, mapped.fault.argument], mapped.fault.message, mapped.fault.fix);
    return undefined;
  }
  const severity = content['severity'] === 'critical' ? 'error' : (content['severity'] as 'warning' | 'info' | undefined);
  return { name, measure: mapped.measure, threshold: mapped.threshold ?? { equal: 0, unit: 'rows' }, argumentsPath, type: alias.type, severity };
}

function withoutColumn(name: string, path: YamlPath, report: Report): undefined {
  report.add('MISSING_KEY', path, `\`${name}\` does not say of which column.`, 'Add `column`, or move the rule to the `quality` of a property.');
}

function ownCheck(content: Content, at: YamlPath, scope: QualityScope, report: Report): QualityRule | undefined {
  const { check: name, ...given } = content;
  if (typeof name !== 'string' || !Object.hasOwn(PRIMITIVES, name)) {
    const kinds = Object.keys(PRIMITIVES);
    report.invalid([...at, 'check'], `${typeof name === 'string' ? `\`${name}\`` : '`check`'} is not the name of a check.`, suggest(typeof name === 'string' ? name : '', kinds));
    return undefined;
  }
  const primitive: PrimitiveFacts = PRIMITIVES[name as MeasureKind];
  const { properties } = primitive.schema;
  const defaults = Object.fromEntries(Object.entries(properties).flatMap(([key, { default: value }]) => (value === undefined ? [] : [[key, value]])));
  const args = { ...defaults, ...('column' in properties && scope.column !== undefined ? { column: scope.column } : {}), ...('columns' in properties && scope.column !== undefined ? { columns: [scope.column] } : {}), ...given };
  if (!report.fits(at, args, ownSchema(primitive))) return undefined;
  const threshold = ownThreshold(args, primitive);
  if ('fault' in threshold) {
    report.add(threshold.fault.code, threshold.fault.at === '' ? at : [...at, threshold.fault.at], threshold.fault.message, threshold.fault.fix);
    return undefined;
  }
  const measure = { kind: name, ...Object.fromEntries(Object.entries(args).filter(([key]) => key in properties)) } as unknown as Measure;
  if (measure.kind !== 'sql') return { name, measure, threshold: threshold.threshold, argumentsPath: at };
  const query = boundQuery(measure.query, [...at, 'query'], scope, report);
  return query === undefined ? undefined : { name, measure: { kind: 'sql', query }, threshold: threshold.threshold, argumentsPath: at };
}

const OWN_BOUND: JsonSchema = { ...BOUND, description: 'a number, or a date or time in quotes.' };
const OWN_PAIR: JsonSchema = { type: 'array', minItems: 2, maxItems: 2, items: OWN_BOUND, description: 'two numbers, the smaller first, such as [0, 10].' };
const OPERATOR_SCHEMAS = Object.fromEntries(Object.keys(OPERATORS).map((key) => [key, key.endsWith('Between') ? OWN_PAIR : OWN_BOUND]));

const schemas = new Map<string, JsonSchema>();

/** Arguments of a check of ours, and what its number must be, side by side: the standard allows no operators beside `implementation`. */
export function ownSchema({ kind, schema, share, unit, gives }: PrimitiveFacts): JsonSchema {
  const known = schemas.get(kind);
  if (known) return known;
  const words = {
    ...OPERATOR_SCHEMAS,
    ...(share ? { unit: { enum: ['rows', 'percent'], description: 'Use rows or percent.' } } : {}),
    ...(share && gives === 'failing rows' ? { mostly: { type: 'number', minimum: 0, maximum: 1, description: 'the share of values that must be good, from 0 to 1.' }, ofValues: { ...FLAG, description: 'true: percent of the rows that have values, instead of all.' } } : {}),
    ...(unit === 'seconds' ? { maxAge: { type: 'string', pattern: DURATION_PATTERN, description: 'a duration such as 2h.' } } : {}),
  };
  const fresh = { ...schema, title: `check ${kind}`, properties: { ...schema.properties, ...words } };
  schemas.set(kind, fresh);
  return fresh;
}

function ownThreshold(args: Content, { gives, unit, kind }: PrimitiveFacts): ReturnType<typeof thresholdOf> {
  if (typeof args['maxAge'] === 'string') return { threshold: { atMost: (parseDuration(args['maxAge']) ?? 0) / 1_000, unit: 'seconds' } };
  const given = Object.keys(OPERATORS).some((operator) => args[operator] !== undefined);
  if (typeof args['mostly'] === 'number') {
    if (given) return { fault: { code: 'INVALID_VALUE', at: 'mostly', message: '`mostly` stands beside an operator.', fix: 'Keep one of the two.' } };
    return { threshold: mostlyThreshold(args, 'values') };
  }
  if (!given && gives === 'failing rows') return { threshold: { equal: 0, unit } };
  const percent = args['unit'] === 'percent';
  const outcome = thresholdOf(args, percent ? 'percent' : unit);
  const ofValues = percent && (kind === 'distinct' || args['ofValues'] === true);
  return 'threshold' in outcome && ofValues ? { threshold: { ...outcome.threshold, of: 'values' } } : outcome;
}
