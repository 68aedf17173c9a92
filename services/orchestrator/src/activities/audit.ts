import { attemptStage, type Deps } from './attempt';
import { judgementOf } from './judgement';
import type { Judgement, SegmentSet, StageInput, StageResult } from './shapes';

export interface AuditInput extends StageInput {
  readonly staged: SegmentSet;
}

/** Checks on what is staged. A refused dataset throws CHECK_FAILED, its checks recorded. */
export function audit(deps: Deps) {
  return (input: AuditInput): Promise<{ judgement: Judgement } & StageResult> =>
    attemptStage(deps, 'audit', input, async (call) => {
      const { rows } = input.staged;
      const stream = deps.clients.quality.audit({ context: call.context, staged: input.staged }, call.options);
      const result = await call.result(stream, ({ checks, verdict, score }) => call.note({ checks, verdict, score, rowsIn: rows, rowsOut: rows }));
      return { judgement: judgementOf(result) };
    });
}
