import { driftPolicies, missingOutcome, type ContractDataset, type FileColumn, WeirError } from '@weir/core';

/**
 * The columns of a file in the order of its header, each of the contract or one that the contract does not name. Columns may stand in any order.
 * Throws HEADER_MISMATCH at line 1 of the file where it has a column of the contract twice, none at all, or lacks one for which the contract states nothing that could stand there;
 * CONTRACT_FROZEN where the contract is frozen for columns that are new or missing.
 */
export function matchHeader(header: readonly string[], dataset: ContractDataset, file: string): FileColumn[] {
  const names = new Map(dataset.columns.map((column) => [column.physicalName, column.name]));
  const missing = dataset.columns.filter(({ physicalName }) => !header.includes(physicalName));
  const fresh = header.filter((name) => !names.has(name));
  const twice = header.filter((name, index) => header.indexOf(name) !== index && names.has(name));
  const nothing = missing.length === dataset.columns.length;
  const lacking = nothing ? missing : missing.filter((column) => missingOutcome(column, dataset, { records: false }) === 'refuse');
  const faults = [...fault('does not have', lacking.map(({ physicalName }) => physicalName)), ...(nothing || lacking.length > 0 ? fault('has the unknown', fresh) : []), ...fault('has more than once', twice)];
  const place = `${file}:1`;
  if (faults.length > 0) throw new WeirError({ code: 'HEADER_MISMATCH', message: `The header ${faults.join(' and ')}.`, place });
  const { newColumn, missingColumn } = driftPolicies(dataset);
  const frozen = [...(missingColumn === 'freeze' ? fault('does not have', missing.map(({ physicalName }) => physicalName)) : []), ...(newColumn === 'freeze' ? fault('has the new', fresh) : [])];
  if (frozen.length > 0) throw new WeirError({ code: 'CONTRACT_FROZEN', message: `The header ${frozen.join(' and ')}, and the contract of ${dataset.name} is frozen for that.`, place });
  return labelled(header).map((label, at) => {
    const name = names.get(header[at] ?? '');
    return name === undefined ? { unknown: label } : { name };
  });
}

/** The names of columns for people, each once: one without a name goes by its place, one that is there again by a number. */
function labelled(header: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return header.map((name, at) => {
    const label = name === '' ? `column ${at + 1}` : name;
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    return count === 1 ? label : `${label} (${count})`;
  });
}

const MAX_SHOWN = 5;

function fault(words: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const shown = names.slice(0, MAX_SHOWN).map((name) => `\`${name.length > 60 ? `${name.slice(0, 60)}…` : name}\``);
  if (names.length > MAX_SHOWN) shown.push(`${names.length - MAX_SHOWN} more`);
  return [`${words} ${names.length === 1 ? 'column' : 'columns'} ${shown.join(', ')}`];
}
