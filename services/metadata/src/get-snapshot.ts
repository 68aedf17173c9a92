import { WeirError } from '@weir/core';
import type { GetSnapshotRequest, GetSnapshotResponse } from '@weir/rpc';
import { findDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { segmentsOf, type PartitionVersion } from './live-segments';
import { pagesOf } from './pages';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';

const LIVE = `
  select partition, from_snapshot, segments from metadata.partition_version
  where dataset_id = $1 and from_snapshot <= $2 and (to_snapshot is null or to_snapshot > $2)
  order by partition`;

/**
 * The live segments of datasets at a snapshot (0: the newest), in pages of at most 1 MiB, dataset by dataset in the order asked for.
 * A raw file that was listed more than once appears as often. Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET, and INVALID_VALUE for a snapshot that does not exist.
 */
export async function getSnapshot({ pool }: Pick<Dependencies, 'pool'>, request: GetSnapshotRequest, send: (page: GetSnapshotResponse) => Promise<void>): Promise<void> {
  const { snapshot: newest } = await readPipeline(pool, request.pipeline);
  const snapshot = request.snapshot || newest;
  assertSnapshot(request.pipeline, snapshot, newest);
  for (const { id, name } of await findDatasets(pool, request.pipeline, request.datasets)) {
    const live = await segmentsOf(pool, id, await rowsOf<PartitionVersion>(pool, LIVE, [id, snapshot]));
    for (const segments of pagesOf(live, (segment) => segment)) await send({ dataset: name, snapshot, segments });
  }
}

/** Throws INVALID_VALUE unless the snapshot is one of 0 to the newest. */
export function assertSnapshot(pipeline: string, snapshot: number, newest: number): void {
  if (snapshot >= 0 && snapshot <= newest) return;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${pipeline} has no snapshot ${snapshot}; its newest is ${newest}.` });
}
