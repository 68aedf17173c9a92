import type { CheckOutcome, Verdict } from './check';

/** A critical check that fails ends a run, a warning flags it, info is only recorded. */
export function verdict(outcomes: readonly CheckOutcome[]): Verdict {
  const failed = outcomes.filter((outcome) => !outcome.passed);
  if (failed.some((outcome) => outcome.severity === 'critical')) return 'failed';
  return failed.some((outcome) => outcome.severity === 'warning') ? 'warning' : 'passed';
}

/** Percent of checks that passed; undefined when there are none, because nothing was judged. */
export function score(outcomes: readonly Pick<CheckOutcome, 'passed'>[]): number | undefined {
  if (outcomes.length === 0) return undefined;
  return (outcomes.filter((outcome) => outcome.passed).length / outcomes.length) * 100;
}
