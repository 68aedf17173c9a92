import { formatInterval, partitionsOf, WeirError, type Definition, type Interval } from '@weir/core';
import type { Lake, Segment, Taking } from '@weir/lake';
import type { SegmentSet } from '@weir/rpc';
import { publishedRawSegments } from './published-raw';
import { rawOf } from './repeated-run';
import { rowsOf, type Queryable } from './rows';
import { intervalOf, type RunRow } from './run-row';

/** What a replay, or another run over what is published, begins with. */
interface Replay {
  readonly runId: string;
  readonly definition: Definition;
  readonly interval: Interval | undefined;
  /** The newest snapshot. */
  readonly snapshot: number;
  /** The run that extracted what is newer than anything published; undefined for what is published. */
  readonly repeated: RunRow | undefined;
}

/** Raw segments with the rows of each partition. */
interface RawParts {
  readonly segments: readonly Segment[];
  readonly rows: ReadonlyMap<string, number>;
  /** What the run that extracted them was to take for these grains. */
  readonly taking?: Taking | undefined;
}

/**
 * Writes the manifest of the raw segments of some grains that a run begins with: those that are published, or those of the run that it repeats. The same run gives the same manifest.
 * Throws RAW_EXPIRED when one of the grains has none, and what rawOf throws.
 */
export async function replayedRaw(db: Queryable, lake: Lake, { runId, definition, interval, snapshot, repeated }: Replay): Promise<SegmentSet> {
  const { name: pipeline, grain, source } = definition;
  const wanted = partitionsOf(interval, grain);
  const { segments, rows, taking } = repeated ? await partsOfRun(db, lake, repeated, definition, new Set(wanted)) : await publishedParts(db, definition, interval, wanted);
  const partitions = wanted.map((partition) => ({ partition, rows: rows.get(partition) }));
  const missing = partitions.find((one) => one.rows === undefined);
  if (missing) throw new WeirError({ code: 'RAW_EXPIRED', message: `Nothing raw of ${missing.partition} of ${pipeline} is published and kept; a run of ${formatInterval(interval)} has nothing to begin with.` });
  const dataset = { dataset: `raw.${source.dataset}`, partitions: partitions.map(({ partition, rows: count = 0 }) => ({ partition, rows: count })), segments };
  return lake.writeManifest({ version: 1, pipeline, runId, stage: 'extract', attempt: `replay-${snapshot}`, datasets: [dataset], ...(taking ? { taking } : {}) });
}

const ROWS = `
  select v.partition, v.rows from metadata.partition_version v join metadata.dataset d on d.id = v.dataset_id
  where d.pipeline = $1 and d.name = $2 and v.to_snapshot is null and v.partition = any ($3::text[])`;

async function publishedParts(db: Queryable, { name, source }: Definition, interval: Interval | undefined, wanted: readonly string[]): Promise<RawParts> {
  const rows = await rowsOf<{ partition: string; rows: number }>(db, ROWS, [name, `raw.${source.dataset}`, wanted]);
  const segments = await publishedRawSegments(db, { pipeline: name, dataset: source.dataset, interval });
  return { segments, rows: new Map(rows.map(({ partition, rows: count }) => [partition, count])) };
}

async function partsOfRun(db: Queryable, lake: Lake, repeated: RunRow, definition: Definition, wanted: ReadonlySet<string>): Promise<RawParts> {
  const manifest = await lake.readManifest(await rawOf(db, lake, repeated, definition));
  const takes = manifest.taking?.takes.filter(({ partition }) => wanted.has(partition)) ?? [];
  const raw = manifest.datasets.find(({ dataset }) => dataset === `raw.${definition.source.dataset}`);
  if (!raw) throw new WeirError({ code: 'RAW_EXPIRED', message: `The run ${repeated.run_id} over ${formatInterval(intervalOf(repeated))} has no raw segments of ${definition.source.dataset}.` });
  return {
    segments: raw.segments.filter(({ partitions }) => partitions.every((partition) => wanted.has(partition))),
    rows: new Map(raw.partitions.map(({ partition, rows }) => [partition, rows])),
    taking: manifest.taking && takes.length > 0 ? { ...manifest.taking, takes } : undefined,
  };
}
