import type { Zone } from '@weir/core';
import type { CollectGarbageRequest } from '@weir/rpc';
import type pg from 'pg';
import { readDatasets } from './datasets';
import { pipelineNotFound, readDefinition } from './pipelines';
import { rowsOf } from './rows';

/** A dataset and the rules for its live partitions. */
export interface DatasetTerms {
  readonly id: number;
  readonly name: string;
  /** Partitions that were published at this time or before are over; undefined: none. */
  readonly expires: Date | undefined;
  /** Only up to this snapshot: no destination may miss a partition because it went before it was delivered. */
  readonly delivered: number;
}

/** What one collection goes by, all as of one moment of the database's clock. */
export interface Terms {
  readonly pipeline: string;
  readonly dryRun: boolean;
  readonly now: Date;
  /** What was replaced or written after this stays. */
  readonly graceCutoff: Date;
  readonly hasGrace: boolean;
  readonly datasets: readonly DatasetTerms[];
  /** No destination and no run needs a snapshot below this one. */
  readonly passed: number;
  readonly newest: number;
  readonly forgottenBelow: number;
  readonly running: ReadonlySet<string>;
  /** Raw files that were written or wanted after this may be a running run's; undefined while none runs. */
  readonly oldestRun: Date | undefined;
  /** Manifests that running runs began with. */
  readonly pinnedManifests: ReadonlySet<string>;
  /** Runs that ended at this time or before cannot be repeated from their raw segments any more; undefined: all can. */
  readonly rawCutoff: Date | undefined;
}

// Rounded up, because a time of JavaScript is: what was published before this question is not after it.
const MOMENT = `
  select date_trunc('milliseconds', clock_timestamp()) + interval '1 ms' as now, version, snapshot, forgotten_below
  from metadata.pipeline where name = $1`;

const RUNNING = `
  select run_id, began_at_snapshot, started_at, raw ->> 'manifest' as manifest
  from metadata.run where pipeline = $1 and status = 'RUN_STATUS_RUNNING'`;

const READ_BY_OTHERS = `
  select min(i.snapshot) as snapshot from metadata.run_input i join metadata.run r on r.run_id = i.run_id
  where i.pipeline = $1 and i.snapshot > 0 and r.status = 'RUN_STATUS_RUNNING'`;

/** Zones whose tables go to destinations. */
const DELIVERED: ReadonlySet<string> = new Set<Zone>(['silver', 'gold']);

/** Reads what a collection of a pipeline goes by. Throws PIPELINE_NOT_FOUND. */
export async function readTerms(session: pg.PoolClient, { pipeline, dryRun, graceMs, passedSnapshot }: CollectGarbageRequest): Promise<Terms> {
  const [moment] = await rowsOf<{ now: Date; version: number; snapshot: number; forgotten_below: number }>(session, MOMENT, [pipeline]);
  if (!moment) return pipelineNotFound(pipeline);
  // After the moment: a run that is not among them began after it, and so did its files.
  const runs = await rowsOf<{ run_id: string; began_at_snapshot: number; started_at: Date; manifest: string | null }>(session, RUNNING, [pipeline]);
  const [others] = await rowsOf<{ snapshot: number | null }>(session, READ_BY_OTHERS, [pipeline]);
  const { retention } = await readDefinition(session, pipeline, moment.version);
  const before = (ms: number) => new Date(moment.now.getTime() - ms);
  const passed = Math.min(passedSnapshot, moment.snapshot);
  const datasets = (await readDatasets(session, pipeline)).map(({ id, name }) => {
    const zone = name.slice(0, name.indexOf('.')) as Zone;
    const kept = retention[zone];
    return { id, name, expires: kept === undefined ? undefined : before(kept), delivered: DELIVERED.has(zone) ? passed : moment.snapshot };
  });
  return {
    pipeline,
    dryRun,
    now: moment.now,
    graceCutoff: before(graceMs),
    hasGrace: graceMs > 0,
    datasets,
    passed: Math.min(passed, others?.snapshot ?? passed, ...runs.map((run) => run.began_at_snapshot)),
    newest: moment.snapshot,
    forgottenBelow: moment.forgotten_below,
    running: new Set(runs.map((run) => run.run_id)),
    oldestRun: runs.length > 0 ? new Date(Math.min(...runs.map((run) => run.started_at.getTime()))) : undefined,
    pinnedManifests: new Set(runs.flatMap(({ manifest }) => manifest ?? [])),
    rawCutoff: retention.raw === undefined ? undefined : before(retention.raw + graceMs),
  };
}
