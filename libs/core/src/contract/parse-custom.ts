import { parseInstant } from '../interval/interval';
import { suggest } from '../suggest';
import type { Report } from '../yaml/report';
import { shownValue } from '../yaml/validate-yaml';
import type { YamlPath } from '../yaml/yaml-text';
import { decimalDigits } from './column-type';
import { COMPATIBILITY_MODES, type CompatibilityMode } from './compatibility';
import type { ColumnType, ContractColumn } from './contract';
import { DRIFT_KINDS, DRIFT_POLICIES, type DriftKind, type DriftPolicies, type DriftPolicy } from './drift';
import type { OdcsDataset, OdcsProperty } from './odcs';
import type { ParsedColumn } from './parse-column';

/** A custom property of a dataset or column and where it stands; undefined when it is not there. */
function customOf({ customProperties = [] }: Pick<OdcsDataset, 'customProperties'>, name: string, path: YamlPath): { value: unknown; at: YamlPath } | undefined {
  const index = customProperties.findIndex(({ property }) => property === name);
  return index < 0 ? undefined : { value: customProperties[index]?.value, at: [...path, 'customProperties', index, 'value'] };
}

/** `weirDelete`: boolean SQL that says which rows delete their key; the SQL itself is checked when the contract is compiled. */
export function parseDeletes(dataset: OdcsDataset, path: YamlPath, columns: readonly ParsedColumn[], report: Report): { deletes?: string; deletesPath?: YamlPath } {
  const custom = customOf(dataset, 'weirDelete', path);
  if (!custom) return {};
  const { value, at } = custom;
  if (typeof value !== 'string' || value.trim() === '') {
    report.invalid(at, `\`weirDelete\` cannot be ${shownValue(value)}.`, "Write a condition on the row, such as op = 'd'.");
    return {};
  }
  if (!columns.some(({ keyPosition }) => keyPosition !== undefined)) {
    report.invalid(at, `A row can only delete its key, and \`${dataset.name}\` has none.`, 'Set `primaryKey: true` on the key columns.');
  }
  return { deletes: value, deletesPath: at };
}

/** `weirDrift`: what is done where data is not as the contract says; one policy for all kinds of it, or one for each. */
export function parseDrift(dataset: OdcsDataset, path: YamlPath, report: Report): { drift?: Partial<DriftPolicies> } {
  const custom = customOf(dataset, 'weirDrift', path);
  if (!custom) return {};
  const { value, at } = custom;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const policy = policyOf(value, '`weirDrift`', at, report);
    return policy ? { drift: Object.fromEntries(DRIFT_KINDS.map((kind) => [kind, policy])) } : {};
  }
  const drift: Partial<Record<DriftKind, DriftPolicy>> = {};
  for (const [name, text] of Object.entries(value)) {
    const kind = DRIFT_KINDS.find((one) => one === name);
    if (!kind) report.add('UNKNOWN_KEY', [...at, name], `\`${name}\` is no kind of drift.`, suggest(name, DRIFT_KINDS));
    const policy = kind && policyOf(text, `\`weirDrift\` for ${kind}`, [...at, name], report);
    if (kind && policy) drift[kind] = policy;
  }
  return { drift };
}

function policyOf(value: unknown, subject: string, at: YamlPath, report: Report): DriftPolicy | undefined {
  const policy = DRIFT_POLICIES.find((one) => one === value);
  if (!policy) report.invalid(at, `${subject} cannot be ${shownValue(value)}.`, suggest(typeof value === 'string' ? value : '', DRIFT_POLICIES));
  return policy;
}

/** `weirCompatibility`: the earlier versions that a new one must agree with. */
export function parseCompatibility(dataset: OdcsDataset, path: YamlPath, report: Report): { compatibility?: CompatibilityMode } {
  const custom = customOf(dataset, 'weirCompatibility', path);
  if (!custom) return {};
  const mode = COMPATIBILITY_MODES.find((one) => one === custom.value);
  if (mode) return { compatibility: mode };
  report.invalid(custom.at, `\`weirCompatibility\` cannot be ${shownValue(custom.value)}.`, suggest(typeof custom.value === 'string' ? custom.value.toUpperCase() : '', COMPATIBILITY_MODES));
  return {};
}

/** `weirDefault` of a column: what a row has where the data lacks the column. */
export function parseDefault(property: OdcsProperty, type: ColumnType | undefined, path: YamlPath, report: Report): ContractColumn['default'] {
  const custom = customOf(property, 'weirDefault', path);
  if (!custom) return undefined;
  const { value, at } = custom;
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (scalar && (type === undefined || isOfType(value, type))) return value;
  report.invalid(at, `\`weirDefault\` of ${property.name} cannot be ${shownValue(value)}${type === undefined ? '' : `: the column is ${type}`}.`, 'Write one value of the type of the column: dates and times as ISO 8601 in quotes, no null.');
  return undefined;
}

function isOfType(value: string | number | boolean, type: ColumnType): boolean {
  switch (type) {
    case 'VARCHAR':
      return typeof value === 'string';
    case 'BOOLEAN':
      return typeof value === 'boolean';
    case 'BIGINT':
      return Number.isSafeInteger(value);
    case 'DOUBLE':
      return Number.isFinite(value);
    case 'DATE':
    case 'TIMESTAMP':
      return typeof value === 'string' && isInstant(value);
    default:
      return isDecimal(value, type);
  }
}

function isInstant(text: string): boolean {
  try {
    parseInstant(text);
    return true;
  } catch {
    return false;
  }
}

/** Numbers of more digits than a double has are written as text. */
function isDecimal(value: string | number | boolean, type: ColumnType): boolean {
  const room = decimalDigits(type);
  const [, whole = '', decimals = ''] = /^-?0*(\d*)(?:\.(\d*?)0*)?$/.exec(String(value)) ?? [];
  return room !== undefined && typeof value !== 'boolean' && /\d/.test(String(value)) && /^-?\d+(\.\d+)?$/.test(String(value)) && whole.length <= room.whole && decimals.length <= room.decimals;
}
