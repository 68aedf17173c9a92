import type { ColumnType } from '../../contract/contract';

/** What one column of a dataset holds. */
export interface ColumnProfile {
  readonly name: string;
  readonly type: ColumnType;
  readonly nulls: number;
  /** Different values; exact where `values` lists them, estimated otherwise. */
  readonly distinct: number;
  /** Least and greatest value as text, of numbers that are finite, dates and times. */
  readonly min?: string | undefined;
  readonly max?: string | undefined;
  /** Of numbers: the finite values that 1 % and 99 % of the values do not exceed. */
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  /** Characters of the shortest and the longest text. */
  readonly shortest?: number | undefined;
  readonly longest?: number | undefined;
  /** Values that look like e-mail addresses, where the name of the column speaks of them. */
  readonly emails?: number | undefined;
  /** All values in order, where a text column has few of them. */
  readonly values?: readonly string[] | undefined;
}

/** How old the newest value of a time column was when each grain ended. */
export interface AgeProfile {
  readonly column: string;
  /** Seconds, of the grain in which it was oldest. */
  readonly oldest: number;
  readonly grains: number;
}

/** What a dataset holds. The same rows give the same profile, in whatever order they stand. */
export interface DatasetProfile {
  readonly rows: number;
  /** Rows that quantiles were taken of. */
  readonly sampled: number;
  readonly columns: readonly ColumnProfile[];
  readonly age?: AgeProfile | undefined;
}
