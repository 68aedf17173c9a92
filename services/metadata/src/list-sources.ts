import { parseInterval, WeirError, type Interval } from '@weir/core';
import type { ListSourcesRequest, ListSourcesResponse, SourceFile } from '@weir/rpc';
import type pg from 'pg';
import { findDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { pagesOf } from './pages';
import { readDefinition, readPipeline } from './pipelines';
import { rowsOf, type Queryable } from './rows';
import { inOneView } from './session';

/** Partitions that are read at a time: bounds the memory for pipelines of many years. */
const CHUNK = 5_000;

interface VersionRow {
  partition: string;
  from_snapshot: number;
  segments: number[];
  published_at: Date;
}

interface SegmentRow {
  snapshot: number;
  ordinal: number;
  source: string | null;
  bytes: number;
  sha256: string;
  rows: number;
}

/** One partition's files; none for one that was published without a file. */
interface PartitionSources {
  readonly partition: string;
  readonly files: readonly SourceFile[];
}

/**
 * The files that live raw partitions were read from, or those of raw that live partitions of another dataset were made from, in pages of about 1 MiB ordered by
 * partition. Partitions that were published before files were recorded by name, and those whose raw is no longer kept, are left out.
 * Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET and INVALID_INTERVAL.
 */
export async function listSources({ pool }: Pick<Dependencies, 'pool'>, request: ListSourcesRequest, send: (page: ListSourcesResponse) => Promise<void>): Promise<void> {
  const { version, snapshot } = await readPipeline(pool, request.pipeline);
  const { name, grain, source } = await readDefinition(pool, request.pipeline, version);
  if (request.interval && !grain) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain; its source has no intervals.`, fix: 'Leave the interval out.' });
  const interval = request.interval && grain ? parseInterval(request.interval.start, request.interval.end, grain) : undefined;
  const raw = `raw.${source.dataset}`;
  const [read, live] = await findDatasets(pool, name, [raw, request.dataset ?? raw]);
  if (!read || !live) return;
  for await (const sources of readSources(pool, { pipeline: name, rawId: read.id, datasetId: live.id, snapshot, interval })) {
    for (const page of pagesOf(sources.flatMap(entriesOf), sizeOf)) {
      if (page.length > 0) await send({ files: page.filter((entry) => typeof entry !== 'string'), empty: page.filter((entry) => typeof entry === 'string') });
    }
  }
}

/** Files, or the partition's name when it has none. */
function entriesOf({ partition, files }: PartitionSources): readonly (SourceFile | string)[] {
  return files.length > 0 ? files : [partition];
}

/** Tags, lengths, numbers and the time of one file in a message. */
const OVERHEAD = 64;

function sizeOf(entry: SourceFile | string): number {
  return typeof entry === 'string' ? Buffer.byteLength(entry) + 2 : Buffer.byteLength(entry.partition) + Buffer.byteLength(entry.source) + entry.sha256.length + OVERHEAD;
}

interface Wanted {
  readonly pipeline: string;
  readonly rawId: number;
  /** Whose live partitions; raw itself has its own. */
  readonly datasetId: number;
  /** All chunks are of this snapshot. */
  readonly snapshot: number;
  readonly interval: Interval | undefined;
}

// What raw had then, not what it has now: the archive of a stream may have gone on since, and a partition is made of what its run read.
const VERSIONS = `
  select r.partition, r.from_snapshot, r.segments, s.published_at
  from metadata.partition_version v
  join metadata.partition_version r on r.dataset_id = $7 and r.partition = v.partition and r.from_snapshot <= v.from_snapshot and (r.to_snapshot is null or r.to_snapshot > v.from_snapshot)
  join metadata.snapshot s on s.pipeline = $1 and s.number = r.from_snapshot
  where v.dataset_id = $2 and v.from_snapshot <= $3 and (v.to_snapshot is null or v.to_snapshot > $3)
    and v.partition > $4 and ($5::text is null or v.partition >= $5) and ($6::text is null or v.partition < $6)
  order by r.partition limit ${CHUNK}`;

async function* readSources(pool: pg.Pool, { pipeline, rawId, datasetId, snapshot, interval }: Wanted): AsyncGenerator<PartitionSources[]> {
  let after = '';
  for (;;) {
    // In one view: garbage may be collected meanwhile. Not around the yield, which takes as long as the receiver does.
    const { last, sources } = await inOneView(pool, async (view) => {
      const versions = await rowsOf<VersionRow>(view, VERSIONS, [pipeline, datasetId, snapshot, after, interval?.start ?? null, interval?.end ?? null, rawId]);
      return { last: versions.length === CHUNK ? versions.at(-1)?.partition : undefined, sources: await withFiles(view, rawId, versions) };
    });
    yield sources;
    if (last === undefined) return;
    after = last;
  }
}

const SEGMENTS = `
  select s.snapshot, s.ordinal, s.source, s.bytes, s.sha256, s.rows
  from unnest($2::bigint[], $3::integer[]) as w (snapshot, ordinal)
  join metadata.segment s on s.dataset_id = $1 and s.snapshot = w.snapshot and s.ordinal = w.ordinal`;

async function withFiles(db: Queryable, datasetId: number, versions: readonly VersionRow[]): Promise<PartitionSources[]> {
  const keys = new Map(versions.flatMap((version) => version.segments.map((ordinal) => [`${version.from_snapshot}:${ordinal}`, [version.from_snapshot, ordinal] as const])));
  const wanted = [...keys.values()];
  const rows = await rowsOf<SegmentRow>(db, SEGMENTS, [datasetId, wanted.map(([snapshot]) => snapshot), wanted.map(([, ordinal]) => ordinal)]);
  const segments = new Map(rows.map((row) => [`${row.snapshot}:${row.ordinal}`, row]));
  return versions.flatMap(({ partition, from_snapshot: snapshot, segments: ordinals, published_at: publishedAt }) => {
    const files = ordinals.flatMap((ordinal) => {
      const segment = segments.get(`${snapshot}:${ordinal}`);
      return typeof segment?.source === 'string' ? [{ partition, source: segment.source, bytes: segment.bytes, sha256: segment.sha256, rows: segment.rows, publishedAt: publishedAt.toISOString() }] : [];
    });
    return files.length === ordinals.length ? [{ partition, files }] : [];
  });
}
