import { partitionsOf } from '@weir/core';
import { RunKind, RunStart, RunStatus, StageStatus, Verdict, type BeginRunRequest, type SegmentSet, type StageRecord } from '@weir/rpc';
import { beginRun } from '../begin-run';
import { finishRun } from '../finish-run';
import { publish } from '../publish';
import { recordStage } from '../record-stage';
import { stageDataset, stageWide, writeManifest, type Workbench } from './workbench';

/** A stage attempt that succeeded, and `changes`. */
export function stageRecord(stage: string, changes: Partial<StageRecord> = {}): StageRecord {
  return {
    stage, attempt: 1, status: StageStatus.SUCCEEDED, startedAt: '2026-01-01T00:00:00.000Z', milliseconds: 1, rowsIn: 0, rowsOut: 0, rowsQuarantined: 0,
    details: [], checks: [], verdict: Verdict.UNSPECIFIED, score: undefined, error: undefined, accounts: undefined, output: undefined, rules: [], ...changes,
  };
}

/** Begins a run of a pipeline of a day's grain and publishes a row in every partition; the run is still open. Gives the snapshot. */
export async function publishedOpen(bench: Workbench, request: BeginRunRequest): Promise<number> {
  const { fence, interval } = await beginRun(bench, request);
  const scope = request.kind === RunKind.REFRESH ? 'history' : 'interval';
  const staged = [await stageWide(bench.lake, request.pipeline, request.runId, partitionsOf(interval, '1d'), scope)];
  return (await publish(bench, { runId: request.runId, fence, staged, moves: [] })).snapshot;
}

/** The same, and ends the run. */
export async function published(bench: Workbench, request: BeginRunRequest, status: RunStatus = RunStatus.SUCCEEDED): Promise<number> {
  const snapshot = await publishedOpen(bench, request);
  await finishRun(bench, { runId: request.runId, status, error: undefined });
  return snapshot;
}

/** Begins a run and ends it with nothing published. */
export async function ended(bench: Workbench, request: BeginRunRequest, status: RunStatus = RunStatus.FAILED): Promise<void> {
  await beginRun(bench, request);
  await finishRun(bench, { runId: request.runId, status, error: undefined });
}

/** What the extract of a run stages: raw files by name, each with one partition. */
export async function extracted(bench: Workbench, { pipeline, runId }: BeginRunRequest, partitions: readonly string[], files: Readonly<Record<string, string>>): Promise<SegmentSet> {
  const dataset = await stageDataset(bench.lake, pipeline, runId, 'raw.orders', partitions, Object.values(files).map((partition) => ({ [partition]: 1 })));
  const names = Object.keys(files);
  const segments = dataset.segments.map((segment, n) => ({ ...segment, source: names[n] }));
  return writeManifest(bench.lake, pipeline, runId, [{ ...dataset, segments }], 'extract');
}

/** Stages all but raw for a run. */
export async function derived(bench: Workbench, { pipeline, runId }: BeginRunRequest, partitions: readonly string[]): Promise<SegmentSet> {
  const file = Object.fromEntries(partitions.map((partition) => [partition, 1]));
  const datasets = await Promise.all(['bronze.orders', 'silver.lines', 'gold.revenue'].map((name) => stageDataset(bench.lake, pipeline, runId, name, partitions, [file])));
  return writeManifest(bench.lake, pipeline, runId, datasets);
}

/** A run that extracted `files`, recorded it and then failed. Gives what it extracted. */
export async function failedAfterExtract(bench: Workbench, request: BeginRunRequest, files: Readonly<Record<string, string>>): Promise<SegmentSet> {
  const { interval } = await beginRun(bench, request);
  const output = request.startAt === RunStart.SOURCE ? await extracted(bench, request, partitionsOf(interval, '1d'), files) : undefined;
  if (output) await recordStage(bench, { runId: request.runId, stage: stageRecord('extract', { output }) });
  await finishRun(bench, { runId: request.runId, status: RunStatus.FAILED, error: undefined });
  return output ?? { manifest: '', sha256: '', rows: 0, bytes: 0 };
}
