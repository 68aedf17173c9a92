import { WHOLE, type Interval } from '@weir/core';
import type { Segment } from '@weir/lake';
import { rowsOf, type Queryable } from './rows';

/** Whose raw segments. */
interface Wanted {
  readonly pipeline: string;
  /** Bare name. */
  readonly dataset: string;
  /** Undefined for a pipeline without a grain. */
  readonly interval: Interval | undefined;
}

const VERSIONS = `
  select v.dataset_id, v.partition, v.from_snapshot as snapshot, o.ordinal
  from metadata.partition_version v
  join metadata.dataset d on d.id = v.dataset_id
  left join lateral unnest(v.segments) as o (ordinal) on true
  where d.pipeline = $1 and d.name = $2 and v.to_snapshot is null and ($3::text is null and v.partition = '${WHOLE}' or v.partition >= $3 and v.partition < $4)
  order by v.partition, o.ordinal`;

// By the key of the segments, not joined with the versions: see live-segments.ts.
const SEGMENTS = `
  select s.snapshot, s.ordinal, s.path, s.sha256, s.bytes, s.rows, s.source
  from unnest($2::bigint[], $3::integer[]) as w (snapshot, ordinal)
  join metadata.segment s on s.dataset_id = $1 and s.snapshot = w.snapshot and s.ordinal = w.ordinal`;

interface VersionRow {
  dataset_id: number;
  partition: string;
  snapshot: number;
  ordinal: number | null;
}

interface SegmentRow {
  snapshot: number;
  ordinal: number;
  path: string;
  sha256: string;
  bytes: number;
  rows: number;
  source: string | null;
}

/** The raw segments of the newest snapshot in an interval, by partition and in the order in which they were listed; each with those of its partitions that are live in the interval. */
export async function publishedRawSegments(db: Queryable, { pipeline, dataset, interval }: Wanted): Promise<Segment[]> {
  const versions = await rowsOf<VersionRow>(db, VERSIONS, [pipeline, `raw.${dataset}`, interval?.start, interval?.end]);
  const named = versions.filter((version): version is VersionRow & { ordinal: number } => version.ordinal !== null);
  const [first] = named;
  if (!first) return [];
  const keys = new Map(named.map(({ snapshot, ordinal }) => [`${snapshot}:${ordinal}`, { snapshot, ordinal }]));
  const rows = await rowsOf<SegmentRow>(db, SEGMENTS, [first.dataset_id, [...keys.values()].map(({ snapshot }) => snapshot), [...keys.values()].map(({ ordinal }) => ordinal)]);
  const partitions = new Map<string, string[]>();
  for (const { partition, snapshot, ordinal } of named) partitions.set(`${snapshot}:${ordinal}`, [...(partitions.get(`${snapshot}:${ordinal}`) ?? []), partition]);
  const found = new Map(rows.map((row) => [`${row.snapshot}:${row.ordinal}`, row]));
  return [...keys.keys()].flatMap((key): Segment[] => {
    const row = found.get(key);
    return row ? [{ path: row.path, sha256: row.sha256, bytes: row.bytes, rows: row.rows, partitions: partitions.get(key) ?? [], ...(row.source === null ? {} : { source: row.source }) }] : [];
  });
}

const ROWS = `
  select v.partition, v.rows from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
  where d.pipeline = $1 and d.name = $2 and v.to_snapshot is null and v.partition >= $3 and v.partition < $4`;

/** The rows of the live raw partitions of an interval. */
export async function publishedRawRows(db: Queryable, { pipeline, dataset, interval }: Wanted & { readonly interval: Interval }): Promise<ReadonlyMap<string, number>> {
  const rows = await rowsOf<{ partition: string; rows: number }>(db, ROWS, [pipeline, `raw.${dataset}`, interval.start, interval.end]);
  return new Map(rows.map(({ partition, rows: count }) => [partition, count]));
}
