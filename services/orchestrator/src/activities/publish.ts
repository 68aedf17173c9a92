import { attemptStage, type Deps } from './attempt';
import { positionMoves, type ArchivedRanges } from './log-ranges';
import type { SegmentSet, StageInput, StageResult } from './shapes';

export interface PublishInput extends StageInput {
  readonly staged: readonly SegmentSet[];
  readonly fence: number;
  /** Of a run that extends an archive: what it adds. */
  readonly archived?: ArchivedRanges | undefined;
}

/** One catalog transaction; repeating it gives the same snapshot. Ends with POSITION_MOVED when another run has extended the archive meanwhile. */
export function publish(deps: Deps) {
  return (input: PublishInput): Promise<{ snapshot: number } & StageResult> =>
    attemptStage(deps, 'publish', input, async (call) => {
      const { run, staged, fence, archived } = input;
      const stored = archived ? (await deps.clients.catalog.listPositions({ pipeline: run.pipeline }, call.options)).positions : [];
      const moves = archived ? positionMoves(archived, stored) : [];
      const { snapshot } = await deps.clients.catalog.publish({ runId: run.runId, staged: [...staged], fence, moves }, call.options);
      const rows = staged.reduce((sum, set) => sum + set.rows, 0);
      call.note({ rowsIn: rows, rowsOut: rows });
      return { snapshot };
    });
}
