import { WeirError, type ContractColumn } from '@weir/core';

/**
 * The contract's column names in the order of a file's header. Columns may stand in any order, but all of them must be there and no others.
 * Throws HEADER_MISMATCH at line 1 of the file.
 */
export function matchHeader(header: readonly string[], columns: readonly ContractColumn[], file: string): string[] {
  const names = new Map(columns.map((column) => [column.physicalName, column.name]));
  const missing = columns.filter((column) => !header.includes(column.physicalName)).map((column) => column.physicalName);
  const strange = header.filter((name) => !names.has(name));
  const twice = header.filter((name, index) => header.indexOf(name) !== index && names.has(name));
  const faults = [...fault('does not have', missing), ...fault('has the unknown', strange), ...fault('has more than once', twice)];
  if (faults.length > 0) throw new WeirError({ code: 'HEADER_MISMATCH', message: `The header ${faults.join(' and ')}.`, place: `${file}:1` });
  return header.map((name) => names.get(name) ?? name);
}

const MAX_SHOWN = 5;

function fault(words: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_SHOWN).map((name) => `\`${name.length > 60 ? `${name.slice(0, 60)}…` : name}\``);
  if (names.length > MAX_SHOWN) shown.push(`${names.length - MAX_SHOWN} more`);
  return [`${words} ${names.length === 1 ? 'column' : 'columns'} ${shown.join(', ')}`];
}
