import { driftPolicies, missingOutcome, newColumnOutcome, type ContractColumn, type ContractDataset } from '@weir/core';
import type { SourceFinding } from '@weir/rpc';
import { right, wrong } from './finding';

/** The columns that data has. */
export interface SeenColumns {
  /** In their order; of records the fields at the top of any of them. */
  readonly names: readonly string[];
  /** Of records whether any of them has what a path such as `$.customer.id` leads to; a column of a file has its name. */
  readonly has: (physicalName: string) => boolean;
  /** How many records were looked at; undefined of files, whose columns are those of all rows. */
  readonly records: number | undefined;
  /** Where they were seen. */
  readonly place: string;
}

/** Columns that are told of one by one. */
const MOST_SHOWN = 20;
const LONGEST_NAME = 60;

/** How the columns fit the contract: one finding for all, and one for each that is missing, new, or there twice, by what the contract says of drift. */
export function columnFindings(dataset: ContractDataset, seen: SeenColumns): SourceFinding[] {
  const { columns } = dataset;
  const missing = columns.filter(({ physicalName }) => !seen.has(physicalName));
  const fits = columns.length - missing.length;
  const of = seen.records === undefined ? seen.place : `the first ${seen.records} ${seen.records === 1 ? 'record' : 'records'} of ${seen.place}`;
  const names = new Set(columns.map(({ physicalName }) => firstStep(physicalName)));
  if (fits === 0) {
    return [wrong('columns', { code: 'HEADER_MISMATCH', told: `None of the ${columns.length} columns of the contract is in ${of}, which has ${shown(seen.names)}.`, fix: 'Correct `physicalName` of the columns in the contract, or how the source says that it is written.', place: seen.place })];
  }
  const odd = [
    ...missing.flatMap((column) => missingFinding(column, dataset, seen)),
    ...[...new Set(seen.names)].filter((name) => !names.has(name)).map((name) => newFinding(name, dataset, seen.place)),
    ...repeated(seen).filter((name) => names.has(name)).map((name) => wrong(`column ${cut(name)}`, { code: 'HEADER_MISMATCH', told: 'The header has it more than once: a run refuses the file.', fix: 'Rename one of the two columns in the file.', place: seen.place })),
  ];
  // What is wrong is told first, and always.
  const told = odd.sort((a, b) => Number(a.right) - Number(b.right)).slice(0, MOST_SHOWN);
  const rest = odd.length > told.length ? ` ${odd.length - told.length} more are not shown.` : '';
  return [right('columns', `${fits === columns.length ? `All ${fits}` : `${fits} of the ${columns.length}`} columns of the contract are in ${of}.${rest}`, { place: seen.place }), ...told];
}

function missingFinding(column: ContractColumn, dataset: ContractDataset, { records, place }: SeenColumns): SourceFinding[] {
  const what = `column ${cut(column.physicalName)}`;
  const { missingColumn, nullability } = driftPolicies(dataset);
  const outcome = missingOutcome(column, dataset, { records: records !== undefined });
  const policy = `\`missingColumn: ${missingColumn}\`, \`nullability: ${nullability}\``;
  const fix = 'Have the source send it, correct its `physicalName`, or give it a `weirDefault` or no `required` in the contract.';
  switch (outcome) {
    case 'refuse':
      return [wrong(what, { code: 'HEADER_MISMATCH', told: 'It is missing, and nothing can stand in its place: a run refuses the file.', fix, place })];
    case 'freeze':
      return [wrong(what, { code: 'CONTRACT_FROZEN', told: `It is missing: a run stops (${policy}).`, fix, place })];
    case 'discard':
      return [wrong(what, { code: 'HEADER_MISMATCH', told: `It is missing: rows without it are left out (${policy}).`, fix, place })];
    case 'quarantine':
      return [wrong(what, { code: 'HEADER_MISMATCH', told: `It is missing: rows without it go to quarantine (${policy}).`, fix, place })];
    default:
      return [right(what, `It is missing: ${column.default === undefined ? 'rows have null in it' : `rows have ${JSON.stringify(column.default)} in it`}.`, { place })];
  }
}

function newFinding(name: string, dataset: ContractDataset, place: string): SourceFinding {
  const what = `column ${cut(name)}`;
  const { newColumn } = driftPolicies(dataset);
  const policy = `\`newColumn: ${newColumn}\``;
  const fix = 'Add it to the contract, or state another `weirDrift`.';
  switch (newColumnOutcome(driftPolicies(dataset))) {
    case 'freeze':
      return wrong(what, { code: 'CONTRACT_FROZEN', told: `It is not in the contract: a run stops (${policy}).`, fix, place });
    case 'discard':
      return wrong(what, { code: 'HEADER_MISMATCH', told: `It is not in the contract: rows with it are left out (${policy}).`, fix, place });
    case 'quarantine':
      return wrong(what, { code: 'HEADER_MISMATCH', told: `It is not in the contract: rows with it go to quarantine (${policy}).`, fix, place });
    default:
      return right(what, `It is not in the contract: ${newColumn === 'evolve' ? 'rows keep it aside' : 'it is left out'} (${policy}).`, { place });
  }
}

function repeated({ names, records }: SeenColumns): string[] {
  return records === undefined ? [...new Set(names.filter((name, at) => names.indexOf(name) < at))] : [];
}

/** The field at the top that a path of JSON begins with. */
function firstStep(physicalName: string): string {
  return physicalName.startsWith('$.') ? (physicalName.slice(2).split('.')[0] ?? '') : physicalName;
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, 5).map((name) => `\`${cut(name)}\``);
  return `${first.join(', ')}${names.length > first.length ? ` and ${names.length - first.length} more` : ''}`;
}

function cut(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
