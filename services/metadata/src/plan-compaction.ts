import { WeirError, WHOLE } from '@weir/core';
import type { CompactionDay, PlanCompactionRequest, PlanCompactionResponse } from '@weir/rpc';
import type pg from 'pg';
import { FILE_BYTES, MAX_FILES, planDay, type Day, type DayVersion } from './compaction-day';
import { findDatasets } from './datasets';
import type { Dependencies } from './dependencies';
import { named, SEGMENTS_OF, segmentRows } from './live-segments';
import { readPipeline } from './pipelines';
import { rowsOf } from './rows';
import { inOneView } from './session';

/** What one answer holds at most, beyond its first day: what an engine rewrites within a minute or so, and a message can carry. */
const MAX_DAYS = 200;
const MAX_PARTITIONS = 10_000;
const MAX_BYTES = 512 * 1024 * 1024;

/** Partitions that are looked at together. */
const CHUNK = 5_000;

/** Sorts after the partitions of a day, and before those of the next. */
const END_OF_DAY = '~';

/**
 * The next days of a dataset that are not in their shape; the last one asks on from its date. Published within `settle_ms`, a partition is left for later: it is likely to be published again.
 * Throws PIPELINE_NOT_FOUND, UNKNOWN_DATASET and INVALID_VALUE.
 */
export async function planCompaction({ pool }: Pick<Dependencies, 'pool'>, { pipeline, dataset, settleMs, after }: PlanCompactionRequest): Promise<PlanCompactionResponse> {
  assertCompactable(dataset);
  if (settleMs < 0) throw new WeirError({ code: 'INVALID_VALUE', message: `${settleMs} ms is no time to settle.`, fix: 'Give 0 or more milliseconds.' });
  return inOneView(pool, async (view) => {
    await readPipeline(view, pipeline);
    const [{ id } = { id: 0 }] = await findDatasets(view, pipeline, [dataset]);
    const days: CompactionDay[] = [];
    for await (const looked of daysOf(view, { pipeline, id, settleMs, after })) {
      const segments = await segmentRows(view, id, looked.flatMap(({ versions }) => versions));
      for (const day of looked) {
        const planned = planDay(day, named(day.versions, segments));
        if (planned && days.length > 0 && !fit([...days, planned])) return { days, fileBytes: FILE_BYTES };
        if (planned) days.push(planned);
      }
    }
    return { days, fileBytes: FILE_BYTES };
  });
}

/** Throws INVALID_VALUE for a dataset of the raw zone: what was received stays as it was received. */
export function assertCompactable(dataset: string): void {
  if (dataset.startsWith('raw.')) throw new WeirError({ code: 'INVALID_VALUE', message: `${dataset} is raw: its files stay as they were received.`, fix: 'Compact datasets of bronze, silver and gold.' });
}

function fit(days: readonly CompactionDay[]): boolean {
  const files = new Map(days.flatMap((day) => day.files.map((file) => [file.path, file.bytes] as const)));
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  const partitions = days.reduce((sum, day) => sum + day.partitions.length, 0);
  return days.length <= MAX_DAYS && files.size <= MAX_FILES && partitions <= MAX_PARTITIONS && bytes <= MAX_BYTES;
}

interface Looked {
  readonly pipeline: string;
  readonly id: number;
  readonly settleMs: number;
  readonly after: string;
}

const VERSIONS = `
  select v.partition, v.from_snapshot, ${SEGMENTS_OF} as segments_of, v.segments, s.published_at <= statement_timestamp() - $3::bigint * interval '1 ms' as settled
  from metadata.partition_version v join metadata.snapshot s on s.pipeline = $1 and s.number = v.from_snapshot
  where v.dataset_id = $2 and v.to_snapshot is null and v.partition > $4
  order by v.partition limit ${CHUNK}`;

/** The days of a dataset, in order, each with all of its live partitions; some at a time. */
async function* daysOf(view: pg.PoolClient, { pipeline, id, settleMs, after }: Looked): AsyncGenerator<Day[]> {
  let day: { date: string; versions: DayVersion[] } | undefined;
  for (let last = after === '' ? '' : `${after}${END_OF_DAY}`; ; ) {
    const chunk = await rowsOf<DayVersion>(view, VERSIONS, [pipeline, id, settleMs, last]);
    const whole: Day[] = [];
    for (const version of chunk) {
      const date = dateOf(version.partition);
      if (day?.date === date) day.versions.push(version);
      else {
        if (day) whole.push(day);
        day = { date, versions: [version] };
      }
    }
    last = chunk.at(-1)?.partition ?? '';
    if (chunk.length < CHUNK && day) whole.push(day);
    yield whole;
    if (chunk.length < CHUNK) return;
  }
}

/** The day that a partition begins in. */
function dateOf(partition: string): string {
  return partition === WHOLE ? '' : partition.slice(0, 'YYYY-MM-DD'.length);
}
