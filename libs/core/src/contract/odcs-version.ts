import { listed, suggest } from '../suggest';
import type { Report } from '../yaml/report';
import { shownValue } from '../yaml/validate-yaml';
import type { YamlPath } from '../yaml/yaml-text';
import type { OdcsQuality } from './odcs';
import { OPERATORS } from './odcs-schema';
import { LOGICAL_TYPES } from './parse-column';

type Mapping = Readonly<Record<string, unknown>>;

/** Keys that came with v3.2, by where they stand. */
const NEWER = {
  contract: ['context'],
  dataset: ['deprecated', 'synonyms', 'context'],
  column: ['deprecated', 'synonyms', 'enum', 'semanticType', 'map'],
  custom: ['vendor'],
  relationship: ['id'],
  level: ['customProperties', 'authoritativeDefinitions'],
} as const;

const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'];

/** The options of each logical type; a boolean may have any. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  integer: [...BOUNDS, 'multipleOf', 'format'],
  number: [...BOUNDS, 'multipleOf', 'format'],
  date: [...BOUNDS, 'format'],
  time: [...BOUNDS, 'format', 'timezone', 'defaultTimezone'],
  timestamp: [...BOUNDS, 'format', 'timezone', 'defaultTimezone'],
  object: ['minProperties', 'maxProperties', 'required'],
  array: ['minItems', 'maxItems', 'uniqueItems'],
  map: [],
  vector: ['dimensions', 'elementType', 'distanceMetric', 'embeddingModel', 'embeddingModelVersion', 'normalized'],
};

/** Options that the rules of types judge themselves, where the type is one of plain values (type-rules.ts). */
const JUDGED: ReadonlySet<string> = new Set([...BOUNDS, 'minLength', 'maxLength', 'pattern', 'format', 'multipleOf']);
const PARTED: ReadonlySet<string> = new Set(['object', 'array', 'map', 'vector']);

const DATED: ReadonlySet<string> = new Set(['date', 'time', 'timestamp']);
/** The formats of numbers that the standard has. */
const FORMATS: Readonly<Record<string, readonly string[]>> = { integer: ['i8', 'i16', 'i32', 'i64', 'i128', 'u8', 'u16', 'u32', 'u64', 'u128'], number: ['f32', 'f64'] };

/** What only some kinds of quality rules have. */
const OF_KIND: Readonly<Record<string, readonly string[]>> = {
  library: ['metric', 'rule', 'arguments', ...Object.keys(OPERATORS)],
  sql: ['query', ...Object.keys(OPERATORS)],
  custom: ['engine', 'implementation'],
  text: [],
};

/** Arbitrary content, which may look like anything. */
const CONTENT: ReadonlySet<string> = new Set(['value', 'examples', 'implementation', 'arguments']);

/** Reports what a contract has that the version of the standard that it names does not: keys of v3.2 in earlier ones, and since v3.1 what the standard's own schema refuses. */
export function reportVersion(contract: Mapping, report: Report): void {
  const version = String(contract['apiVersion']);
  new Reading(version, version === 'v3.2.0', version === 'v3.1.0' || version === 'v3.2.0', report).contract(contract);
}

class Reading {
  constructor(
    private readonly version: string,
    /** v3.2. */
    private readonly newest: boolean,
    /** v3.1 or later. */
    private readonly modern: boolean,
    private readonly report: Report,
  ) {}

  contract(contract: Mapping): void {
    this.newer(contract, 'contract', []);
    this.vendors(contract, []);
    if (this.version === 'v3.1.0' && contract['status'] === undefined) this.report.add('MISSING_KEY', [], '`status` is missing from a contract of v3.1.', 'Add `status`, such as draft or active.');
    each(contract['slaProperties'], ['slaProperties'], (level, at) => this.newer(level, 'level', at));
    each(contract['schema'], ['schema'], (dataset, at) => {
      this.newer(dataset, 'dataset', at);
      this.related(dataset, at);
      each(dataset['properties'], [...at, 'properties'], (column, place) => this.column(column, place, false));
    });
  }

  private column(column: Mapping, path: YamlPath, inside: boolean): void {
    this.newer(column, 'column', path);
    this.related(column, path);
    if (!this.newest && (column['logicalType'] === 'map' || column['logicalType'] === 'vector')) this.report.invalid([...path, 'logicalType'], `${shownValue(column['logicalType'])} is a type since v3.2.`, `Set \`apiVersion: v3.2.0\`; this contract says ${this.version}.`);
    this.options(column, path, inside);
    if (this.modern) this.typed(column, path);
    each(column['properties'], [...path, 'properties'], (one, at) => this.column(one, at, true));
    if (isMapping(column['items'])) this.column(column['items'], [...path, 'items'], true);
    for (const side of ['key', 'value']) {
      const part = isMapping(column['map']) ? column['map'][side] : undefined;
      if (isMapping(part)) this.column(part, [...path, 'map', side], true);
    }
  }

  private typed(column: Mapping, path: YamlPath): void {
    const { logicalType: type, logicalTypeOptions: options } = column;
    if (type === undefined && (this.newest || options !== undefined)) this.report.add('MISSING_KEY', path, `\`logicalType\` is missing from a column of a contract of ${this.version}${options === undefined ? '' : ' with type options'}.`, 'Add `logicalType`, such as string.');
    if (type === 'vector' && isMapping(options) && options['dimensions'] === undefined) this.report.add('MISSING_KEY', [...path, 'logicalTypeOptions'], '`dimensions` is missing from the options of a vector.', 'Add `dimensions`, how many numbers it has.');
    if (type === 'map' && column['map'] === undefined) this.report.add('MISSING_KEY', path, '`map` is missing from a column of type map.', 'Add `map`, a mapping of `key` and `value`.');
    for (const [key, of] of [['properties', 'object'], ['items', 'array'], ['map', 'map']] as const) {
      if (column[key] !== undefined && type !== of) this.report.invalid([...path, key], `\`${key}\` belongs to a column of type ${of}.`, `Set \`logicalType: ${of}\`, or remove it.`);
    }
  }

  /** `inside`: nobody else looks at the type and the options of what is inside of a column. */
  private options({ logicalType, logicalTypeOptions: options }: Mapping, path: YamlPath, inside: boolean): void {
    const type = String(logicalType);
    const known = OPTIONS[type];
    if (inside && logicalType !== undefined && !(LOGICAL_TYPES as readonly string[]).includes(type)) this.report.invalid([...path, 'logicalType'], `The type of a column cannot be ${shownValue(logicalType)}.`, suggest(type, LOGICAL_TYPES));
    for (const [option, value] of Object.entries(isMapping(options) ? options : {})) {
      const at = [...path, 'logicalTypeOptions', option];
      const judged = JUDGED.has(option) && !PARTED.has(type) && !inside;
      if (known && !known.includes(option) && !judged && Object.values(OPTIONS).flat().includes(option)) this.report.invalid(at, `\`${option}\` is no option of the type ${type}.`, known.length > 0 ? `Use ${listed(known)}, or remove it.` : 'Remove it.');
      else if (this.modern && typeof value === 'boolean' && option.startsWith('exclusive')) this.report.invalid(at, `\`${option}\` is a bound of its own since v3.1.`, `Write ${option}: <bound> in place of \`${option === 'exclusiveMinimum' ? 'minimum' : 'maximum'}\`.`);
      else if (inside && BOUNDS.includes(option) && (typeof value === 'string') !== DATED.has(type)) this.report.invalid(at, `\`${option}\` cannot be ${shownValue(value)}: the type is ${type}.`, 'Use a number for numbers, and text for dates and times.');
      else if (inside && option === 'format' && FORMATS[type]?.includes(String(value)) === false) this.report.invalid(at, `The format ${shownValue(value)} is none of the standard.`, `Use one of ${listed(FORMATS[type])}.`);
    }
  }

  private related(element: Mapping, path: YamlPath): void {
    each(element['relationships'], [...path, 'relationships'], (relation, at) => {
      this.newer(relation, 'relationship', at);
      if (relation['from'] !== undefined && Array.isArray(relation['from']) !== Array.isArray(relation['to'])) this.report.invalid([...at, 'to'], '`from` and `to` are not alike.', 'Write one column on both sides, or a list on both.');
    });
    if (this.modern) each(element['quality'], [...path, 'quality'], (quality, at) => this.quality(quality, at));
  }

  private quality(quality: Mapping & OdcsQuality, path: YamlPath): void {
    const kind = quality.type ?? 'library';
    const strange = Object.values(OF_KIND).flat().find((key) => quality[key] !== undefined && !OF_KIND[kind]?.includes(key));
    if (strange !== undefined) this.report.add('UNKNOWN_KEY', [...path, strange], `\`${strange}\` is not a key of a quality rule of type ${kind}.`, `Remove it, or set another \`type\`.`);
    if (kind === 'library' && quality.metric === undefined && quality.rule !== undefined) this.report.add('MISSING_KEY', path, '`metric` is missing from a quality rule: `rule` was its name before v3.1.', `Write metric: ${String(quality.rule) === 'duplicateCount' ? 'duplicateValues' : String(quality.rule)}.`);
    const given = Object.keys(OPERATORS).filter((operator) => quality[operator] !== undefined);
    const [, second] = given;
    if (second !== undefined && strange === undefined) this.report.invalid([...path, second], `A quality rule of ${this.version} has one bound, and this one has ${listed(given)}.`, 'Use `mustBeBetween`, or two rules.');
  }

  private newer(value: Mapping, kind: keyof typeof NEWER, path: YamlPath): void {
    if (this.newest) return;
    for (const key of NEWER[kind]) if (value[key] !== undefined) this.report.add('UNKNOWN_KEY', [...path, key], `\`${key}\` is a key since v3.2.`, `Set \`apiVersion: v3.2.0\`; this contract says ${this.version}.`);
  }

  /** Custom properties stand in many places. */
  private vendors(value: unknown, path: YamlPath): void {
    if (Array.isArray(value)) value.forEach((item, at) => this.vendors(item, [...path, at]));
    if (!isMapping(value)) return;
    for (const [key, child] of Object.entries(value)) {
      if (key === 'customProperties') each(child, [...path, key], (custom, at) => this.newer(custom, 'custom', at));
      // Of a map `value` is a column.
      if (!CONTENT.has(key) || path.at(-1) === 'map') this.vendors(child, [...path, key]);
    }
  }
}

function each(list: unknown, path: YamlPath, visit: (value: Mapping, path: YamlPath) => void): void {
  if (Array.isArray(list)) list.forEach((value: unknown, at) => isMapping(value) && visit(value, [...path, at]));
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
