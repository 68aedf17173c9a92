import { createHash } from 'node:crypto';
import { lstat, utimes } from 'node:fs/promises';
import { rawPath, segmentPath, sweep, type Lake, type ManifestDataset, type Segment } from '@weir/lake';
import { RunKind, RunStatus, type CollectGarbageRequest, type CollectGarbageResult, type SegmentSet } from '@weir/rpc';
import { beginRun } from '../begin-run';
import { collectGarbage } from '../collect-garbage';
import { finishRun } from '../finish-run';
import { publish } from '../publish';
import { runRequest, writeManifest, type Workbench } from './workbench';

export const DAY_MS = 86_400_000;
const ZONED = ['bronze.orders', 'silver.lines', 'gold.revenue'];

/** Collects with a day's grace unless told otherwise, in silence. */
export function collect(bench: Workbench, request: Partial<CollectGarbageRequest> & { pipeline: string }): Promise<CollectGarbageResult> {
  const quiet = { signal: new AbortController().signal, report: () => undefined };
  return collectGarbage(bench, { dryRun: false, graceMs: DAY_MS, passedSnapshot: 0, ...request }, quiet);
}

/** Begins a run over partitions (days) and gives its fence. */
export async function begin(bench: Workbench, pipeline: string, runId: string, partitions: readonly string[]): Promise<number> {
  const end = new Date(Date.parse(partitions.at(-1) ?? '') + DAY_MS).toISOString();
  return (await beginRun(bench, runRequest(pipeline, runId, { start: partitions[0] ?? '', end }, RunKind.MANUAL))).fence;
}

/** Stages what an extract does: one file for each partition, which lies under its content, so that runs may share it. */
export async function stageRaw(lake: Lake, pipeline: string, runId: string, partitions: readonly string[], content: (partition: string) => string): Promise<SegmentSet> {
  const segments: Segment[] = [];
  for (const partition of partitions) {
    const bytes = Buffer.from(content(partition));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = rawPath(pipeline, 'orders', sha256);
    await lake.putStream(path, [bytes]);
    segments.push({ path, bytes: bytes.length, sha256, rows: 1, partitions: [partition], source: `${partition}.csv` });
  }
  return writeManifest(lake, pipeline, runId, [{ dataset: 'raw.orders', partitions: partitions.map((partition) => ({ partition, rows: 1 })), segments }], 'extract');
}

/** Stages what the stages after an extract do: a file for each partition of each dataset, or one for all of them. */
export async function stageRest(lake: Lake, pipeline: string, runId: string, partitions: readonly string[], wide: boolean): Promise<SegmentSet> {
  const datasets: ManifestDataset[] = [];
  for (const dataset of ZONED) {
    const segments: Segment[] = [];
    for (const [n, held] of (wide ? [partitions] : partitions.map((partition) => [partition])).entries()) {
      const path = segmentPath(pipeline, dataset, runId, 'a1', n);
      segments.push({ path, ...(await lake.putStream(path, [Buffer.from(path)])), rows: held.length, partitions: [...held] });
    }
    datasets.push({ dataset, partitions: partitions.map((partition) => ({ partition, rows: 1 })), segments });
  }
  return writeManifest(lake, pipeline, runId, datasets);
}

export interface RunPlan {
  readonly runId: string;
  readonly partitions: readonly string[];
  readonly content?: (partition: string) => string;
  readonly wide?: boolean;
}

/** A whole run that is published; gives its snapshot. */
export async function publishRun(bench: Workbench, pipeline: string, { runId, partitions, content = (partition) => `${runId} ${partition}`, wide = false }: RunPlan): Promise<number> {
  const fence = await begin(bench, pipeline, runId, partitions);
  const staged = [await stageRaw(bench.lake, pipeline, runId, partitions, content), await stageRest(bench.lake, pipeline, runId, partitions, wide)];
  const { snapshot } = await publish(bench, { runId, fence, staged, moves: [] });
  await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
  return snapshot;
}

/** A run that fails after its extract. */
export async function failRun(bench: Workbench, pipeline: string, { runId, partitions, content = (partition) => `${runId} ${partition}` }: RunPlan): Promise<void> {
  await begin(bench, pipeline, runId, partitions);
  await stageRaw(bench.lake, pipeline, runId, partitions, content);
  await stageRest(bench.lake, pipeline, runId, partitions, false);
  await finishRun(bench, { runId, status: RunStatus.FAILED, error: undefined });
}

/** Makes it so that a run, its snapshot and the files that are in the lake now and were not there before are of `daysAgo`. */
export async function age(bench: Workbench, runId: string, daysAgo: number, files: readonly string[]): Promise<void> {
  const at = new Date(Date.now() - daysAgo * DAY_MS);
  await bench.pool.query('update metadata.snapshot set published_at = $2 where run_id = $1', [runId, at]);
  await bench.pool.query('update metadata.run set started_at = $2::timestamptz, ended_at = case when ended_at is null then null else $2::timestamptz end where run_id = $1', [runId, at]);
  for (const path of files) await utimes(bench.lake.absolute(path), at, at);
}

/** Paths of all files of a lake, or of one pipeline in it, sorted. */
export async function filesOf(lake: Lake, pipeline?: string): Promise<string[]> {
  const files: string[] = [];
  const zones = ['manifest', 'raw', 'bronze', 'silver', 'gold'];
  for (const folder of pipeline === undefined ? [...zones, 'tmp'] : zones.map((zone) => `${zone}/${pipeline}`)) {
    for await (const page of sweep(lake, folder)) files.push(...page.filter(({ kind }) => kind === 'file').map(({ path }) => path));
  }
  return files.sort();
}

/** When a file was last written or wanted, milliseconds since 1970. */
export async function modifiedMs(lake: Lake, path: string): Promise<number> {
  return (await lstat(lake.absolute(path))).mtimeMs;
}
