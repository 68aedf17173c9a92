import type { Check, RowRule } from '../check/check';
import type { CompatibilityMode } from './compatibility';
import type { DriftPolicies } from './drift';

/** Types a column can have: the engine's names, the only ones that cross between contract, models and destinations. */
export type ColumnType =
  | 'VARCHAR'
  | 'BOOLEAN'
  | 'BIGINT'
  | 'DOUBLE'
  | `DECIMAL(${number},${number})`
  | 'DATE'
  | 'TIMESTAMP';

/** A column of the source dataset as the contract declares it. */
export interface ContractColumn {
  readonly name: string;
  /** Its header in the file. */
  readonly physicalName: string;
  readonly type: ColumnType;
  readonly required: boolean;
  /** Position in the primary key from 1; undefined when it is no part of it. */
  readonly keyPosition?: number | undefined;
  /** strptime format where the file does not write ISO 8601. */
  readonly format?: string | undefined;
  /** Its values are JSON arrays: `array` and `vector` of the standard. */
  readonly isArray?: true | undefined;
  /** What a row has in it where the data lacks the column; undefined where the contract states none. Dates and times as ISO 8601 text. */
  readonly default?: string | number | boolean | undefined;
}

/** How the winner among rows of one key is found; meaningless without a key. */
export type RowOrder = { readonly by: 'sequence'; readonly column: string } | { readonly by: 'arrival' } | { readonly by: 'immutable' };

/** One dataset's part of a data contract. */
export interface ContractDataset {
  readonly name: string;
  readonly columns: readonly ContractColumn[];
  readonly rules: readonly RowRule[];
  readonly checks: readonly Check[];
  readonly order: RowOrder;
  /** Boolean SQL over the row's columns that is true where a row deletes its key; undefined when rows only ever add and change. */
  readonly deletes?: string | undefined;
  /** What is done where data is not as the contract says; what is not there is as DEFAULT_DRIFT says. */
  readonly drift?: Partial<DriftPolicies> | undefined;
  /** What empty text is in columns of text: null, or, with `keep`, itself. Its source says that, not the contract: see sourceDataset. */
  readonly emptyText?: 'keep' | undefined;
  /** Which earlier versions a new one must agree with, and which way; undefined is DEFAULT_COMPATIBILITY. */
  readonly compatibility?: CompatibilityMode | undefined;
}

/** A data contract (ODCS v3.0 to v3.2): the source dataset first, and checks for models. */
export interface Contract {
  readonly id: string;
  readonly version: string;
  readonly datasets: readonly ContractDataset[];
}
