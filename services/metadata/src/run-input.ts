import type { Definition, Upstream } from '@weir/core';
import { RunKind, type UpstreamInput } from '@weir/rpc';
import { findDatasets } from './datasets';
import { readPipeline } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import type { RunRow } from './run-row';

/** The datasets of other pipelines that the models of a scope read. */
export function upstreamOf({ upstream, models }: Definition, scope: 'interval' | 'history'): Upstream[] {
  const read = new Set(models.filter((model) => (model.scope === 'history') === (scope === 'history')).flatMap((model) => model.inputs));
  return upstream.filter(({ reference }) => read.has(reference));
}

/**
 * Stores the newest snapshots of all datasets of other pipelines that a run's models read; 0 for one that was never published.
 * Throws PIPELINE_NOT_FOUND and UNKNOWN_DATASET when what the definition names is gone.
 */
export async function pinInputs(db: Queryable, run: RunRow, definition: Definition): Promise<void> {
  const inputs: UpstreamInput[] = [];
  // Once a pipeline: two of its datasets must not be read from two of its snapshots.
  const snapshots = new Map<string, number>();
  for (const { pipeline, dataset } of upstreamOf(definition, run.kind === RunKind.REFRESH && run.interval_start === null ? 'history' : 'interval')) {
    const snapshot = snapshots.get(pipeline) ?? (await readPipeline(db, pipeline)).snapshot;
    snapshots.set(pipeline, snapshot);
    await findDatasets(db, pipeline, [dataset]);
    inputs.push({ pipeline, dataset, snapshot });
  }
  if (inputs.length === 0) return;
  const insert = 'insert into metadata.run_input (run_id, pipeline, dataset, snapshot) select $1, * from unnest($2::text[], $3::text[], $4::bigint[])';
  await rowsOf(db, insert, [run.run_id, inputs.map((input) => input.pipeline), inputs.map((input) => input.dataset), inputs.map((input) => input.snapshot)]);
}

/** What `pinInputs` stored for a run, by pipeline and dataset. */
export async function readInputs(db: Queryable, runId: string): Promise<UpstreamInput[]> {
  return rowsOf<UpstreamInput>(db, 'select pipeline, dataset, snapshot from metadata.run_input where run_id = $1 order by pipeline, dataset', [runId]);
}
