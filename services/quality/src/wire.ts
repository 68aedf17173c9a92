import type { CheckOutcome, Severity as CoreSeverity, Verdict as CoreVerdict } from '@weir/core';
import { Severity, Verdict, type CheckResult } from '@weir/rpc';

const VERDICTS: Record<CoreVerdict, Verdict> = { passed: Verdict.PASSED, warning: Verdict.WARNING, failed: Verdict.FAILED };
const SEVERITIES: Record<CoreSeverity, Severity> = { info: Severity.INFO, warning: Severity.WARNING, critical: Severity.CRITICAL };

/** A verdict as it travels. */
export function toVerdict(verdict: CoreVerdict): Verdict {
  return VERDICTS[verdict];
}

/** A severity as it travels. */
export function toSeverity(severity: CoreSeverity): Severity {
  return SEVERITIES[severity];
}

/** The outcome of a check as it travels. */
export function toCheckResult(outcome: CheckOutcome): CheckResult {
  const { check, dataset, measure, type, severity, passed, actual, value, threshold, rows, failed, samples, error = '' } = outcome;
  // JSON, in which results are stored, has no number for what is none.
  const finite = value !== undefined && Number.isFinite(value) ? value : undefined;
  return { check, dataset, measure, checkType: type, severity: toSeverity(severity), passed, actual, value: finite, threshold, rows, failed, samples: [...samples], error };
}
