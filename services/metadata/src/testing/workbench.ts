import { join } from 'node:path';
import { CSV_LAYOUT, type Definition, type Interval, type Model } from '@weir/core';
import { Lake, segmentPath, type ManifestDataset } from '@weir/lake';
import { migrate } from '@weir/platform';
import { RunKind, RunStart, type BeginRunRequest, type GetDifferenceRequest, type GetDifferenceResponse, type LiveSegment, type SegmentSet } from '@weir/rpc';
import { tempDir, testDatabase, type TestDatabase } from '@weir/testkit';
import type pg from 'pg';
import { getDifference } from '../get-difference';
import { getSnapshot } from '../get-snapshot';
import { datasetsOf } from '../run-scope';
import { storeDefinition } from '../store-definition';

export const MIGRATIONS = join(__dirname, '..', '..', 'migrations');

/** A migrated database and a lake for one test file. */
export interface Workbench {
  readonly database: TestDatabase;
  readonly pool: pg.Pool;
  readonly lake: Lake;
  dispose(): Promise<void>;
}

export async function openWorkbench(): Promise<Workbench> {
  const [database, folder] = await Promise.all([testDatabase(), tempDir()]);
  await migrate(database.pool, 'metadata', MIGRATIONS);
  const dispose = async () => {
    await Promise.all([database.drop(), folder.dispose()]);
  };
  return { database, pool: database.pool, lake: new Lake(folder.path), dispose };
}

function modelOf(zone: Model['zone'], name: string, scope: Model['scope']): Model {
  return { name, zone, file: `models/${zone}/${name}.sql`, sql: 'select * from bronze.orders', scope, inputs: ['bronze.orders'], key: [], writeMode: 'append', columns: [{ name: 'id', type: 'BIGINT' }] };
}

/** A pipeline of a day's grain with raw.orders, bronze.orders, silver.lines, gold.revenue and, over history, gold.customers. */
export function definitionOf(name: string, changes: Partial<Definition> = {}): Definition {
  return {
    name,
    description: '',
    mode: 'batch',
    grain: '1d',
    lookbackGrains: 0,
    approval: 'never',
    retention: { raw: 7_776_000_000 },
    upstream: [],
    source: { type: 'file', dataset: 'orders', path: '/data/{date}.csv', layout: CSV_LAYOUT, empty: 'error' },
    contract: { id: name, version: '1.0.0', datasets: [{ name: 'orders', columns: [{ name: 'id', physicalName: 'Id', type: 'BIGINT', required: true }], rules: [], checks: [], order: { by: 'arrival' } }] },
    models: [modelOf('silver', 'lines', 'row'), modelOf('gold', 'revenue', 'interval'), modelOf('gold', 'customers', 'history')],
    destinations: [{ connection: 'warehouse', type: 'postgres', schema: name }],
    policy: { retries: 2, retryDelayMs: 300_000, executionTimeoutMs: 3_600_000, failAbove: { share: 0.01, minRows: 100 } },
    ...changes,
  };
}

/** Stores a pipeline's definition and gives its name. */
export async function givenPipeline(pool: pg.Pool, name: string, changes: Partial<Definition> = {}): Promise<string> {
  await storeDefinition(pool, definitionOf(name, changes));
  return name;
}

/** Days of December 2010 and after, counted from 0: [start, end). */
export function days(start: number, end: number): Interval {
  return { start: day(start), end: day(end) };
}

/** The canonical start of the n-th day from 2010-12-01. */
export function day(n: number): string {
  return new Date(Date.UTC(2010, 11, 1 + n)).toISOString().replace('.000Z', 'Z');
}

export function runRequest(pipeline: string, runId: string, interval?: Interval, kind: RunKind = RunKind.MANUAL): BeginRunRequest {
  return { runId, workflowId: `run/${pipeline}/${runId}`, pipeline, interval, kind, traceId: '', backfill: '', scheduledFor: '', startAt: RunStart.SOURCE, retryOf: '' };
}

/** One staged file: its partitions with the rows of each. */
export type StagedFile = Readonly<Record<string, number>>;

/** Stages files of one dataset for a run, each with content of its own; partitions that no file has are listed with 0 rows. */
export async function stageDataset(lake: Lake, pipeline: string, runId: string, dataset: string, partitions: readonly string[], files: readonly StagedFile[]): Promise<ManifestDataset> {
  const segments: ManifestDataset['segments'][number][] = [];
  for (const [n, file] of files.entries()) {
    const path = segmentPath(pipeline, dataset, runId, 'a1', n);
    const { bytes, sha256 } = await lake.putStream(path, [Buffer.from(`${path} ${JSON.stringify(file)}`)]);
    segments.push({ path, bytes, sha256, rows: sum(Object.values(file)), partitions: Object.keys(file).sort() });
  }
  return { dataset, partitions: partitions.map((partition) => ({ partition, rows: sum(files.map((file) => file[partition] ?? 0)) })), segments };
}

/** Stages all datasets of a run as one wide file each, one row in every partition. */
export async function stageWide(lake: Lake, pipeline: string, runId: string, partitions: readonly string[], scope: 'interval' | 'history' = 'interval'): Promise<SegmentSet> {
  const file = Object.fromEntries(partitions.map((partition) => [partition, 1]));
  const names = datasetsOf(definitionOf(pipeline), scope);
  const datasets = await Promise.all(names.map((name) => stageDataset(lake, pipeline, runId, name, partitions, [file])));
  return writeManifest(lake, pipeline, runId, datasets);
}

export async function writeManifest(lake: Lake, pipeline: string, runId: string, datasets: readonly ManifestDataset[], stage = 'transform'): Promise<SegmentSet> {
  return lake.writeManifest({ version: 1, pipeline, runId, stage, attempt: 'a1', datasets });
}

/** The live segments of a dataset, all pages together. */
export async function liveSegments(pool: pg.Pool, pipeline: string, dataset: string, snapshot = 0): Promise<LiveSegment[]> {
  const segments: LiveSegment[] = [];
  await getSnapshot({ pool }, { pipeline, snapshot, datasets: [dataset] }, async (page) => void segments.push(...page.segments));
  return segments;
}

/** A difference, all pages together. */
export async function difference(pool: pg.Pool, request: GetDifferenceRequest): Promise<GetDifferenceResponse> {
  const all: GetDifferenceResponse = { before: [], after: [], unchanged: [] };
  await getDifference({ pool }, request, async (page) => {
    for (const list of ['before', 'after', 'unchanged'] as const) all[list].push(...page[list]);
  });
  return all;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
