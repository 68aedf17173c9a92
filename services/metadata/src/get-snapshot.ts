import { WeirError } from '@weir/core';
import type { GetSnapshotRequest, GetSnapshotResponse } from '@weir/rpc';
import { findDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { SEGMENTS_OF, segmentsOf, type PartitionVersion } from './live-segments';
import { pagesOf, segmentBytes } from './pages';
import { readPipeline, type Pipeline } from './pipelines';
import { rowsOf } from './rows';
import { inOneView } from './session';

const LIVE = `
  select v.partition, ${SEGMENTS_OF} as segments_of, v.segments from metadata.partition_version v
  where dataset_id = $1 and from_snapshot <= $2 and (to_snapshot is null or to_snapshot > $2)
  order by partition`;

/**
 * The live segments of datasets at a snapshot (0: the newest), in pages of at most 1 MiB, dataset by dataset in the order asked for.
 * A raw file that was listed more than once appears as often. Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET, and INVALID_VALUE for a snapshot that does not exist or is no longer kept.
 */
export async function getSnapshot({ pool }: Pick<Dependencies, 'pool'>, request: GetSnapshotRequest, send: (page: GetSnapshotResponse) => Promise<void>): Promise<void> {
  const snapshot = request.snapshot || (await readPipeline(pool, request.pipeline)).snapshot;
  for (const { id, name } of await findDatasets(pool, request.pipeline, request.datasets)) {
    // In one view: garbage may be collected meanwhile. Not around the sending, which takes as long as the receiver does.
    const live = await inOneView(pool, async (view) => {
      assertKept(request.pipeline, snapshot, await readPipeline(view, request.pipeline));
      return segmentsOf(view, id, await rowsOf<PartitionVersion>(view, LIVE, [id, snapshot]));
    });
    for (const segments of pagesOf(live, segmentBytes)) await send({ dataset: name, snapshot, segments });
  }
}

/** Throws INVALID_VALUE unless the snapshot is one of 0 to the newest. */
export function assertSnapshot(pipeline: string, snapshot: number, newest: number): void {
  if (snapshot >= 0 && snapshot <= newest) return;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The pipeline ${pipeline} has no snapshot ${snapshot}; its newest is ${newest}.` });
}

/** Throws INVALID_VALUE unless the snapshot is 0 or one that can still be read. */
export function assertKept(pipeline: string, snapshot: number, { snapshot: newest, forgotten_below: oldest }: Pipeline): void {
  assertSnapshot(pipeline, snapshot, newest);
  if (snapshot === 0 || snapshot >= oldest) return;
  throw new WeirError({
    code: 'INVALID_VALUE',
    message: `The snapshot ${snapshot} of ${pipeline} is no longer kept; the oldest that is kept is ${oldest}.`,
    fix: 'Read a newer snapshot. Where a table of a destination still stands at this one, drop the table: the next run builds it anew.',
  });
}
