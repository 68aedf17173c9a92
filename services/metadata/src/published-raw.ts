import { WHOLE, type Interval } from '@weir/core';
import type { Segment } from '@weir/lake';
import { namedSegments, SEGMENTS_OF, type PartitionVersion } from './live-segments';
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
  select v.dataset_id, v.partition, ${SEGMENTS_OF} as segments_of, v.segments
  from metadata.partition_version v
  join metadata.dataset d on d.id = v.dataset_id
  where d.pipeline = $1 and d.name = $2 and v.to_snapshot is null and ($3::text is null and v.partition = '${WHOLE}' or v.partition >= $3 and v.partition < $4)
  order by v.partition`;

/** The raw segments of the newest snapshot in an interval, by partition and in the order in which they were listed; each with those of its partitions that are live in the interval. */
export async function publishedRawSegments(db: Queryable, { pipeline, dataset, interval }: Wanted): Promise<Segment[]> {
  const versions = await rowsOf<PartitionVersion & { readonly dataset_id: number }>(db, VERSIONS, [pipeline, `raw.${dataset}`, interval?.start, interval?.end]);
  const [first] = versions;
  if (!first) return [];
  const segments = await namedSegments(db, first.dataset_id, versions);
  return segments.map(({ path, sha256, bytes, rows, partitions, source }) => ({ path, sha256, bytes, rows, partitions, ...(source === null ? {} : { source }) }));
}

const ROWS = `
  select v.partition, v.rows from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
  where d.pipeline = $1 and d.name = $2 and v.to_snapshot is null and v.partition >= $3 and v.partition < $4`;

/** The rows of the live raw partitions of an interval. */
export async function publishedRawRows(db: Queryable, { pipeline, dataset, interval }: Wanted & { readonly interval: Interval }): Promise<ReadonlyMap<string, number>> {
  const rows = await rowsOf<{ partition: string; rows: number }>(db, ROWS, [pipeline, `raw.${dataset}`, interval.start, interval.end]);
  return new Map(rows.map(({ partition, rows: count }) => [partition, count]));
}
