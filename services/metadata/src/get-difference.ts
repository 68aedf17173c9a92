import type { GetDifferenceRequest, GetDifferenceResponse, LiveSegment } from '@weir/rpc';
import { findDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { assertKept } from './get-snapshot';
import { SEGMENTS_OF, segmentsOf, type PartitionVersion } from './live-segments';
import { pagesOf, segmentBytes } from './pages';
import { readPipeline } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { inOneView } from './session';

interface Listed {
  readonly list: keyof GetDifferenceResponse;
  readonly segment: LiveSegment;
}

/**
 * What changed in a dataset between two snapshots (0: nothing), in pages of at most 1 MiB, at least one.
 * A partition that was published again is in `before` and `after`, whatever its rows. A segment is in several lists when only some of its partitions
 * changed, and is `whole` in a list only when all its partitions are in that list. Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET and INVALID_VALUE.
 */
export async function getDifference({ pool }: Pick<Dependencies, 'pool'>, request: GetDifferenceRequest, send: (page: GetDifferenceResponse) => Promise<void>): Promise<void> {
  // In one view: garbage may be collected meanwhile. Not around the sending, which takes as long as the receiver does.
  const listed = await inOneView(pool, async (view) => {
    const pipeline = await readPipeline(view, request.pipeline);
    for (const snapshot of [request.fromSnapshot, request.toSnapshot]) assertKept(request.pipeline, snapshot, pipeline);
    const [dataset] = await findDatasets(view, request.pipeline, [request.dataset]);
    return dataset ? listSegments(view, dataset.id, request.fromSnapshot, request.toSnapshot) : [];
  });
  for (const page of pagesOf(listed, (item) => segmentBytes(item.segment))) await send({ before: of(page, 'before'), after: of(page, 'after'), unchanged: of(page, 'unchanged') });
}

const VERSIONS = `
  select * from (
    select v.partition, ${SEGMENTS_OF} as segments_of, v.segments,
      from_snapshot <= $2 and (to_snapshot is null or to_snapshot > $2) as in_older,
      from_snapshot <= $3 and (to_snapshot is null or to_snapshot > $3) as in_newer
    from metadata.partition_version v where dataset_id = $1
  ) v
  where in_older or in_newer
  order by partition`;

async function listSegments(db: Queryable, datasetId: number, older: number, newer: number): Promise<Listed[]> {
  const versions = await rowsOf<PartitionVersion & { in_older: boolean; in_newer: boolean }>(db, VERSIONS, [datasetId, older, newer]);
  const lists = {
    before: versions.filter((version) => !version.in_newer),
    after: versions.filter((version) => !version.in_older),
    unchanged: versions.filter((version) => version.in_older && version.in_newer),
  };
  const listed: Listed[] = [];
  for (const list of ['before', 'after', 'unchanged'] as const) {
    for (const segment of await segmentsOf(db, datasetId, lists[list])) listed.push({ list, segment });
  }
  return listed;
}

function of(page: readonly Listed[], list: Listed['list']): LiveSegment[] {
  return page.filter((item) => item.list === list).map((item) => item.segment);
}
