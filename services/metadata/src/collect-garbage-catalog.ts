import type pg from 'pg';
import type { CollectCall } from './collect-garbage';
import type { Terms } from './collect-garbage-terms';
import { SEGMENTS_OF } from './live-segments';
import { lockPipeline } from './pipelines';
import { rowsOf } from './rows';
import { transaction } from './session';

/** Rows that one transaction deletes: it holds the pipeline's lock for some milliseconds, and publishes wait no longer than that. */
const BATCH = 1_000;

/** What goes from one dataset. */
export interface VersionCounts {
  /** Live ones whose retention is over. */
  readonly partitions: number;
  /** Replaced ones. */
  readonly versions: number;
}

/** What is to go, kept in temporary tables of the session. */
export interface Planned {
  readonly counts: ReadonlyMap<number, VersionCounts>;
  readonly total: number;
  /** The oldest snapshot that can be read once they are gone; 0 when all can. */
  readonly forgottenBelow: number;
}

const TABLES = `
  create temporary table doomed_version (
    n bigint generated always as identity primary key, dataset_id bigint not null, partition text collate "C" not null, from_snapshot bigint not null, to_snapshot bigint);
  create temporary table named_segment (dataset_id bigint not null, snapshot bigint not null, ordinal integer not null);
  create temporary table doomed_segment (
    n bigint generated always as identity primary key, dataset_id bigint not null, snapshot bigint not null, ordinal integer not null, unique (dataset_id, snapshot, ordinal))`;

const DOOMED_VERSIONS = `
  insert into doomed_version (dataset_id, partition, from_snapshot, to_snapshot)
  select v.dataset_id, v.partition, v.from_snapshot, v.to_snapshot
  from unnest($2::bigint[], $3::timestamptz[], $4::bigint[]) as d (id, expires, delivered)
  join metadata.partition_version v on v.dataset_id = d.id
  join metadata.snapshot s on s.pipeline = $1 and s.number = coalesce(v.to_snapshot, v.from_snapshot)
  where (v.to_snapshot <= $5 and s.published_at <= $6)
    or (v.to_snapshot is null and v.from_snapshot <= d.delivered and s.published_at <= d.expires)`;

const COUNTS = `
  select dataset_id, count(*) filter (where to_snapshot is null) as partitions, count(to_snapshot) as versions, coalesce(max(to_snapshot), 0) as readable
  from doomed_version group by dataset_id`;

/** Finds the partition versions that are to go. */
export async function planVersions(session: pg.PoolClient, { pipeline, datasets, passed, graceCutoff }: Terms): Promise<Planned> {
  await rowsOf(session, TABLES);
  const [ids, expires, delivered] = [datasets.map(({ id }) => id), datasets.map((dataset) => dataset.expires), datasets.map((dataset) => dataset.delivered)];
  await rowsOf(session, DOOMED_VERSIONS, [pipeline, ids, expires, delivered, passed, graceCutoff]);
  await rowsOf(session, 'analyze doomed_version');
  const rows = await rowsOf<{ dataset_id: number; partitions: number; versions: number; readable: number }>(session, COUNTS);
  return {
    counts: new Map(rows.map(({ dataset_id: id, partitions, versions }) => [id, { partitions, versions }])),
    total: rows.reduce((sum, { partitions, versions }) => sum + partitions + versions, 0),
    forgottenBelow: Math.max(0, ...rows.map(({ readable }) => readable)),
  };
}

// One that was replaced since the plan is somebody's again for the time of grace.
const DELETE_VERSIONS = `
  delete from metadata.partition_version v using doomed_version b
  where b.n > $1 and b.n <= $2 and v.dataset_id = b.dataset_id and v.partition = b.partition and v.from_snapshot = b.from_snapshot
    and v.to_snapshot is not distinct from b.to_snapshot
  returning v.dataset_id, v.partition, v.to_snapshot, ${SEGMENTS_OF} as segments_of, v.segments`;

const FORGET = 'update metadata.pipeline set forgotten_below = greatest(forgotten_below, $2) where name = $1';

interface Gone {
  dataset_id: number;
  partition: string;
  to_snapshot: number | null;
  segments_of: number;
  segments: number[];
}

/** Deletes the planned versions, and says what went. */
export async function deleteVersions(session: pg.PoolClient, terms: Terms, planned: Planned, { signal, report }: CollectCall): Promise<ReadonlyMap<number, VersionCounts>> {
  const counts = new Map<number, VersionCounts>();
  for (let done = 0; done < planned.total; done += BATCH) {
    signal.throwIfAborted();
    report({ step: 'catalog', done, total: planned.total });
    const gone = await transaction(session, async () => {
      await lockPipeline(session, terms.pipeline);
      // Before the first row goes: from then on older snapshots lack something.
      if (done === 0) await rowsOf(session, FORGET, [terms.pipeline, planned.forgottenBelow]);
      const rows = await rowsOf<Gone>(session, DELETE_VERSIONS, [done, done + BATCH]);
      await markExpired(session, terms, rows);
      return rows;
    });
    for (const { dataset_id: id, to_snapshot: replaced } of gone) {
      const { partitions, versions } = counts.get(id) ?? { partitions: 0, versions: 0 };
      counts.set(id, replaced === null ? { partitions: partitions + 1, versions } : { partitions, versions: versions + 1 });
    }
  }
  await rowsOf(session, 'truncate doomed_version');
  return counts;
}

const EXPIRED_PARTITIONS = 'insert into metadata.expired_partition (dataset_id, partition) select * from unnest($1::bigint[], $2::text[]) on conflict do nothing';

const MARK_EXPIRED = `
  insert into metadata.expired_file (pipeline, path, expired_at)
  select distinct $1, s.path, $2::timestamptz
  from unnest($3::bigint[], $4::bigint[], $5::integer[]) as w (dataset_id, snapshot, ordinal)
  join metadata.segment s on s.dataset_id = w.dataset_id and s.snapshot = w.snapshot and s.ordinal = w.ordinal
  on conflict (pipeline, path) do update set expired_at = excluded.expired_at`;

/** Remembers partitions that were live until now; their files stay for the time of grace. */
async function markExpired(session: pg.PoolClient, { pipeline, now }: Terms, gone: readonly Gone[]): Promise<void> {
  const expired = gone.filter((version) => version.to_snapshot === null);
  if (expired.length === 0) return;
  await rowsOf(session, EXPIRED_PARTITIONS, [expired.map((one) => one.dataset_id), expired.map((one) => one.partition)]);
  const named = expired.flatMap((version) => version.segments.map((ordinal) => ({ ...version, ordinal })));
  if (named.length === 0) return;
  await rowsOf(session, MARK_EXPIRED, [pipeline, now, named.map((one) => one.dataset_id), named.map((one) => one.segments_of), named.map((one) => one.ordinal)]);
}

const NAMED = `
  insert into named_segment (dataset_id, snapshot, ordinal)
  select distinct v.dataset_id, ${SEGMENTS_OF}, o.ordinal
  from metadata.partition_version v cross join unnest(v.segments) as o (ordinal)
  where v.dataset_id = any ($1::bigint[])
    and not exists (select from doomed_version d where d.dataset_id = v.dataset_id and d.partition = v.partition and d.from_snapshot = v.from_snapshot)`;

// A file without rows is named by no partition; it stays as long as anything of its publish.
const ORPHANS = `
  insert into doomed_segment (dataset_id, snapshot, ordinal)
  select s.dataset_id, s.snapshot, s.ordinal from metadata.segment s
  where s.dataset_id = any ($1::bigint[]) and s.snapshot <= $2
    and not exists (select from named_segment k where k.dataset_id = s.dataset_id and k.snapshot = s.snapshot and k.ordinal = s.ordinal)
    and (s.partitions > 0 or not exists (
      select from metadata.partition_version v where v.dataset_id = s.dataset_id and v.from_snapshot = s.snapshot
        and not exists (select from doomed_version d where d.dataset_id = v.dataset_id and d.partition = v.partition and d.from_snapshot = v.from_snapshot)))`;

/** Finds the segments that no version names, those aside that are planned to go. */
export async function markOrphans(session: pg.PoolClient, { datasets, newest }: Terms): Promise<void> {
  const ids = datasets.map(({ id }) => id);
  // In one view: a compaction may name others meanwhile. What nothing names in it will never be named again.
  await transaction(session, async () => {
    await session.query('set transaction isolation level repeatable read');
    await rowsOf(session, NAMED, [ids]);
    await rowsOf(session, 'analyze named_segment');
    // Of the snapshots that the terms know: what runs and destinations need of newer ones was not asked.
    await rowsOf(session, ORPHANS, [ids, newest]);
  });
  await rowsOf(session, 'analyze doomed_segment');
}

const DELETE_SEGMENTS = `
  delete from metadata.segment s using doomed_segment d
  where d.n > $1 and d.n <= $2 and s.dataset_id = d.dataset_id and s.snapshot = d.snapshot and s.ordinal = d.ordinal`;

/** Deletes what `markOrphans` found. Nobody writes these rows, so no lock is needed. */
export async function deleteOrphans(session: pg.PoolClient, { signal, report }: CollectCall): Promise<void> {
  const [row] = await rowsOf<{ total: number }>(session, 'select count(*) as total from doomed_segment');
  const total = row?.total ?? 0;
  for (let done = 0; done < total; done += BATCH) {
    signal.throwIfAborted();
    report({ step: 'segments', done, total });
    await rowsOf(session, DELETE_SEGMENTS, [done, done + BATCH]);
  }
  await rowsOf(session, 'truncate doomed_segment');
}
