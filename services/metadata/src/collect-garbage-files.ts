import { isWeirError } from '@weir/core';
import { isCompacted, sweep, type Lake, type LakeEntry, type Manifest } from '@weir/lake';
import { RunKind, RunStatus, type CollectGarbageRequest } from '@weir/rpc';
import type pg from 'pg';
import type { CollectCall } from './collect-garbage';
import { Removal, type FileCounts } from './collect-garbage-removal';
import type { Terms } from './collect-garbage-terms';
import { SEGMENTS_OF } from './live-segments';
import { rowsOf } from './rows';

export type { FileCounts };

/** How far the clocks of the database and of the lake's file system may differ. */
const CLOCKS_MS = 10_000;
/** Temporary files that belong to no run, and files that a compaction wrote, stay at least this long: nobody can say who works with them, or is about to name them. */
const STRAY_MS = 24 * 3_600_000;

/** Zones whose files lie in folders of the run that wrote them: zone/pipeline/dataset/run/file. */
const STAGED = ['bronze', 'silver', 'gold'] as const;
/** Names in the paths of folders that belong to one run, by their place; others are shared, and somebody may be about to write there. */
const DEPTH = { staged: 4, manifest: 3, tmp: 2 } as const;

/** Removes a pipeline's files that nothing needs, and says what went by dataset. */
export async function collectFiles(session: pg.PoolClient, lake: Lake, terms: Terms, call: CollectCall): Promise<ReadonlyMap<string, FileCounts>> {
  const { pipeline } = terms;
  const removal = new Removal(lake, terms.dryRun, new Set(terms.datasets.map(({ name }) => name)), call);
  const cutoff = terms.graceCutoff.getTime();
  const over = async (folder: string, before: number, depth: number | undefined, select: (old: readonly LakeEntry[], page: readonly LakeEntry[]) => Promise<readonly LakeEntry[]>) => {
    for await (const page of sweep(lake, folder)) {
      removal.looked(page.length);
      await removal.take(await select(page.filter((entry) => entry.modifiedMs <= before), page), before, depth);
    }
  };
  await keepNamed(session, terms);
  // Manifests before raw files: they name some.
  await over(`manifest/${pipeline}`, cutoff, DEPTH.manifest, (old, page) => uselessManifests(session, lake, terms, old, page));
  await over(`raw/${pipeline}`, rawCutoffOf(terms), undefined, (old) => unnamed(session, old.filter(({ kind }) => kind === 'file')));
  for (const zone of STAGED) {
    await over(`${zone}/${pipeline}`, cutoff, DEPTH.staged, (old) => unnamed(session, old.filter((entry) => mayGo(entry, terms))));
  }
  await over('tmp', cutoff, DEPTH.tmp, (old) => temporaryOf(session, old, (owners) => owners.some((owner) => owner.pipeline === pipeline)));
  return removal.counts;
}

/** Removes temporary files that belong to no run, such as those of a service that was killed while it wrote. */
export async function collectStrays(session: pg.PoolClient, lake: Lake, { dryRun, graceMs }: CollectGarbageRequest, call: CollectCall): Promise<ReadonlyMap<string, FileCounts>> {
  const removal = new Removal(lake, dryRun, new Set(), call);
  const before = Date.now() - Math.max(graceMs, STRAY_MS);
  for await (const page of sweep(lake, 'tmp')) {
    removal.looked(page.length);
    const old = page.filter((entry) => entry.modifiedMs <= before);
    await removal.take(await temporaryOf(session, old, (owners) => owners.length === 0), before, DEPTH.tmp);
  }
  return removal.counts;
}

/** Whether a file of a zone that nothing names is nobody's: neither a running run's nor that of a compaction that is at work. */
function mayGo({ path, modifiedMs }: LakeEntry, { running, now }: Terms): boolean {
  return isCompacted(path) ? modifiedMs <= now.getTime() - STRAY_MS : !running.has(path.split('/')[3] ?? '');
}

/** A raw file lies under its content, not under its run; but whoever extracts it marks it as wanted, so it is newer than every run that may be at that. */
function rawCutoffOf({ graceCutoff, oldestRun }: Terms): number {
  return oldestRun ? Math.min(graceCutoff.getTime(), oldestRun.getTime() - CLOCKS_MS) : graceCutoff.getTime();
}

const KEPT = `
  insert into kept_path (path)
  select s.path from metadata.segment s
  where s.dataset_id = any ($1::bigint[])
    and not exists (select from doomed_segment d where d.dataset_id = s.dataset_id and d.snapshot = s.snapshot and d.ordinal = s.ordinal)
  on conflict do nothing`;

const EXPIRED = 'insert into kept_path (path) select path from metadata.expired_file where pipeline = $1 and expired_at > $2 on conflict do nothing';

// Only a dry run still has them here.
const EXPIRING = `
  insert into kept_path (path)
  select s.path from doomed_version d
  join metadata.partition_version v on v.dataset_id = d.dataset_id and v.partition = d.partition and v.from_snapshot = d.from_snapshot
  cross join unnest(v.segments) as o (ordinal)
  join metadata.segment s on s.dataset_id = v.dataset_id and s.snapshot = ${SEGMENTS_OF} and s.ordinal = o.ordinal
  where d.to_snapshot is null
  on conflict do nothing`;

/** All paths that the catalog names or has named of late. What is published after this was written by runs that are left alone. */
async function keepNamed(session: pg.PoolClient, { datasets, pipeline, graceCutoff, hasGrace }: Terms): Promise<void> {
  await rowsOf(session, 'create temporary table kept_path (path text collate "C" primary key)');
  await rowsOf(session, KEPT, [datasets.map(({ id }) => id)]);
  await rowsOf(session, EXPIRED, [pipeline, graceCutoff]);
  if (hasGrace) await rowsOf(session, EXPIRING);
  await rowsOf(session, 'analyze kept_path');
}

/** Those of the entries that nothing names. */
async function unnamed(session: pg.PoolClient, entries: readonly LakeEntry[]): Promise<readonly LakeEntry[]> {
  if (entries.length === 0) return [];
  const rows = await rowsOf<{ path: string }>(session, 'select path from kept_path where path = any ($1::text[])', [entries.map(({ path }) => path)]);
  const kept = new Set(rows.map(({ path }) => path));
  return entries.filter(({ path }) => !kept.has(path));
}

interface ManifestRun {
  run_id: string;
  kind: RunKind;
  status: RunStatus;
  snapshot: number | null;
  ended_at: Date | null;
}

/**
 * Manifests that can go. What a run extracted stays as long as its raw segments do, because the run can be repeated from there; the raw files that only such
 * a manifest names are kept with it. Runs that extend an archive, one a minute, are not repeated: the next plan takes what they did not publish.
 */
async function uselessManifests(session: pg.PoolClient, lake: Lake, terms: Terms, old: readonly LakeEntry[], page: readonly LakeEntry[]): Promise<readonly LakeEntry[]> {
  const ids = [...new Set(page.map(({ path }) => path.split('/')[2] ?? ''))];
  const found = await rowsOf<ManifestRun>(session, 'select run_id, kind, status, snapshot, ended_at from metadata.run where run_id = any ($1::text[])', [ids]);
  const runs = new Map(found.map((run) => [run.run_id, run]));
  const held = new Set<string>();
  for (const { path } of page) {
    const [, , runId = '', file = ''] = path.split('/');
    const run = runs.get(runId);
    const repeatable = run !== undefined && run.kind !== RunKind.REFRESH && file.startsWith('extract-') && (!terms.rawCutoff || !run.ended_at || run.ended_at > terms.rawCutoff);
    const pinned = terms.pinnedManifests.has(path);
    if (pinned || repeatable || terms.running.has(runId) || run?.status === RunStatus.RUNNING) held.add(path);
    if (pinned || (repeatable && run.snapshot === null)) await keepRaw(session, lake, path);
  }
  return old.filter(({ path }) => !held.has(path));
}

async function keepRaw(session: pg.PoolClient, lake: Lake, manifest: string): Promise<void> {
  const paths = await rawPathsOf(lake, manifest);
  await rowsOf(session, 'insert into kept_path (path) select unnest($1::text[]) on conflict do nothing', [paths]);
}

/** A manifest that is gone or damaged serves nobody: a run that begins with it verifies its hash. */
async function rawPathsOf(lake: Lake, manifest: string): Promise<string[]> {
  try {
    const { datasets } = JSON.parse((await lake.read(manifest)).toString('utf8')) as Manifest;
    return datasets.flatMap(({ segments }) => segments.map(({ path }) => path));
  } catch (error) {
    // One that cannot be read just now names files all the same.
    if (isWeirError(error) && error.code !== 'SEGMENT_CORRUPT') throw error;
    return [];
  }
}

interface Owner {
  run_id: string;
  pipeline: string;
  status: RunStatus;
}

/** Temporary files, named `<runId>.<attempt>.…`, whose runs have ended and are those that `mine` says. */
async function temporaryOf(session: pg.PoolClient, entries: readonly LakeEntry[], mine: (owners: readonly Owner[]) => boolean): Promise<readonly LakeEntry[]> {
  const prefixes = new Map(entries.map(({ path }) => [path, prefixesOf(path.split('/')[1] ?? '')]));
  const ids = [...new Set([...prefixes.values()].flat())];
  if (entries.length === 0) return [];
  const owners = await rowsOf<Owner>(session, 'select run_id, pipeline, status from metadata.run where run_id = any ($1::text[])', [ids]);
  const byId = new Map(owners.map((owner) => [owner.run_id, owner]));
  return entries.filter(({ path }) => {
    const own = (prefixes.get(path) ?? []).flatMap((id) => byId.get(id) ?? []);
    return mine(own) && own.every(({ status }) => status !== RunStatus.RUNNING);
  });
}

/** Run ids may have dots, so every part that ends at one may be the id. */
function prefixesOf(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, n) => parts.slice(0, n + 1).join('.'));
}
