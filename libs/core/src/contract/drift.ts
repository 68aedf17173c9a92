import type { ContractColumn, ContractDataset } from './contract';

/** How data can come to differ from its contract: a column that the contract does not name, one that is missing, a value of another type, a null where there must be none. */
export const DRIFT_KINDS = ['newColumn', 'missingColumn', 'changedType', 'nullability'] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/**
 * What is done about it:
 * - `evolve`: the row goes on with what it has; what the contract has no place for is kept aside;
 * - `freeze`: the run or stream stops, and nothing is published;
 * - `discard_row`: the row is left out, and counted as filtered;
 * - `discard_value`: the value is left out, as if its column were missing;
 * - `quarantine`: the row goes to quarantine.
 */
export const DRIFT_POLICIES = ['evolve', 'freeze', 'discard_row', 'discard_value', 'quarantine'] as const;
export type DriftPolicy = (typeof DRIFT_POLICIES)[number];

export type DriftPolicies = Readonly<Record<DriftKind, DriftPolicy>>;

/** What a contract says that says nothing of it: nothing is lost, and nothing wrong is let through. */
export const DEFAULT_DRIFT: DriftPolicies = { newColumn: 'evolve', missingColumn: 'evolve', changedType: 'quarantine', nullability: 'quarantine' };

/** The policies of a dataset. */
export function driftPolicies({ drift }: Pick<ContractDataset, 'drift'>): DriftPolicies {
  return { ...DEFAULT_DRIFT, ...drift };
}

/** What becomes of a row: it goes to quarantine, ends the run, is left out, or goes on and is counted. */
export type Outcome = 'quarantine' | 'freeze' | 'discard' | 'note';

/** What becomes of rows whose value of one column is not as the contract says. */
export interface ColumnDrift {
  /** Undefined: rows may lack the column, and nobody counts them. */
  readonly missing: Outcome | undefined;
  readonly mistyped: Outcome;
  /** Undefined: null is a value like others. */
  readonly empty: Outcome | undefined;
  /** Whether the column has the contract's default where it is missing, of another type, or null. */
  readonly defaultsFor: { readonly missing: boolean; readonly mistyped: boolean; readonly empty: boolean };
}

const DIRECT: Readonly<Partial<Record<DriftPolicy, Outcome>>> = { freeze: 'freeze', discard_row: 'discard', quarantine: 'quarantine' };

/**
 * The policies as they meet one column. `evolve` and `discard_value` let a row go on only with what the contract states: its default, or null where the column may be null; where it states neither, what is
 * said of nulls decides. A key is never null, and has no default: rows without it could not be told apart. `records`: a record may leave out a column that may be null, a file has it or has it not.
 */
export function columnDrift(column: ContractColumn, policies: DriftPolicies, { records }: { readonly records: boolean }): ColumnDrift {
  const inKey = column.keyPosition !== undefined;
  const required = column.required || inKey;
  const hasDefault = column.default !== undefined && !inKey;
  const nullable = DIRECT[policies.nullability] ?? (inKey ? 'quarantine' : policies.nullability === 'evolve' || hasDefault ? 'note' : 'quarantine');
  const goesOn = hasDefault || !required ? 'note' : nullable;
  const absent = records && !hasDefault && !required ? undefined : goesOn;
  const insteadOfNull = hasDefault && required && policies.nullability === 'discard_value';
  return {
    missing: DIRECT[policies.missingColumn] ?? absent,
    mistyped: DIRECT[policies.changedType] ?? (policies.changedType === 'discard_value' ? goesOn : required ? nullable : 'note'),
    empty: required ? nullable : undefined,
    defaultsFor: { missing: hasDefault, mistyped: hasDefault && (policies.changedType === 'discard_value' || (policies.changedType === 'evolve' && insteadOfNull)), empty: insteadOfNull },
  };
}

/** What becomes of rows with a column that the contract does not name. */
export function newColumnOutcome({ newColumn }: DriftPolicies): Outcome {
  return DIRECT[newColumn] ?? 'note';
}

/**
 * What becomes of data that lacks a column: of its rows, or of the file as a whole (`refuse`). A file is refused where no policy of missing columns says what becomes of its rows, and there is neither a default nor null
 * to go on with: what is said of nulls decides of single rows, and would leave out or set aside all of them, in silence. Undefined: rows may lack it.
 */
export function missingOutcome(column: ContractColumn, dataset: Pick<ContractDataset, 'drift'>, { records }: { readonly records: boolean }): Outcome | 'refuse' | undefined {
  const policies = driftPolicies(dataset);
  const { missing } = columnDrift(column, policies, { records });
  const unsaid = policies.missingColumn === 'evolve' || policies.missingColumn === 'discard_value';
  return !records && unsaid && missing !== 'note' ? 'refuse' : missing;
}
