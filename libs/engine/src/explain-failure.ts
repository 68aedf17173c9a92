import { isWeirError, WeirError } from '@weir/core';
import { ofModel } from './model-error';
import type { BatchPlan } from './plan-batch';
import type { WarmStatement } from './warm-engine';
import type { WarmEngines } from './warm-engines';

/** A batch on which the statement of all models failed. */
export interface FailedBatch {
  readonly pipeline: string;
  readonly plan: BatchPlan;
  /** NDJSON. */
  readonly data: Uint8Array;
  readonly error: WeirError;
}

/** Runs a statement in the engine of the batch's pipeline. */
export type RunStatement = (statement: WarmStatement, data: Uint8Array) => ReturnType<WarmEngines['rows']>;

/**
 * Which model failed, and on which row: the last of the fewest models that fail together, with the position of the first row that they fail on as a sample.
 * It runs the models again, a score of times for a batch of 10,000 rows. INVALID_VALUE for a batch that cannot even be read.
 */
export async function explainFailure({ pipeline, plan, data, error }: FailedBatch, run: RunStatement): Promise<WeirError> {
  const failure = (statement: WarmStatement, rows: Uint8Array): Promise<WeirError | undefined> => failureOf(run(statement, rows));
  if (await failure(plan.read, data)) return new WeirError({ code: 'INVALID_VALUE', message: 'The batch cannot be read.', fix: 'Give the rows that ValidateBatch admitted, as they are.', stage: 'transform' });
  for (const [n, { model }] of plan.tables.entries()) {
    const statement = plan.statement(n + 1);
    const failed = await failure(statement, data);
    if (!failed) continue;
    const row = await failingRow(data, async (rows) => (await failure(statement, rows)) !== undefined);
    const position = row[plan.columns.indexOf('_weir_position')] ?? '';
    return ofModel(failed, { pipeline, model, inputs: plan.inputs, samples: [`${position}: ${model.zone}.${model.name}`] });
  }
  return error;
}

async function failureOf(run: Promise<unknown>): Promise<WeirError | undefined> {
  try {
    await run;
    return undefined;
  } catch (error) {
    if (isWeirError(error) && error.code === 'MODEL_FAILED') return error;
    throw error;
  }
}

/** Row models fail row by row, so that halving finds the first one; gives its values, in the order of the batch's columns. */
async function failingRow(data: Uint8Array, fails: (rows: Uint8Array) => Promise<boolean>): Promise<readonly (string | null)[]> {
  let lines = Buffer.from(data).toString().split('\n');
  while (lines.length > 1) {
    const half = lines.slice(0, Math.ceil(lines.length / 2));
    lines = (await fails(Buffer.from(half.join('\n')))) ? half : lines.slice(half.length);
  }
  return JSON.parse(lines[0] ?? '') as (string | null)[];
}
