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
  /** `percent`: the measured rows as a share of all rows, times 100. */
  readonly unit: 'rows' | 'percent';
}

/** What a dataset check measures. */
export type Measure =
  | { readonly kind: 'nullValues'; readonly column: string }
  | { readonly kind: 'missingValues'; readonly column: string; readonly missing: readonly string[] }
  | { readonly kind: 'invalidValues'; readonly column: string; readonly validValues?: readonly string[] | undefined; readonly pattern?: string | undefined }
  | { readonly kind: 'duplicateValues'; readonly columns: readonly string[] }
  | { readonly kind: 'rowCount' }
  /** One SELECT over `${dataset}` that gives one number. */
  | { readonly kind: 'sql'; readonly query: string };

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
  readonly type: CheckType;
  readonly severity: Severity;
  readonly passed: boolean;
  readonly actual: string;
  readonly threshold: string;
  readonly error?: string | undefined;
}
