import { WeirError } from '@weir/core';
import { inTransaction } from '@weir/platform';
import type { CompactedDay, CompactedFile, ReplaceSegmentsRequest, ReplaceSegmentsResponse } from '@weir/rpc';
import type pg from 'pg';
import { findDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { SEGMENTS_OF } from './live-segments';
import { lockPipeline } from './pipelines';
import { assertCompactable } from './plan-compaction';
import { rowsOf } from './rows';
import { verifySegments } from './verify-segments';

/**
 * Says which files hold partitions from now on; snapshots, rows and what publishes find stay as they are, so that no destination sees a difference. A day is skipped unless all its partitions are
 * live and in the very segments that were planned: the files that a compaction wrote for it are then nobody's, and garbage collection takes them. Files that no longer hold anything
 * stay for the time of grace, because readers were told of them.
 * Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET, SEGMENT_CORRUPT, and INVALID_VALUE for files that do not hold exactly the partitions of their day.
 */
export async function replaceSegments({ pool, lake }: Pick<Dependencies, 'pool' | 'lake'>, { pipeline, dataset, days }: ReplaceSegmentsRequest, signal?: AbortSignal): Promise<ReplaceSegmentsResponse> {
  assertCompactable(dataset);
  for (const day of days) assertDay(`${dataset.replace('.', `/${pipeline}/`)}/`, day);
  await verifySegments(lake, days.flatMap(({ files }) => files), signal);
  return inTransaction(pool, async (client) => {
    const { snapshot } = await lockPipeline(client, pipeline);
    const [{ id } = { id: 0 }] = await findDatasets(client, pipeline, [dataset]);
    const skipped: string[] = [];
    for (const day of days) {
      if (await isAsPlanned(client, id, day)) await replaceDay(client, { pipeline, id, snapshot, day });
      else skipped.push(day.date);
    }
    return { skipped };
  });
}

/** Every partition in at least one file, no other in any, and the files where files of the dataset lie. */
function assertDay(folder: string, { date, partitions, files }: CompactedDay): void {
  const known = new Set(partitions.map(({ partition }) => partition));
  const held = new Set(files.flatMap((file) => file.partitions));
  const stray = [...held].find((partition) => !known.has(partition));
  const lost = [...known].find((partition) => !held.has(partition));
  const elsewhere = files.find(({ path }) => !path.startsWith(folder));
  const wrong = stray ?? lost ?? elsewhere?.path;
  if (wrong === undefined && known.size === partitions.length) return;
  throw new WeirError({ code: 'INVALID_VALUE', message: `The compacted files of ${date || 'the dataset'} do not hold its partitions: ${wrong ?? 'one is listed twice'}.`, fix: 'Report it: this is a defect of a compaction.' });
}

const AS_PLANNED = `
  select count(*) as found
  from unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) as p (partition, from_snapshot, segments_of, segments)
  join metadata.partition_version v on v.dataset_id = $1 and v.partition = p.partition and v.from_snapshot = p.from_snapshot
  where v.to_snapshot is null and ${SEGMENTS_OF} = p.segments_of and v.segments = p.segments::integer[]`;

async function isAsPlanned(client: pg.PoolClient, id: number, { partitions }: CompactedDay): Promise<boolean> {
  const values = [id, partitions.map((one) => one.partition), partitions.map((one) => one.fromSnapshot), partitions.map((one) => one.segmentsOf), partitions.map((one) => arrayOf(one.segments))];
  const [row] = await rowsOf<{ found: number }>(client, AS_PLANNED, values);
  return row?.found === partitions.length;
}

interface Replacement {
  readonly pipeline: string;
  readonly id: number;
  /** The newest one, under the pipeline's lock. */
  readonly snapshot: number;
  readonly day: CompactedDay;
}

const REPLACED_FILES = `
  insert into metadata.expired_file (pipeline, path, expired_at)
  select distinct $1, s.path, statement_timestamp()
  from unnest($3::bigint[], $4::text[]) as p (segments_of, segments)
  cross join unnest(p.segments::integer[]) as o (ordinal)
  join metadata.segment s on s.dataset_id = $2 and s.snapshot = p.segments_of and s.ordinal = o.ordinal
  on conflict (pipeline, path) do update set expired_at = excluded.expired_at`;

const NEXT_ORDINAL = 'select coalesce(max(ordinal), -1) + 1 as next from metadata.segment where dataset_id = $1 and snapshot = $2';

const INSERT = `
  insert into metadata.segment (dataset_id, snapshot, ordinal, path, sha256, bytes, rows, partitions, compacted, zone_map)
  select $1, $2, f.ordinal, f.path, f.sha256, f.bytes, f.rows, f.partitions, true, f.zone_map::json
  from unnest($3::integer[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::integer[], $9::text[]) as f (ordinal, path, sha256, bytes, rows, partitions, zone_map)`;

const HOLD = `
  update metadata.partition_version v set segments_of = $2, segments = p.segments::integer[]
  from unnest($3::text[], $4::bigint[], $5::text[]) as p (partition, from_snapshot, segments)
  where v.dataset_id = $1 and v.partition = p.partition and v.from_snapshot = p.from_snapshot`;

async function replaceDay(client: pg.PoolClient, { pipeline, id, snapshot, day: { partitions, files } }: Replacement): Promise<void> {
  await rowsOf(client, REPLACED_FILES, [pipeline, id, partitions.map((one) => one.segmentsOf), partitions.map((one) => arrayOf(one.segments))]);
  const [{ next } = { next: 0 }] = await rowsOf<{ next: number }>(client, NEXT_ORDINAL, [id, snapshot]);
  const column = <T>(of: (file: CompactedFile) => T): T[] => files.map(of);
  await rowsOf(client, INSERT, [
    id,
    snapshot,
    files.map((_, n) => next + n),
    column(({ path }) => path),
    column(({ sha256 }) => sha256),
    column(({ bytes }) => bytes),
    column(({ rows }) => rows),
    column((file) => file.partitions.length),
    column(({ zoneMap }) => (zoneMap ? JSON.stringify(zoneMap) : null)),
  ]);
  const ordinals = partitions.map(({ partition }) => arrayOf(files.flatMap((file, n) => (file.partitions.includes(partition) ? [next + n] : []))));
  await rowsOf(client, HOLD, [id, snapshot, partitions.map((one) => one.partition), partitions.map((one) => one.fromSnapshot), ordinals]);
}

/** As Postgres writes an array of integers: arrays of different lengths cannot be unnested side by side. */
function arrayOf(numbers: readonly number[]): string {
  return `{${numbers.join()}}`;
}
