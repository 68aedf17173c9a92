import type { ContractColumn, ContractDataset } from './contract';

/*
 * What decoding reads: relations with the contract's columns as text, NEW_COLUMNS, a flag for each column whose absence means something, and for records POISON and TOMBSTONE.
 * plan/file-texts.ts and plan/record-texts.ts make them.
 */

/** VARCHAR: JSON object of the columns that the contract does not name, by name; null where there are none. */
export const NEW_COLUMNS = '_weir_new';
/** VARCHAR: why a record has no values at all, one of POISON_REASONS; null for records that have. Of relations of records only. */
export const POISON = '_weir_poison';
/** BOOLEAN: whether a record has a key and no value, which deletes the key. Of relations of records only. */
export const TOMBSTONE = '_weir_tombstone';

/** BOOLEAN: whether a row lacks a column. */
export function missingFlag({ columns }: ContractDataset, column: ContractColumn): string {
  return `_weir_missing_${columns.findIndex(({ name }) => name === column.name)}`;
}
