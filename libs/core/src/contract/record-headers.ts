import type { ContractColumn, ContractDataset } from './contract';

/** The field of a record's JSON in which decoding finds the record's headers; quality puts it there for the headers that a contract names. */
export const HEADERS = '$headers';

/** The header of a record that a column is read from, such as ce_id of `$headers.ce_id`; undefined for columns of values. */
export function recordHeader({ physicalName }: Pick<ContractColumn, 'physicalName'>): string | undefined {
  return physicalName.startsWith(`${HEADERS}.`) ? physicalName.slice(HEADERS.length + 1) : undefined;
}

/** The headers that columns of a dataset are read from. */
export function headerNames({ columns }: Pick<ContractDataset, 'columns'>): ReadonlySet<string> {
  return new Set(columns.flatMap((column) => recordHeader(column) ?? []));
}
