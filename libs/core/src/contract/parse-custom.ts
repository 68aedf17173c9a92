import type { Report } from '../yaml/report';
import { shownValue } from '../yaml/validate-yaml';
import type { YamlPath } from '../yaml/yaml-text';
import type { OdcsDataset } from './odcs';
import type { ParsedColumn } from './parse-column';

/** A custom property of a dataset and where it stands; undefined when it is not there. */
function customOf(dataset: OdcsDataset, name: string, path: YamlPath): { value: unknown; at: YamlPath } | undefined {
  const index = (dataset.customProperties ?? []).findIndex(({ property }) => property === name);
  return index < 0 ? undefined : { value: dataset.customProperties?.[index]?.value, at: [...path, 'customProperties', index, 'value'] };
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

/** `weirExtraFields`: what a record with a field that the contract does not name is. */
export function parseExtraFields(dataset: OdcsDataset, path: YamlPath, report: Report): { extraFields?: 'quarantine' } {
  const custom = customOf(dataset, 'weirExtraFields', path);
  if (!custom || custom.value === 'ignore') return {};
  if (custom.value === 'quarantine') return { extraFields: 'quarantine' };
  report.invalid(custom.at, `\`weirExtraFields\` cannot be ${shownValue(custom.value)}.`, 'Use ignore or quarantine.');
  return {};
}
