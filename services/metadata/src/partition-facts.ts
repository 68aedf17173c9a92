import { formatInterval, isReadInSequence, notTaken, parseDefinition, partitionsOf, staleParts, type Definition, type Interval } from '@weir/core';
import type { PartitionFacts } from './interval-reason';
import { rowsOf, type Queryable } from './rows';
import { upstreamOf } from './run-input';
import { newestTake, takeBehind, takesIn } from './takes';

/** What is asked about: partitions of a pipeline, against its newest definition. */
export interface FactsRequest {
  readonly definition: Definition;
  readonly version: number;
  readonly interval: Interval;
  /** Workflow id of the backfill that asks; empty for none. */
  readonly backfill: string;
  /** Starts of partitions whose source changed. */
  readonly changedSources: ReadonlySet<string>;
}

interface HolderRow {
  partition: string;
  run_id: string;
}

interface NewestRow extends HolderRow {
  failed: boolean;
}

interface LiveRow extends HolderRow {
  version: number;
  backfill: string;
}

const HOLDERS = 'select partition, run_id from metadata.lease where pipeline = $1 and partition >= $2 and partition < $3';

const NEWEST = `
  select o.partition, o.run_id, r.status = 'RUN_STATUS_FAILED' and r.snapshot is null as failed
  from metadata.outcome o join metadata.run r on r.run_id = o.run_id
  where o.pipeline = $1 and o.partition >= $2 and o.partition < $3`;

const LIVE = `
  select v.partition, s.run_id, r.definition_version as version, r.backfill
  from metadata.partition_version v
  join metadata.snapshot s on s.pipeline = $1 and s.number = v.from_snapshot
  join metadata.run r on r.run_id = s.run_id
  where v.dataset_id = (select id from metadata.dataset where pipeline = $1 and name = $4) and v.to_snapshot is null and v.partition >= $2 and v.partition < $3`;

const EXPIRED = `
  select partition from metadata.expired_partition
  where dataset_id = (select id from metadata.dataset where pipeline = $1 and name = $4) and partition >= $2 and partition < $3`;

/** What there is to know about every partition of an interval, oldest first. Reads one state of the database only within a transaction that does. */
export async function readFacts(db: Queryable, request: FactsRequest): Promise<PartitionFacts[]> {
  const { definition, version, interval, backfill, changedSources } = request;
  const range = [definition.name, interval.start, interval.end];
  const holders = byPartition(await rowsOf<HolderRow>(db, HOLDERS, range));
  const newest = byPartition(await rowsOf<NewestRow>(db, NEWEST, range));
  // What a run of a stream's interval is made from, and what its archive publishes in any case, is raw.
  const published = [...range, `${definition.mode === 'realtime' ? 'raw' : 'bronze'}.${definition.source.dataset}`];
  const live = byPartition(await rowsOf<LiveRow>(db, LIVE, published));
  const expired = new Set((await rowsOf<{ partition: string }>(db, EXPIRED, published)).map((row) => row.partition));
  const parts = await changedParts(db, request, [...live.values()]);
  const upstream = await changedUpstream(db, request, [...live.values()]);
  const passed = await passedBy(db, definition, interval);
  return partitionsOf(interval, definition.grain).map((partition) => {
    const [last, alive] = [newest.get(partition), live.get(partition)];
    const source = changedSources.has(partition) ? ['source data'] : [];
    return {
      partition,
      holder: holders.get(partition)?.run_id,
      newest: last && { runId: last.run_id, failed: last.failed },
      live: alive && { runId: alive.run_id, own: backfill !== '' && alive.backfill === backfill && alive.version === version },
      expired: expired.has(partition),
      archived: alive !== undefined || definition.mode !== 'realtime',
      passedBy: passed.get(partition),
      changes: alive ? [...(parts.get(alive.version) ?? []), ...source, ...(upstream.get(partition) ?? [])] : [],
    };
  });
}

/** Of a source that is read in sequence: the intervals that took nothing and lie before one that did, with the first interval behind them that took what was there. */
async function passedBy(db: Queryable, { name, source, grain }: Definition, interval: Interval): Promise<ReadonlyMap<string, string>> {
  const last = isReadInSequence(source) ? await newestTake(db, name) : undefined;
  if (!last || grain === undefined) return new Map();
  const takes = await takesIn(db, name, interval);
  // Under another grain one may reach into the interval from before it.
  const around = [await takeBehind(db, name, interval.start), await takeBehind(db, name, interval.end)];
  const ascending = [...around.slice(0, 1), ...takes, ...around.slice(1)].filter((take) => take !== undefined);
  let at = 0;
  return new Map(notTaken(partitionsOf(interval, grain), grain, takes).flatMap((partition): [string, string][] => {
    while ((ascending[at]?.end ?? '') <= partition && at < ascending.length) at += 1;
    const behind = ascending[at];
    return behind && partition < last.end ? [[partition, `taken by ${formatInterval({ start: behind.partition, end: behind.end })}`]] : [];
  }));
}

function byPartition<Row extends { partition: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.partition, row]));
}

/** What the newest definition has that the older ones under which partitions were published had not, by their version; each is compared once. */
async function changedParts(db: Queryable, { definition, version }: FactsRequest, live: readonly LiveRow[]): Promise<Map<number, string[]>> {
  const older = new Set(live.map((row) => row.version));
  older.delete(version);
  const texts = await rowsOf<{ version: number; body: string }>(
    db,
    'select version, body::text as body from metadata.definition where pipeline = $1 and version = any ($2::bigint[])',
    [definition.name, [...older]],
  );
  return new Map(texts.map((text) => [text.version, staleParts(parseDefinition(text.body), definition)]));
}

const PINS = 'select run_id, snapshot from metadata.run_input where run_id = any ($1::text[]) and pipeline = $2 and dataset = $3';

const PUBLISHED = `
  select v.partition, v.from_snapshot as snapshot from metadata.partition_version v
  where v.dataset_id = (select id from metadata.dataset where pipeline = $1 and name = $2) and v.to_snapshot is null and v.partition >= $3 and v.partition < $4`;

const NEWEST_OF = `
  select max(v.from_snapshot) as snapshot from metadata.partition_version v
  where v.dataset_id = (select id from metadata.dataset where pipeline = $1 and name = $2) and v.to_snapshot is null`;

/** The datasets of other pipelines that were published again since the runs behind the live partitions read them, by partition. */
async function changedUpstream(db: Queryable, { definition, interval }: FactsRequest, live: readonly LiveRow[]): Promise<Map<string, string[]>> {
  const changed = new Map<string, string[]>();
  const runs = [...new Set(live.map((row) => row.run_id))];
  for (const { pipeline, dataset, reference, byInterval } of upstreamOf(definition, 'interval')) {
    const pins = new Map((await rowsOf<{ run_id: string; snapshot: number }>(db, PINS, [runs, pipeline, dataset])).map((pin) => [pin.run_id, pin.snapshot]));
    const now = byInterval ? await snapshotByPartition(db, pipeline, dataset, interval) : await newestSnapshot(db, pipeline, dataset);
    for (const { partition, run_id: runId } of live) {
      const pin = pins.get(runId);
      // A run without a pin did not read it: its definition differs then, and that is a change of its own.
      if (pin !== undefined && now(partition) > pin) changed.set(partition, [...(changed.get(partition) ?? []), `upstream ${reference}`]);
    }
  }
  return changed;
}

async function snapshotByPartition(db: Queryable, pipeline: string, dataset: string, { start, end }: Interval): Promise<(partition: string) => number> {
  const rows = await rowsOf<{ partition: string; snapshot: number }>(db, PUBLISHED, [pipeline, dataset, start, end]);
  const snapshots = new Map(rows.map((row) => [row.partition, row.snapshot]));
  return (partition) => snapshots.get(partition) ?? 0;
}

async function newestSnapshot(db: Queryable, pipeline: string, dataset: string): Promise<() => number> {
  const [row] = await rowsOf<{ snapshot: number | null }>(db, NEWEST_OF, [pipeline, dataset]);
  return () => row?.snapshot ?? 0;
}
