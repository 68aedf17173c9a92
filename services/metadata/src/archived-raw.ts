import { formatInterval, partitionsOf, WeirError, type Definition, type Interval } from '@weir/core';
import type { Lake } from '@weir/lake';
import type { SegmentSet } from '@weir/rpc';
import { publishedRawRows, publishedRawSegments } from './published-raw';
import type { Queryable } from './rows';

/** What a run of a realtime pipeline begins with. */
interface ArchivedRun {
  readonly runId: string;
  readonly definition: Definition;
  readonly interval: Interval | undefined;
  /** The newest snapshot. */
  readonly snapshot: number;
}

/**
 * Writes the manifest of the raw segments that a stream's archive has of an interval, with every grain of it. The same run and snapshot give the same manifest.
 * Throws RAW_EXPIRED when the archive has none of it.
 */
export async function archivedRaw(db: Queryable, lake: Lake, { runId, definition, interval, snapshot }: ArchivedRun): Promise<SegmentSet> {
  const { name: pipeline, grain, source } = definition;
  const rows = interval ? await publishedRawRows(db, { pipeline, dataset: source.dataset, interval }) : new Map<string, number>();
  if (rows.size === 0) throw new WeirError({ code: 'RAW_EXPIRED', message: `The archive of ${pipeline} has nothing of ${formatInterval(interval)}.`, fix: 'Wait until the archive has passed it, or take an interval that the archive has.' });
  const segments = await publishedRawSegments(db, { pipeline, dataset: source.dataset, interval });
  const partitions = partitionsOf(interval, grain).map((partition) => ({ partition, rows: rows.get(partition) ?? 0 }));
  // Named after the snapshot: a begin that was refused for another reason may be repeated when the archive has more.
  return lake.writeManifest({ version: 1, pipeline, runId, stage: 'extract', attempt: `archive-${snapshot}`, datasets: [{ dataset: `raw.${source.dataset}`, partitions, segments }] });
}
