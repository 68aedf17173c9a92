import { toWeirError } from '@weir/core';
import { countError, countQuarantined, countRecords, observeProcessing } from '@weir/platform';
import { Severity, type Accounts, type RuleCount } from '@weir/rpc';

const STAGE = 'validate';

/** What a validation came to. */
interface Outcome {
  readonly accounts?: Accounts | undefined;
  readonly rules: readonly RuleCount[];
  /** Whether the stream of the pipeline has counted these records: its archive is validated again. */
  readonly counted?: boolean;
}

/** Runs a validation and counts what came of it: records by status, quarantined ones by rule, its time, its failure. Rules are those of the contract, so that they are not without number. */
export async function measured<T extends Outcome>(pipeline: string, body: () => Promise<T>): Promise<T> {
  const started = performance.now();
  try {
    const outcome = await body();
    if (outcome.counted) return outcome;
    for (const status of ['admitted', 'duplicate', 'quarantined'] as const) countRecords({ pipeline, stage: STAGE, status }, outcome.accounts?.[status] ?? 0);
    for (const { rule, rows, severity } of outcome.rules) if (severity === Severity.CRITICAL) countQuarantined({ pipeline, rule }, rows);
    return outcome;
  } catch (error) {
    countError({ pipeline, code: toWeirError(error).code });
    throw error;
  } finally {
    observeProcessing({ pipeline, stage: STAGE }, performance.now() - started);
  }
}
