import { WeirError, isWeirError, type ErrorFields } from '@weir/core';
import { RunStatus } from '@weir/rpc';
import { attemptStep, runError, type Deps } from './attempt';

/** How a run can end. */
export type FinalStatus = 'SUCCEEDED' | 'FAILED' | 'DELIVERY_FAILED' | 'CANCELLED';

export interface FinishInput {
  readonly runId: string;
  readonly status: FinalStatus;
  readonly error?: ErrorFields | undefined;
}

/** Records the end of a run and releases its leases; metadata drops what was staged and not published. An earlier end is kept. */
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
      return {};
    });
}
