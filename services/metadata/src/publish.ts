import { formatInterval, isReadInSequence, WeirError } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import { inTransaction } from '@weir/platform';
import { RunStart, RunStatus, type PublishRequest, type PublishResponse } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { insertPositions, insertSegments, replacePartitions } from './catalog-rows';
import { assertMoves, movePositions } from './move-positions';
import { assertLast, pinTakes } from './pin-takes';
import { lockPipeline, readDefinition } from './pipelines';
import { rowsOf } from './rows';
import { intervalOf, lockRun, readRun, type RunRow } from './run-row';
import { POSITION } from './sequence';
import { readStaged, type Staged } from './staged';

/**
 * Makes what a run staged the next snapshot of its pipeline, in one transaction; repeating it gives the same snapshot.
 * Files are verified before the transaction, so the pipeline is locked for milliseconds only.
 * Throws POSITION_MOVED when the source is read in sequence and another run has moved one of its positions, or has taken something since, LEASE_LOST when the run ended or another took its partitions over, SEGMENT_CORRUPT, INVALID_VALUE for an incomplete staging, NOT_POSSIBLE for a
 * run that only delivers, and RUN_NOT_FOUND.
 */
export async function publish({ pool, lake }: Pick<Dependencies, 'pool' | 'lake'>, request: PublishRequest, signal?: AbortSignal): Promise<PublishResponse> {
  const run = await readRun(pool, request.runId);
  if (run.snapshot !== null) return { snapshot: run.snapshot };
  if (run.start_at === RunStart.DELIVERY) {
    throw new WeirError({ code: 'NOT_POSSIBLE', message: `The run ${run.run_id} only delivers what ${run.pipeline} has published; it cannot publish.`, fix: 'Start a run from its source or from raw.' });
  }
  // An ended run's files may be gone already; the fence is what is wrong with it.
  if (run.status !== RunStatus.RUNNING) throw leaseLost(run);
  assertMoves(request.moves);
  const definition = await readDefinition(pool, run.pipeline, run.definition_version);
  const staged = await readStaged({ pool, lake }, request.staged, run, definition, signal);
  return inTransaction(pool, async (client) => {
    const { snapshot } = await lockPipeline(client, run.pipeline);
    const locked = await lockRun(client, run.run_id);
    if (locked.snapshot !== null) return { snapshot: locked.snapshot };
    await assertLast(client, run.pipeline, staged.taking);
    await assertHeld(client, locked, request.fence, staged.taking ? [...staged.scope.leased, POSITION] : staged.scope.leased);
    await commit(client, locked, staged, snapshot + 1);
    if (isReadInSequence(definition.source)) await pinTakes(client, locked, { definition, staged, snapshot: snapshot + 1 });
    else if (definition.source.type !== 'kafka') await insertPositions(client, run.pipeline, staged.datasets, snapshot + 1);
    await movePositions(client, run.pipeline, request.moves, snapshot + 1);
    return { snapshot: snapshot + 1 };
  });
}

async function assertHeld(client: pg.PoolClient, run: RunRow, fence: number, leased: readonly string[]): Promise<void> {
  const count = 'select count(*) as held from metadata.lease where pipeline = $1 and partition = any ($2::text[]) and run_id = $3 and fence = $4';
  const [row] = await rowsOf<{ held: number }>(client, count, [run.pipeline, leased, run.run_id, fence]);
  if (row?.held !== leased.length) throw leaseLost(run);
}

function leaseLost(run: RunRow): WeirError {
  return new WeirError({ code: 'LEASE_LOST', message: `The run ${run.run_id} no longer holds ${formatInterval(intervalOf(run))} of ${run.pipeline}; nothing was published.` });
}

async function commit(client: pg.PoolClient, run: RunRow, { datasets, scope }: Staged, snapshot: number): Promise<void> {
  await rowsOf(client, 'update metadata.pipeline set snapshot = $2 where name = $1', [run.pipeline, snapshot]);
  await rowsOf(client, 'insert into metadata.snapshot (pipeline, number, run_id) values ($1, $2, $3)', [run.pipeline, snapshot, run.run_id]);
  await rowsOf(client, 'update metadata.run set snapshot = $2 where run_id = $1', [run.run_id, snapshot]);
  const known = await datasetIds(client, run.pipeline, datasets);
  await insertSegments(client, known, snapshot);
  await replacePartitions(client, known, scope.interval, snapshot);
}

async function datasetIds(client: pg.PoolClient, pipeline: string, datasets: readonly ManifestDataset[]): Promise<Map<number, ManifestDataset>> {
  const ids = await rowsOf<{ id: number; name: string }>(client, 'select id, name from metadata.dataset where pipeline = $1', [pipeline]);
  const byName = new Map(ids.map((row) => [row.name, row.id]));
  return new Map(
    datasets.map((dataset) => {
      const id = byName.get(dataset.dataset);
      if (id === undefined) throw new WeirError({ code: 'INTERNAL', message: `The dataset ${dataset.dataset} of ${pipeline} is not in the catalog.` });
      return [id, dataset];
    }),
  );
}
