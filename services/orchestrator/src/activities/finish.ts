import { WeirError, isWeirError, toWeirError, type ErrorFields } from '@weir/core';
import { RunStatus } from '@weir/rpc';
import { attemptStep, runError, type Deps } from './attempt';
import type { StageCall } from './stage-call';

/** How a run can end. */
export type FinalStatus = 'SUCCEEDED' | 'FAILED' | 'DELIVERY_FAILED' | 'CANCELLED';

export interface FinishInput {
  readonly runId: string;
  readonly status: FinalStatus;
  readonly error?: ErrorFields | undefined;
  /** Of a run that published what quality had admitted; `extracted`: it read its source anew. */
  readonly settles?: { readonly extracted: boolean } | undefined;
}

/** Records the end of a run and releases its leases; metadata drops what was staged and not published. An earlier end is kept. Then quality says of quarantined rows that the run has taken them. */
export function finish(deps: Deps) {
  return (input: FinishInput): Promise<object> =>
    attemptStep('finish', { runId: input.runId }, async (call) => {
      const error = input.error && runError(new WeirError(input.error), input.error.stage ?? '');
      try {
        await deps.clients.runs.finishRun({ runId: input.runId, status: RunStatus[input.status], error }, call.options);
      } catch (failure) {
        // A run that was refused before it was stored has nothing to end.
        if (input.status === 'SUCCEEDED' || !isWeirError(failure) || failure.code !== 'RUN_NOT_FOUND') throw failure;
      }
      if (input.settles) await settle(deps, call, input.runId, input.settles.extracted);
      return {};
    });
}

/** A run that is over is not spoilt by what only a person can mend: its rows then stay open until the next run or replay of their grains. */
async function settle(deps: Deps, call: StageCall, runId: string, extracted: boolean): Promise<void> {
  try {
    await deps.clients.quarantine.replayRows({ runId, extracted }, call.options);
  } catch (failure) {
    const error = toWeirError(failure);
    if (error.retry === 'transient' || call.options.signal.aborted) throw failure;
    deps.log.warn({ runId, code: error.code, reason: error.message }, 'Quarantined rows that a run has taken could not be marked.');
  }
}
