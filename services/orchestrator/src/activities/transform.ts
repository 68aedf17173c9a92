import { Scope } from '@weir/rpc';
import { attemptStage, type Deps } from './attempt';
import { segments } from './segments';
import type { SegmentSet, StageInput, StageResult, UpstreamInput } from './shapes';

/** Models over this run's bronze, or history models over a published snapshot. */
export type TransformInput = StageInput & {
  /** The snapshots of other pipelines' datasets that the run pinned; none where its models read none. */
  readonly upstream?: readonly UpstreamInput[] | undefined;
} & ({ readonly scope: 'interval'; readonly bronze: SegmentSet } | { readonly scope: 'history'; readonly snapshot: number });

/** Runs a pipeline's models of one scope and gives what they staged. */
export function transform(deps: Deps) {
  return (input: TransformInput): Promise<{ staged: SegmentSet } & StageResult> =>
    attemptStage(deps, 'transform', input, async (call) => {
      const upstream = [...(input.upstream ?? [])];
      const request =
        input.scope === 'interval'
          ? { context: call.context, scope: Scope.INTERVAL, bronze: input.bronze, snapshot: 0, upstream }
          : { context: call.context, scope: Scope.HISTORY, bronze: undefined, snapshot: input.snapshot, upstream };
      const { staged, models } = await call.result(deps.clients.transform.transform(request, call.options));
      // Models read the same bronze again and again; the stage's input is what came into it once.
      const rowsIn = input.scope === 'interval' ? input.bronze.rows : Math.max(0, ...models.map((model) => model.rowsIn));
      call.note({ details: models, rowsIn, rowsOut: models.reduce((sum, model) => sum + model.rowsOut, 0) });
      return { staged: segments(staged, 'transform.Transform') };
    });
}
