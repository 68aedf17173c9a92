import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { partitionsOf, type Interval } from '@weir/core';
import { compactedPath, segmentPath, type ManifestDataset, type Segment } from '@weir/lake';
import { RunKind, RunStatus, type CompactedDay, type CompactionDay, type LiveSegment } from '@weir/rpc';
import { beginRun } from '../begin-run';
import { finishRun } from '../finish-run';
import { planCompaction } from '../plan-compaction';
import { publish } from '../publish';
import { replaceSegments } from '../replace-segments';
import { datasetsOf } from '../run-scope';
import { definitionOf, runRequest, writeManifest, type Workbench } from './workbench';

/** What a file of these tests holds: the rows of each partition, as JSON. */
export type Rows = Readonly<Record<string, readonly string[]>>;

/** The rows of one file. */
export async function rowsIn(bench: Workbench, path: string): Promise<Rows> {
  return JSON.parse(await readFile(bench.lake.absolute(path), 'utf8')) as Rows;
}

/** The rows that live segments stand for, as a reader sees them. */
export async function rowsOfSegments(bench: Workbench, segments: readonly LiveSegment[]): Promise<string[]> {
  const found: string[] = [];
  for (const { path, partitions, whole } of segments) {
    const rows = await rowsIn(bench, path);
    const wanted = whole ? Object.keys(rows) : partitions;
    found.push(...wanted.flatMap((partition) => rows[partition] ?? []));
  }
  return found.sort();
}

async function put(bench: Workbench, path: string, rows: Rows): Promise<Segment> {
  const text = JSON.stringify(rows);
  const digest = await bench.lake.putStream(path, [Buffer.from(text)]);
  expect(digest.sha256).toBe(createHash('sha256').update(text).digest('hex'));
  return { path, ...digest, rows: Object.values(rows).flat().length, partitions: Object.keys(rows).sort() };
}

export interface HourlyRun {
  readonly runId: string;
  readonly kind?: RunKind;
  /** Undefined for a refresh. */
  readonly interval: Interval | undefined;
  /** Files that each partition's rows are spread over. */
  readonly files: number;
}

/** Publishes a run of a pipeline of an hour's grain, each row named after its dataset, run, partition and file; gives the snapshot and the rows by dataset and partition. */
export async function publishHours(bench: Workbench, pipeline: string, { runId, kind = RunKind.MANUAL, interval, files }: HourlyRun): Promise<{ snapshot: number; rows: ReadonlyMap<string, Rows> }> {
  const { fence } = await beginRun(bench, runRequest(pipeline, runId, interval, kind));
  const partitions = kind === RunKind.REFRESH ? ['all'] : partitionsOf(interval, '1h');
  const names = datasetsOf(definitionOf(pipeline, { grain: '1h' }), kind === RunKind.REFRESH ? 'history' : 'interval');
  const staged = new Map<string, Rows>();
  const datasets: ManifestDataset[] = [];
  for (const dataset of names) {
    const segments: Segment[] = [];
    const rowOf = (partition: string, n: number): string => `${dataset} ${runId} ${partition} ${n}`;
    for (let n = 0; n < files; n += 1) segments.push(await put(bench, segmentPath(pipeline, dataset, runId, 'a1', n), Object.fromEntries(partitions.map((partition) => [partition, [rowOf(partition, n)]]))));
    datasets.push({ dataset, partitions: partitions.map((partition) => ({ partition, rows: files })), segments });
    staged.set(dataset, Object.fromEntries(partitions.map((partition) => [partition, Array.from({ length: files }, (_, n) => rowOf(partition, n))])));
  }
  const { snapshot } = await publish(bench, { runId, fence, staged: [await writeManifest(bench.lake, pipeline, runId, datasets)], moves: [] });
  await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
  return { snapshot, rows: staged };
}

/** The days of a dataset that are not in their shape. */
export async function planned(bench: Workbench, pipeline: string, dataset: string, settleMs = 0): Promise<CompactionDay[]> {
  return (await planCompaction(bench, { pipeline, dataset, settleMs, after: '' })).days;
}

/** Writes what a compaction does: one file for each day, of just the rows that are live. */
export async function rewritten(bench: Workbench, pipeline: string, dataset: string, days: readonly CompactionDay[]): Promise<CompactedDay[]> {
  const written: CompactedDay[] = [];
  for (const { date, partitions, files } of days) {
    const rows: Record<string, string[]> = {};
    for (const file of files) {
      const held = await rowsIn(bench, file.path);
      for (const partition of file.partitions) rows[partition] = [...(rows[partition] ?? []), ...(held[partition] ?? [])];
    }
    const segment = await put(bench, compactedPath({ pipeline, dataset, date, hasDate: false }, randomUUID(), 0), rows);
    written.push({ date, partitions, files: [{ ...segment, partitions: [...segment.partitions], zoneMap: { columns: [{ column: 'id', type: 'BIGINT', low: '1', high: '2' }] } }] });
  }
  return written;
}

/** A whole compaction of a dataset; gives the days that were skipped. */
export async function compact(bench: Workbench, pipeline: string, dataset: string): Promise<string[]> {
  const days = await rewritten(bench, pipeline, dataset, await planned(bench, pipeline, dataset));
  return (await replaceSegments(bench, { pipeline, dataset, days })).skipped;
}
