import { WeirError, type CheckOutcome } from '@weir/core';

const MOST_SAMPLES = 5;

/** The CHECK_FAILED error for outcomes whose verdict is failed, with rows that made critical checks fail, five at most. */
export function checkFailure(outcomes: readonly CheckOutcome[], stage: string): WeirError {
  const failed = outcomes.filter((outcome) => !outcome.passed && outcome.severity === 'critical');
  const [first] = failed;
  const samples = failed.flatMap(({ check, samples: rows }) => rows.map((row) => `${row}: ${check}`)).slice(0, MOST_SAMPLES);
  const what = first && (first.error ? `${first.check} could not be measured: ${first.error}` : `${first.check} is ${first.actual}, not ${first.threshold}`);
  const rest = failed.length > 1 ? `, and ${failed.length - 1} more` : '';
  return new WeirError({
    code: 'CHECK_FAILED',
    stage,
    place: first?.dataset,
    message: `${failed.length} critical ${failed.length === 1 ? 'check' : 'checks'} of ${outcomes.length} failed: ${what}${rest}.`,
    samples: samples.length > 0 ? samples : failed.slice(0, MOST_SAMPLES).map((outcome) => `${outcome.check}: ${outcome.error ?? `${outcome.actual}, not ${outcome.threshold}`}`),
  });
}
