import { WeirError, formatInterval } from '@weir/core';
import type { HandInput, HandWord, PipelineRunInput, RunProgress } from '@weir/orchestrator';
import { RunKind, RunStatus, type Run } from '@weir/rpc';
import type { FoundRun } from './run-find';
import { statusWord } from './run-words';
import { update, type Temporal } from './temporal';
import { isNotOpen } from './temporal-failure';

/** Stages that a run may be repeated from. */
export const RETRY_STAGES = ['extract', 'validate', 'load'] as const;
export type RetryStage = (typeof RETRY_STAGES)[number];

/** Puts a hand on an open run and gives where it then stands. Throws NOT_POSSIBLE when it has ended or its state does not allow it. */
export async function layHand(temporal: Temporal, run: FoundRun, word: HandWord, input: HandInput): Promise<RunProgress> {
  if (!run.open) throw ended(run, word);
  try {
    return await update<RunProgress>(temporal, run, word, input);
  } catch (error) {
    throw isNotOpen(error) ? ended(run, word) : error;
  }
}

function ended({ runId, record }: FoundRun, word: HandWord): WeirError {
  const how = record && record.status !== RunStatus.RUNNING ? ` (${statusWord(record.status)})` : '';
  return new WeirError({ code: 'NOT_POSSIBLE', place: runId, message: `The run is not open any more${how}; there is nothing to ${word}.`, fix: `See what came of it with \`weir runs show ${runId}\`.` });
}

/**
 * The input of the run that repeats a closed one: what failed before it published begins with its source, or with its raw segments when `stage` is validate;
 * what published and was not delivered is only delivered. Throws NOT_POSSIBLE where repeating that way makes no sense.
 */
export function retryInput(run: Run, stage: RetryStage | undefined): PipelineRunInput {
  const { pipeline, interval, runId, status, kind } = run;
  if (status === RunStatus.SUCCEEDED) throw notPossible(run, 'The run succeeded; there is nothing to retry.', `Run its interval again with \`${runAgain(run)}\`.`);
  // A refresh rebuilds history models and delivers them; a delivery of the pipeline does the same.
  if (kind === RunKind.REFRESH) return { pipeline, from: 'delivery' };
  if (status === RunStatus.DELIVERY_FAILED) {
    if (stage === undefined || stage === 'load') return { pipeline, from: 'delivery', retryOf: runId };
    throw notPossible(run, `The run published snapshot ${run.snapshot}; only its delivery is missing, so it cannot be retried from ${stage}.`, `Leave --from-stage out to deliver, or run its interval again with \`${runAgain(run)}\`.`);
  }
  if (stage === 'load') throw notPossible(run, 'The run published nothing, so there is nothing to load.', 'Leave --from-stage out.');
  return { pipeline, interval, from: stage === 'validate' ? 'raw' : 'source', retryOf: runId };
}

function runAgain({ pipeline, interval }: Run): string {
  return interval ? `weir run ${pipeline} --interval ${formatInterval(interval)}` : `weir run ${pipeline}`;
}

function notPossible({ runId }: Run, message: string, fix: string): WeirError {
  return new WeirError({ code: 'NOT_POSSIBLE', place: runId, message, fix });
}

/** Throws INVALID_VALUE for a stage that runs are not repeated from. */
export function parseRetryStage(text: string | undefined): RetryStage | undefined {
  if (text === undefined) return undefined;
  const stage = RETRY_STAGES.find((one) => one === text);
  if (!stage) throw new WeirError({ code: 'INVALID_VALUE', place: '--from-stage', message: `A run cannot be retried from \`${text}\`.`, fix: `Use ${RETRY_STAGES.join(', ')}.` });
  return stage;
}
