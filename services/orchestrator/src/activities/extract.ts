import { leftWords } from '@weir/core';
import type { RangeNumbers } from '../workflows/request';
import { attemptStage, type Deps } from './attempt';
import { logRange } from './log-ranges';
import { segments } from './segments';
import type { SegmentSet, StageInput, StageResult } from './shapes';

export interface ExtractInput extends StageInput {
  /** Of a run that extends an archive: what it reads of the topic. */
  readonly ranges?: readonly RangeNumbers[] | undefined;
}

/** Source slice → immutable raw segments as received. */
export function extract(deps: Deps) {
  return (input: ExtractInput): Promise<{ raw: SegmentSet } & StageResult> =>
    attemptStage(deps, 'extract', input, async (call) => {
      const { raw, files, bytes, take } = await call.result(deps.clients.ingest.extract({ context: call.context, ranges: (input.ranges ?? []).map(logRange) }, call.options));
      const set = segments(raw, 'ingest.Extract');
      const left = take ? leftWords(take) : '';
      call.note({ output: set, rowsOut: set.rows, take, details: [{ name: `${files} files, ${bytes} bytes${left && `; ${left}`}`, rowsIn: 0, rowsOut: set.rows, milliseconds: 0 }] });
      return { raw: set };
    });
}
