import type { LiveSegment, ZoneMap } from '@weir/rpc';
import { rowsOf, type Queryable } from './rows';

/** One state of one partition: the ordinals of its segments within the snapshot that counts them. */
export interface PartitionVersion {
  readonly partition: string;
  readonly segments_of: number;
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
  /** Written by a compaction. */
  readonly compacted: boolean;
  readonly zone_map: ZoneMap | null;
  readonly partitions: readonly string[];
  /** How many partitions it holds, those that the versions do not name too. */
  readonly held: number;
  /** Whether the partitions are all that it holds. */
  readonly whole: boolean;
}

type SegmentRow = Omit<NamedSegment, 'partitions' | 'whole'>;

// Not one statement with the versions: without fresh statistics Postgres joins them over (dataset, snapshot) alone, 70 s for 10,000 files of one snapshot.
const SEGMENTS = `
  select s.snapshot, s.ordinal, s.path, s.sha256, s.bytes, s.rows, s.source, s.partitions as held, s.compacted, s.zone_map
  from unnest($2::bigint[], $3::integer[]) as w (snapshot, ordinal)
  join metadata.segment s on s.dataset_id = $1 and s.snapshot = w.snapshot and s.ordinal = w.ordinal`;

/** Segments by the snapshot that counts them and their number in it. */
export type SegmentRows = ReadonlyMap<string, SegmentRow>;

/** The segments of some partition versions of a dataset, each once, in the order in which the versions name them. */
export async function namedSegments(db: Queryable, datasetId: number, versions: readonly PartitionVersion[]): Promise<NamedSegment[]> {
  return named(versions, await segmentRows(db, datasetId, versions));
}

/** What the catalog has of the segments of some partition versions. */
export async function segmentRows(db: Queryable, datasetId: number, versions: readonly PartitionVersion[]): Promise<SegmentRows> {
  const wanted = new Map<string, readonly [snapshot: number, ordinal: number]>();
  for (const { segments_of: snapshot, segments } of versions) for (const ordinal of segments) wanted.set(keyOf(snapshot, ordinal), [snapshot, ordinal]);
  if (wanted.size === 0) return new Map();
  const keys = [...wanted.values()];
  const rows = await rowsOf<SegmentRow>(db, SEGMENTS, [datasetId, keys.map(([snapshot]) => snapshot), keys.map(([, ordinal]) => ordinal)]);
  return new Map(rows.map((row) => [keyOf(row.snapshot, row.ordinal), row]));
}

/** Of these segments those that some versions name, each once, in the order in which they name them. */
export function named(versions: readonly PartitionVersion[], rows: SegmentRows): NamedSegment[] {
  const partitions = new Map<string, string[]>();
  for (const { partition, segments_of: snapshot, segments } of versions) {
    for (const ordinal of segments) {
      const key = keyOf(snapshot, ordinal);
      const known = partitions.get(key);
      if (known) known.push(partition);
      else partitions.set(key, [partition]);
    }
  }
  return [...partitions].flatMap(([key, held]) => {
    const row = rows.get(key);
    return row ? [{ ...row, partitions: held, whole: held.length === row.held }] : [];
  });
}

/** The segments of some partition versions of a dataset, oldest first. */
export async function segmentsOf(db: Queryable, datasetId: number, versions: readonly PartitionVersion[]): Promise<LiveSegment[]> {
  const segments = await namedSegments(db, datasetId, versions);
  segments.sort((one, other) => one.snapshot - other.snapshot || one.ordinal - other.ordinal);
  return segments.map(({ path, sha256, bytes, rows, partitions, whole, zone_map: zoneMap }) => ({ path, sha256, bytes, rows, partitions: [...partitions], whole, zoneMap: zoneMap ?? undefined }));
}

/** SQL of the snapshot that counts a version's segments. */
export const SEGMENTS_OF = 'coalesce(v.segments_of, v.from_snapshot)';

function keyOf(snapshot: number, ordinal: number): string {
  return `${snapshot}:${ordinal}`;
}
