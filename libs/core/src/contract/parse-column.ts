import { nameFault } from '../definition/names';
import { listed, nearest } from '../suggest';
import type { Report } from '../yaml/report';
import { shownValue } from '../yaml/validate-yaml';
import type { YamlPath } from '../yaml/yaml-text';
import { columnTypeOf, decimalType } from './column-type';
import type { ColumnType, ContractColumn } from './contract';
import { strptimeFormat } from './date-format';
import type { OdcsProperty } from './odcs';
import { parseDefault } from './parse-custom';

/** A column of a contract; without a type where a model's own SQL gives it. */
export interface ParsedColumn extends Omit<ContractColumn, 'type'> {
  readonly type?: ColumnType | undefined;
  readonly path: YamlPath;
}

/** Types of the standard. */
export const LOGICAL_TYPES = ['string', 'integer', 'number', 'boolean', 'date', 'timestamp', 'time', 'object', 'array', 'map', 'vector'] as const;

/** Names in physicalType that databases use, as the engine calls them. */
const PHYSICAL_ALIASES: Record<string, string> = { TEXT: 'VARCHAR', STRING: 'VARCHAR', INT: 'INTEGER', INT4: 'INTEGER', INT8: 'BIGINT', LONG: 'BIGINT', BOOL: 'BOOLEAN', REAL: 'FLOAT', 'DOUBLE PRECISION': 'DOUBLE', FLOAT8: 'DOUBLE', DATETIME: 'TIMESTAMP' };

/** One ODCS property as a column. `typed`: a missing type is a problem, as it is for the source, whose files have none. */
export function parseColumn(property: OdcsProperty, path: YamlPath, typed: boolean, report: Report): ParsedColumn {
  const fault = nameFault(property.name);
  if (fault) report.invalid([...path, 'name'], `\`${property.name}\` ${fault.message}`, fault.fix);
  const type = typeOf(property, path, typed, report);
  const inKey = property.primaryKey === true || (property.primaryKeyPosition ?? 0) > 0;
  return {
    name: property.name,
    physicalName: property.physicalName ?? property.name,
    type,
    // A row without its key cannot be told from another.
    required: property.required === true || inKey,
    keyPosition: inKey ? Math.max(property.primaryKeyPosition ?? 0, 0) : undefined,
    default: parseDefault(property, type, path, report),
    format: type === 'DATE' || type === 'TIMESTAMP' ? dateFormat(property, path, report) : undefined,
    ...(property.logicalType === 'array' || property.logicalType === 'vector' ? { isArray: true as const } : {}),
    path,
  };
}

function typeOf(property: OdcsProperty, path: YamlPath, typed: boolean, report: Report): ColumnType | undefined {
  const { logicalType, physicalType } = property;
  if (logicalType === undefined && physicalType === undefined) {
    if (typed) report.add('MISSING_KEY', path, `The column \`${property.name}\` has no \`logicalType\`.`, `Add one of ${listed(LOGICAL_TYPES)}.`);
    return undefined;
  }
  if (logicalType !== undefined && !(LOGICAL_TYPES as readonly string[]).includes(logicalType)) {
    const meant = nearest(logicalType, LOGICAL_TYPES);
    const fix = meant === undefined ? `use one of ${listed(LOGICAL_TYPES)}.` : `did you mean \`${meant}\`?`;
    report.invalid([...path, 'logicalType'], `The type of a column cannot be ${shownValue(logicalType)}.`, fix);
    return undefined;
  }
  return logicalType === undefined ? physicalOnly(property, path, report) : logical(logicalType as (typeof LOGICAL_TYPES)[number], property, path, report);
}

function physicalOnly(property: OdcsProperty, path: YamlPath, report: Report): ColumnType | undefined {
  const type = physicalTypeOf(property.physicalType);
  if (!type) report.invalid([...path, 'physicalType'], `The type of a column cannot be ${shownValue(property.physicalType)}.`, `Add a \`logicalType\`: one of ${listed(LOGICAL_TYPES)}.`);
  return type;
}

function logical(logicalType: (typeof LOGICAL_TYPES)[number], property: OdcsProperty, path: YamlPath, report: Report): ColumnType | undefined {
  switch (logicalType) {
    case 'string':
    // Times of day are text, and so is what has parts: as JSON. Rules say what the text must be (json-rules.ts).
    case 'time':
    case 'object':
    case 'array':
    case 'map':
    case 'vector':
      return 'VARCHAR';
    case 'integer':
      return 'BIGINT';
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'number':
      return numberType(property, path, report);
  }
}

/** A number is exact where the contract says how many decimals it has, and floating otherwise. */
function numberType(property: OdcsProperty, path: YamlPath, report: Report): ColumnType | undefined {
  const { physicalType, logicalTypeOptions } = property;
  if (physicalType !== undefined) {
    const type = physicalTypeOf(physicalType);
    if (type === 'BIGINT' || type === 'DOUBLE' || type?.startsWith('DECIMAL')) return type;
    report.invalid([...path, 'physicalType'], `A number cannot be ${shownValue(physicalType)}.`, 'Use decimal(precision,scale) with at most 38 digits, such as decimal(12,3), or double.');
    return undefined;
  }
  const decimals = decimalsOf(logicalTypeOptions?.multipleOf);
  return decimals === undefined ? 'DOUBLE' : decimalType(18, decimals);
}

/** Decimals of a power of ten such as 0.01; other steps say nothing about them. */
function decimalsOf(multipleOf: number | undefined): number | undefined {
  const decimals = multipleOf === undefined ? -1 : Math.round(-Math.log10(multipleOf));
  return decimals >= 0 && decimals <= 18 && multipleOf === Number(`1e-${decimals}`) ? decimals : undefined;
}

function physicalTypeOf(text: string | undefined): ColumnType | undefined {
  const type = (text ?? '').trim().toUpperCase().replace(/^(?:VARCHAR|CHAR|CHARACTER VARYING|NVARCHAR)(?:\(\d+\))?$/, 'VARCHAR');
  return columnTypeOf(Object.hasOwn(PHYSICAL_ALIASES, type) ? (PHYSICAL_ALIASES[type] ?? type) : type);
}

function dateFormat(property: OdcsProperty, path: YamlPath, report: Report): string | undefined {
  const format = property.logicalTypeOptions?.format;
  if (format === undefined) return undefined;
  const translated = strptimeFormat(format);
  if (translated === undefined) {
    report.invalid([...path, 'logicalTypeOptions', 'format'], `The format ${shownValue(format)} cannot be read.`, 'Use the letters yyyy MM dd HH mm ss SSS a XXX and literal characters, such as dd/MM/yyyy HH:mm.');
  }
  return translated;
}
