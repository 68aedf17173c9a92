import { attemptStage, type Deps } from './attempt';
import { segments } from './segments';
import type { SegmentSet, StageInput, StageResult } from './shapes';

/** Source slice → immutable raw segments as received. */
export function extract(deps: Deps) {
  return (input: StageInput): Promise<{ raw: SegmentSet } & StageResult> =>
    attemptStage(deps, 'extract', input, async (call) => {
      const { raw, files, bytes } = await call.result(deps.clients.ingest.extract({ context: call.context }, call.options));
      const set = segments(raw, 'ingest.Extract');
      call.note({ output: set, rowsOut: set.rows, details: [{ name: `${files} files, ${bytes} bytes`, rowsIn: 0, rowsOut: set.rows, milliseconds: 0 }] });
      return { raw: set };
    });
}
