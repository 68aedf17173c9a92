import type { LiveSegment } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';

/** One state of one partition: the ordinals of its segments within the snapshot that they came with. */
export interface PartitionVersion {
  readonly partition: string;
  readonly from_snapshot: number;
  readonly segments: readonly number[];
}

/** A segment that versions name, with those of their partitions that it holds. */
export interface NamedSegment {
  readonly snapshot: number;
  readonly ordinal: number;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
  readonly source: string | null;
  readonly partitions: readonly string[];
  /** Whether these are all that it holds. */
  readonly whole: boolean;
}

type SegmentRow = Omit<NamedSegment, 'partitions' | 'whole'> & { readonly partitions: number };

// Not one statement with the versions: without fresh statistics Postgres joins them over (dataset, snapshot) alone, 70 s for 10,000 files of one snapshot.
const SEGMENTS = `
  select s.snapshot, s.ordinal, s.path, s.sha256, s.bytes, s.rows, s.source, s.partitions
  from unnest($2::bigint[], $3::integer[]) as w (snapshot, ordinal)
  join metadata.segment s on s.dataset_id = $1 and s.snapshot = w.snapshot and s.ordinal = w.ordinal`;

/** The segments of some partition versions of a dataset, each once, in the order in which the versions name them. */
export async function namedSegments(db: Queryable, datasetId: number, versions: readonly PartitionVersion[]): Promise<NamedSegment[]> {
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
  const found = new Map(rows.map((row) => [keyOf(row.snapshot, row.ordinal), row]));
  return keys.flatMap(({ snapshot, ordinal, partitions }) => {
    const row = found.get(keyOf(snapshot, ordinal));
    return row ? [{ ...row, partitions, whole: partitions.length === row.partitions }] : [];
  });
}

/** The segments of some partition versions of a dataset, oldest first. */
export async function segmentsOf(db: Queryable, datasetId: number, versions: readonly PartitionVersion[]): Promise<LiveSegment[]> {
  const named = await namedSegments(db, datasetId, versions);
  named.sort((one, other) => one.snapshot - other.snapshot || one.ordinal - other.ordinal);
  return named.map(({ path, sha256, bytes, partitions, whole }) => ({ path, sha256, bytes, partitions: [...partitions], whole }));
}

function keyOf(snapshot: number, ordinal: number): string {
  return `${snapshot}:${ordinal}`;
}
