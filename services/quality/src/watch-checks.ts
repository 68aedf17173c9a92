import type { ValidatedBatch, WeirError } from '@weir/core';
import { setCheckPassed } from '@weir/platform';
import type { BatchPlan } from './batch-plans';
import type { Dependencies } from './dependencies';
import type { CheckChange } from './rolling-checks';

/** Counts a micro-batch towards the checks of the last minute. A check that begins to fail, or passes again, is one line of the log; the gauge says how each stands. */
export function watchChecks({ checks, log }: Pick<Dependencies, 'checks' | 'log'>, pipeline: string, contractVersion: string, { plan, source }: BatchPlan, { measures }: ValidatedBatch): void {
  if (plan.checks.length === 0) return;
  const [rows = 0, ...numbers] = JSON.parse(measures) as number[];
  const counts = plan.checks.map((_, n): [number, number] => [numbers[2 * n] ?? 0, numbers[2 * n + 1] ?? 0]);
  const { outcomes, changes } = checks.add({ pipeline, contractVersion, dataset: `bronze.${source.dataset}`, checks: plan.checks, rows, counts });
  for (const { check, passed } of outcomes) setCheckPassed({ pipeline, check }, passed);
  for (const change of changes) tell(log, change);
}

function tell(log: Dependencies['log'], { pipeline, check, actual, threshold, rows, passed, severity }: CheckChange): void {
  const line = { pipeline, check, actual, threshold, rows };
  if (passed) log.info(line, 'A check over the last minute passes again.');
  else if (severity === 'critical') log.error(line, 'A critical check over the last minute fails.');
  else log.warn(line, 'A check over the last minute fails.');
}

/** Tells of a check that the engine cannot measure, such as one whose SQL casts what is no number: the stream goes on without it. */
export function tellUnmeasured(log: Dependencies['log'], pipeline: string, { id }: { readonly id: string }, { code, message }: WeirError): void {
  setCheckPassed({ pipeline, check: id }, false);
  log.error({ pipeline, check: id, code, reason: message }, 'A check of a stream cannot be measured; it goes on without it.');
}
