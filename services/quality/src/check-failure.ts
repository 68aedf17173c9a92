import { WeirError, type CheckOutcome } from '@weir/core';

/** The CHECK_FAILED error for outcomes whose verdict is failed. */
export function checkFailure(outcomes: readonly CheckOutcome[], samples: readonly string[], stage: string): WeirError {
  const failed = outcomes.filter((outcome) => !outcome.passed && outcome.severity === 'critical');
  const [first] = failed;
  const what = first && (first.error ? `${first.check} could not be measured: ${first.error}` : `${first.check} is ${first.actual}, not ${first.threshold}`);
  const rest = failed.length > 1 ? `, and ${failed.length - 1} more` : '';
  return new WeirError({
    code: 'CHECK_FAILED',
    stage,
    place: first?.dataset,
    message: `${failed.length} critical ${failed.length === 1 ? 'check' : 'checks'} of ${outcomes.length} failed: ${what}${rest}.`,
    samples: samples.length > 0 ? samples : failed.map((outcome) => `${outcome.check}: ${outcome.error ?? `${outcome.actual}, not ${outcome.threshold}`}`),
  });
}
