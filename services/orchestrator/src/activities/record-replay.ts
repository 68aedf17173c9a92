import type { RecordReplayResponse } from '@weir/rpc';
import type { ReplayRequest } from '../workflows/quarantine-request';
import { attemptStep, type Deps } from './attempt';
import { rowFilter } from './plan-replay';
import { linkTraces, ownTrace, type TraceLink } from './trace-link';

export type ReplayStatus = 'running' | 'done' | 'failed' | 'cancelled';

export interface RecordReplayInput {
  readonly request: ReplayRequest;
  readonly workflowId: string;
  /** Run id of the first execution of the chain. */
  readonly executionId: string;
  readonly status: ReplayStatus;
  /** So far. */
  readonly runs: number;
  /** Runs that ended since the last record; in the first record of an execution the one before it, too. */
  readonly ended: readonly TraceLink[];
}

/** What the audit says of a replay, and the trace of its execution. */
export interface RecordedReplay extends RecordReplayResponse {
  readonly trace: string;
}

/** Stores in quality's audit where a replay stands, and links its trace to those of its runs. */
export function recordReplay(deps: Deps) {
  return ({ request, ended, ...rest }: RecordReplayInput): Promise<RecordedReplay> =>
    attemptStep('record', { pipeline: request.pipeline }, async (call) => {
      const { pipeline, reason = '', by = '' } = request;
      const runIds = ended.flatMap(({ runId }) => runId ?? []);
      const recorded = await deps.clients.quarantine.recordReplay({ ...rest, pipeline, filter: rowFilter(request), reason, by, runIds }, call.options);
      linkTraces(ended);
      return { ...recorded, trace: ownTrace() };
    });
}
