import { WHOLE, type Interval } from '@weir/core';
import type { ManifestDataset } from '@weir/lake';
import { rowsOf, type Queryable } from './rows';

/** What a publish stages, by the id of the dataset. */
type Datasets = ReadonlyMap<number, ManifestDataset>;

const SEGMENTS = `
  insert into metadata.segment (dataset_id, snapshot, ordinal, path, sha256, bytes, rows, partitions, source)
  select s.dataset_id, $1, s.ordinal, s.path, s.sha256, s.bytes, s.rows, s.partitions, s.source
  from unnest($2::bigint[], $3::integer[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::integer[], $9::text[])
    as s (dataset_id, ordinal, path, sha256, bytes, rows, partitions, source)`;

/** Stores the segments of a publish, numbered per dataset in the order of their manifest. */
export async function insertSegments(db: Queryable, datasets: Datasets, snapshot: number): Promise<void> {
  const rows = [...datasets].flatMap(([id, dataset]) => dataset.segments.map((segment, ordinal) => ({ id, ordinal, segment })));
  await rowsOf(db, SEGMENTS, [
    snapshot,
    rows.map((row) => row.id),
    rows.map((row) => row.ordinal),
    rows.map((row) => row.segment.path),
    rows.map((row) => row.segment.sha256),
    rows.map((row) => row.segment.bytes),
    rows.map((row) => row.segment.rows),
    rows.map((row) => new Set(row.segment.partitions).size),
    rows.map((row) => row.segment.source ?? null),
  ]);
}

/** Whatever is live in the interval, and what was whole before the dataset had intervals; everything, where what is staged is whole. */
const CLOSE = `
  update metadata.partition_version set to_snapshot = $1
  where dataset_id = any ($2::bigint[]) and to_snapshot is null and ($3::text is null or partition = '${WHOLE}' or (partition >= $3 and partition < $4))`;

const OPEN = `
  insert into metadata.partition_version (dataset_id, partition, from_snapshot, rows, segments)
  select s.dataset_id, s.partition, $1, s.rows, s.segments::integer[]
  from unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[]) as s (dataset_id, partition, rows, segments)`;

/**
 * Ends what was live in an interval (everything, without one) with the snapshot before this one, and makes the staged partitions live from it on. Not by the names of the
 * staged partitions: a model that is over history now, or another grain, would leave its old ones beside the new.
 */
export async function replacePartitions(db: Queryable, datasets: Datasets, interval: Interval | undefined, snapshot: number): Promise<void> {
  const rows = [...datasets].flatMap(([id, dataset]) => {
    const ordinals = ordinalsByPartition(dataset);
    return dataset.partitions.map(({ partition, rows }) => ({ id, partition, rows, segments: `{${(ordinals.get(partition) ?? []).join()}}` }));
  });
  const [ids, partitions] = [rows.map((row) => row.id), rows.map((row) => row.partition)];
  await rowsOf(db, CLOSE, [snapshot, [...datasets.keys()], interval?.start, interval?.end]);
  await rowsOf(db, OPEN, [snapshot, ids, partitions, rows.map((row) => row.rows), rows.map((row) => row.segments)]);
}

function ordinalsByPartition(dataset: ManifestDataset): Map<string, number[]> {
  const ordinals = new Map<string, number[]>();
  for (const [ordinal, segment] of dataset.segments.entries()) {
    for (const partition of new Set(segment.partitions)) {
      const known = ordinals.get(partition);
      if (known) known.push(ordinal);
      else ordinals.set(partition, [ordinal]);
    }
  }
  return ordinals;
}

const POSITIONS = `
  insert into metadata.position (pipeline, source, value, sha256, snapshot)
  select $1, s.source, s.value, s.sha256, $2 from unnest($3::text[], $4::text[], $5::text[]) as s (source, value, sha256)
  on conflict (pipeline, source) do update set value = excluded.value, sha256 = excluded.sha256, snapshot = excluded.snapshot`;

/** Records how far each source object was read: a file is read whole, so its position is its size. */
export async function insertPositions(db: Queryable, pipeline: string, datasets: readonly ManifestDataset[], snapshot: number): Promise<void> {
  const files = datasets.flatMap((dataset) => dataset.segments).flatMap((segment) => (segment.source === undefined ? [] : [[segment.source, segment] as const]));
  // A statement cannot touch one row twice; the last listed read of an object is the one that holds.
  const positions = [...new Map(files)];
  const values = [pipeline, snapshot, positions.map(([source]) => source), positions.map(([, segment]) => String(segment.bytes)), positions.map(([, segment]) => segment.sha256)];
  await rowsOf(db, POSITIONS, values);
}
