import type { CheckOutcome, DecodeRule, Severity as CoreSeverity, Verdict as CoreVerdict } from '@weir/core';
import { RuleOutcome, Severity, Verdict, type CheckResult } from '@weir/rpc';

const VERDICTS: Record<CoreVerdict, Verdict> = { passed: Verdict.PASSED, warning: Verdict.WARNING, failed: Verdict.FAILED };
const SEVERITIES: Record<CoreSeverity, Severity> = { info: Severity.INFO, warning: Severity.WARNING, critical: Severity.CRITICAL };
/** What freezes ends the run before its rules are counted. */
const OUTCOMES: Record<DecodeRule['outcome'], RuleOutcome> = { note: RuleOutcome.NOTE, discard: RuleOutcome.DISCARD, quarantine: RuleOutcome.QUARANTINE, freeze: RuleOutcome.UNSPECIFIED };

/** A verdict as it travels. */
export function toVerdict(verdict: CoreVerdict): Verdict {
  return VERDICTS[verdict];
}

/** A severity as it travels. */
export function toSeverity(severity: CoreSeverity): Severity {
  return SEVERITIES[severity];
}

/** What becomes of rows that break a rule, as it travels. */
export function toRuleOutcome(outcome: DecodeRule['outcome']): RuleOutcome {
  return OUTCOMES[outcome];
}

/** The outcome of a check as it travels. */
export function toCheckResult(outcome: CheckOutcome): CheckResult {
  const { check, dataset, measure, type, severity, passed, actual, value, threshold, rows, failed, samples, error = '' } = outcome;
  // JSON, in which results are stored, has no number for what is none.
  const finite = value !== undefined && Number.isFinite(value) ? value : undefined;
  return { check, dataset, measure, checkType: type, severity: toSeverity(severity), passed, actual, value: finite, threshold, rows, failed, samples: [...samples], error };
}
