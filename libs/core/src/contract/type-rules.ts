import type { RowRule } from '../check/check';
import { boundLiteral } from '../sql/bound-literal';
import { numberLiteral, quoteIdent, quoteLiteral } from '../sql/quote';
import type { Report } from '../yaml/report';
import { shownValue } from '../yaml/validate-yaml';
import type { YamlPath } from '../yaml/yaml-text';
import type { ColumnType } from './contract';
import { jsonRules } from './json-rules';
import type { OdcsProperty } from './odcs';

/** A rule and where the contract states it. */
export interface PlacedRule {
  readonly rule: RowRule;
  readonly path: YamlPath;
}

/** Formats of strings that are checked, as patterns that a whole value must match. */
const STRING_FORMATS: Record<string, string> = {
  email: '[^@\\s]+@[^@\\s]+\\.[^@\\s]+',
  uuid: '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}',
  uri: '[A-Za-z][A-Za-z0-9+.-]*:\\S+',
  hostname: '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*',
  ipv4: '((25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)',
};

const INTEGER_BITS: Record<string, readonly [number, number]> = {
  i8: [-128, 127],
  i16: [-32_768, 32_767],
  i32: [-2_147_483_648, 2_147_483_647],
  u8: [0, 255],
  u16: [0, 65_535],
  u32: [0, 4_294_967_295],
};

/** Row rules that the type options and the list of values of a property state; all of them send a row to quarantine. */
export function typeRules(property: OdcsProperty, type: ColumnType, path: YamlPath, report: Report): PlacedRule[] {
  const rules: PlacedRule[] = [];
  const column = quoteIdent(property.name);
  const options = [...path, 'logicalTypeOptions'];
  const add = (option: string, predicate: string, description: string) => {
    const rule: RowRule = { id: `${option}:${property.name}`, severity: 'critical', type: 'conformity', predicate, description: `${property.name} ${description}` };
    rules.push({ rule, path: option === 'enum' || option === 'logicalType' ? [...path, option] : [...options, option] });
  };
  for (const { option, predicate, description } of jsonRules(property)) add(option, predicate, description);
  for (const bound of bounds(property)) {
    const literal = boundLiteral(bound.value, type);
    if (literal === undefined) report.invalid([...options, bound.option], `\`${bound.option}\` of ${property.name} cannot be ${shownValue(bound.value)}: the column is ${type}.`, 'Use a number for numbers, and a date such as "2010-12-01" for dates.');
    else add(bound.option, `${column} ${bound.operator} ${literal}`, `${bound.operator} ${String(bound.value)}`);
  }
  for (const text of textOptions(property)) {
    if (type === 'VARCHAR') add(text.option, text.predicate(column), text.description);
    else report.invalid([...options, text.option], `\`${text.option}\` does not apply to ${property.name}: the column is ${type}.`, 'Remove it.');
  }
  const values = property.enum?.map(({ value }) => value);
  if (values) add('enum', `${column} in (${values.map((value) => literalOf(value)).join(', ')})`, `is one of ${values.slice(0, 5).join(', ')}${values.length > 5 ? ', …' : ''}`);
  formatRule(property, type, [...options, 'format'], report, add);
  multipleRule(property, type, [...options, 'multipleOf'], report, add);
  return rules;
}

interface Bound {
  readonly option: 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum';
  readonly operator: '>=' | '<=' | '>' | '<';
  readonly value: number | string;
}

function bounds(property: OdcsProperty): Bound[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = property.logicalTypeOptions ?? {};
  const found: Bound[] = [];
  // v3.0 writes `minimum: 0, exclusiveMinimum: true`; later versions `exclusiveMinimum: 0`.
  if (minimum !== undefined) found.push({ option: 'minimum', operator: exclusiveMinimum === true ? '>' : '>=', value: minimum });
  if (maximum !== undefined) found.push({ option: 'maximum', operator: exclusiveMaximum === true ? '<' : '<=', value: maximum });
  if (exclusiveMinimum !== undefined && typeof exclusiveMinimum !== 'boolean') found.push({ option: 'exclusiveMinimum', operator: '>', value: exclusiveMinimum });
  if (exclusiveMaximum !== undefined && typeof exclusiveMaximum !== 'boolean') found.push({ option: 'exclusiveMaximum', operator: '<', value: exclusiveMaximum });
  return found;
}

function textOptions(property: OdcsProperty): { option: string; predicate: (column: string) => string; description: string }[] {
  const { minLength, maxLength, pattern } = property.logicalTypeOptions ?? {};
  return [
    ...(minLength === undefined ? [] : [{ option: 'minLength', predicate: (column: string) => `length(${column}) >= ${minLength}`, description: `has at least ${minLength} characters` }]),
    ...(maxLength === undefined ? [] : [{ option: 'maxLength', predicate: (column: string) => `length(${column}) <= ${maxLength}`, description: `has at most ${maxLength} characters` }]),
    ...(pattern === undefined ? [] : [{ option: 'pattern', predicate: (column: string) => `regexp_matches(${column}, ${quoteLiteral(pattern)})`, description: `matches ${pattern}` }]),
  ];
}

type AddRule = (option: string, predicate: string, description: string) => void;

function formatRule(property: OdcsProperty, type: ColumnType, path: YamlPath, report: Report, add: AddRule): void {
  const format = property.logicalTypeOptions?.format;
  // Formats of dates say how to read them, not what is right; parse-column.ts deals with them.
  if (format === undefined || type === 'DATE' || type === 'TIMESTAMP') return;
  const range = type === 'BIGINT' && Object.hasOwn(INTEGER_BITS, format) ? INTEGER_BITS[format] : undefined;
  const pattern = type === 'VARCHAR' && Object.hasOwn(STRING_FORMATS, format) ? STRING_FORMATS[format] : undefined;
  const column = quoteIdent(property.name);
  if (range) add('format', `${column} between ${range[0]} and ${range[1]}`, `fits ${format}`);
  else if (pattern) add('format', `regexp_full_match(${column}, ${quoteLiteral(pattern)})`, `is of the form ${format}`);
  else if (!(type === 'BIGINT' && format === 'i64') && !(type === 'DOUBLE' && (format === 'f32' || format === 'f64'))) {
    const known = type === 'VARCHAR' ? Object.keys(STRING_FORMATS) : type === 'BIGINT' ? [...Object.keys(INTEGER_BITS), 'i64'] : type === 'DOUBLE' ? ['f32', 'f64'] : [];
    report.invalid(path, `The format ${shownValue(format)} of ${property.name} is not one that Weir checks.`, known.length > 0 ? `Use one of ${known.join(', ')}, or \`pattern\`.` : 'Remove it.');
  }
}

function multipleRule(property: OdcsProperty, type: ColumnType, path: YamlPath, report: Report, add: AddRule): void {
  const step = property.logicalTypeOptions?.multipleOf;
  if (step === undefined) return;
  if (type === 'BIGINT' || type.startsWith('DECIMAL')) add('multipleOf', `${quoteIdent(property.name)} % ${numberLiteral(step)} = 0`, `is a multiple of ${step}`);
  else report.invalid(path, `\`multipleOf\` of ${property.name} needs an exact number: the column is ${type}.`, 'Add a physicalType such as decimal(12,3).');
}

function literalOf(value: string | number | boolean): string {
  return typeof value === 'string' ? quoteLiteral(value) : typeof value === 'number' ? numberLiteral(value) : String(value);
}
