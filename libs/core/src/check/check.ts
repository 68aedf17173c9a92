import type { Measure } from './measure';

/** What a failed check does: critical fails the run, warning publishes with a flag, info is recorded. */
export type Severity = 'info' | 'warning' | 'critical';

/** The data quality dimensions; ODCS `dimension` gives them. */
export type CheckType = 'completeness' | 'accuracy' | 'consistency' | 'timeliness' | 'uniqueness' | 'conformity' | 'coverage';

export type Verdict = 'passed' | 'warning' | 'failed';

/** A rule that acts on the row: critical sends it to quarantine, warning and info are counted. */
export interface RowRule {
  /** Stable id that quarantine shows, such as `unit_price_not_negative`. */
  readonly id: string;
  readonly severity: Severity;
  readonly type: CheckType;
  /** Boolean SQL over the row's columns; the row passes when it is true, and also when it is null (SQL CHECK semantics). */
  readonly predicate: string;
  /** What the rule says, for people. */
  readonly description: string;
}

/** What a number counts: rows, percent of them, seconds of an age, seconds since 1970 of an instant (`instant`), or something of its own (`value`). */
export type Unit = 'rows' | 'percent' | 'seconds' | 'instant' | 'value';

/** Bounds on a measured number; all given ones must hold. */
export interface Threshold {
  readonly equal?: number | undefined;
  readonly notEqual?: number | undefined;
  readonly greaterThan?: number | undefined;
  readonly atLeast?: number | undefined;
  readonly lessThan?: number | undefined;
  readonly atMost?: number | undefined;
  readonly between?: readonly [number, number] | undefined;
  readonly notBetween?: readonly [number, number] | undefined;
  readonly unit: Unit;
  /** What `percent` is of: all rows, or only those that have the values which the check looks at. */
  readonly of?: 'values' | undefined;
}

/** A rule that acts on the verdict of a dataset. */
export interface Check {
  /** Stable id within the contract, such as `orders.customer_id.nullValues`. */
  readonly id: string;
  readonly severity: Severity;
  readonly type: CheckType;
  readonly measure: Measure;
  readonly threshold: Threshold;
}

/** The outcome of one check. */
export interface CheckOutcome {
  readonly check: string;
  readonly dataset: string;
  /** The kind of its measure, such as `range`. */
  readonly measure: string;
  readonly type: CheckType;
  readonly severity: Severity;
  readonly passed: boolean;
  /** For people, such as `24.9 %`. */
  readonly actual: string;
  /** What was held against the threshold, in its unit; undefined where nothing was measured. */
  readonly value?: number | undefined;
  readonly threshold: string;
  /** Rows that were measured. */
  readonly rows?: number | undefined;
  /** Of them, those that fail; undefined where the check does not look at rows one by one. */
  readonly failed?: number | undefined;
  /** Keys or places of failing rows, five at most, each cut to 100 characters. */
  readonly samples: readonly string[];
  readonly error?: string | undefined;
}
