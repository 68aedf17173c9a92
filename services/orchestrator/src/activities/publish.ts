import { attemptStage, type Deps } from './attempt';
import type { SegmentSet, StageInput, StageResult } from './shapes';

export interface PublishInput extends StageInput {
  readonly staged: readonly SegmentSet[];
  readonly fence: number;
}

/** One catalog transaction; repeating it gives the same snapshot. */
export function publish(deps: Deps) {
  return (input: PublishInput): Promise<{ snapshot: number } & StageResult> =>
    attemptStage(deps, 'publish', input, async (call) => {
      const { snapshot } = await deps.clients.catalog.publish({ runId: input.run.runId, staged: [...input.staged], fence: input.fence }, call.options);
      const rows = input.staged.reduce((sum, set) => sum + set.rows, 0);
      call.note({ rowsIn: rows, rowsOut: rows });
      return { snapshot };
    });
}
