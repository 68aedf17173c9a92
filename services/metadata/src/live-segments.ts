import type { LiveSegment } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';

/** One state of one partition: the ordinals of its segments within the snapshot that they came with. */
export interface PartitionVersion {
  readonly partition: string;
  readonly from_snapshot: number;
  readonly segments: readonly number[];
}

interface SegmentRow {
  snapshot: number;
  ordinal: number;
  path: string;
  sha256: string;
  bytes: number;
  partitions: number;
}

// Not one statement with the versions: without fresh statistics Postgres joins them over (dataset, snapshot) alone, 70 s for 10,000 files of one snapshot.
const SEGMENTS = `
  select s.snapshot, s.ordinal, s.path, s.sha256, s.bytes, s.partitions
  from unnest($2::bigint[], $3::integer[]) as w (snapshot, ordinal)
  join metadata.segment s on s.dataset_id = $1 and s.snapshot = w.snapshot and s.ordinal = w.ordinal
  order by s.snapshot, s.ordinal`;

/** The segments of some partition versions of a dataset, oldest first, each with those of the partitions it holds; `whole` when these are all. */
export async function segmentsOf(db: Queryable, datasetId: number, versions: readonly PartitionVersion[]): Promise<LiveSegment[]> {
  const wanted = new Map<string, { snapshot: number; ordinal: number; partitions: string[] }>();
  for (const { partition, from_snapshot: snapshot, segments } of versions) {
    for (const ordinal of segments) {
      const known = wanted.get(keyOf(snapshot, ordinal));
      if (known) known.partitions.push(partition);
      else wanted.set(keyOf(snapshot, ordinal), { snapshot, ordinal, partitions: [partition] });
    }
  }
  if (wanted.size === 0) return [];
  const keys = [...wanted.values()];
  const rows = await rowsOf<SegmentRow>(db, SEGMENTS, [datasetId, keys.map((key) => key.snapshot), keys.map((key) => key.ordinal)]);
  return rows.map((row) => {
    const partitions = wanted.get(keyOf(row.snapshot, row.ordinal))?.partitions ?? [];
    return { path: row.path, sha256: row.sha256, bytes: row.bytes, partitions, whole: partitions.length === row.partitions };
  });
}

function keyOf(snapshot: number, ordinal: number): string {
  return `${snapshot}:${ordinal}`;
}
