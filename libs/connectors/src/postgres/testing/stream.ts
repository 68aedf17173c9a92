import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { PostgresDestination } from '../destination';
import type { PositionRange } from '../positions';
import type { StreamBatch, StreamCommit } from '../stream-commit';
import { streamTable, type StreamTable } from '../stream-table';
import type { TableSpec } from '../table';

export const SOURCE = { pipeline: 'shop', cluster: 'cluster-1', topic: 'clicks' };

/** That all records are of. */
export const GRAIN = '2024-01-01T00:00:00Z';

/** A table of a model over rows, by key. */
export const KEYED: TableSpec = {
  schema: 'shop',
  name: 'clicks',
  columns: [
    { name: 'id', type: 'VARCHAR' },
    { name: 'note', type: 'VARCHAR' },
    { name: 'seq', type: 'BIGINT' },
  ],
  identity: { by: 'key', columns: ['id'] },
  lineage: true,
};

export const bySequence = (spec: TableSpec = KEYED): StreamTable => streamTable(spec, 'seq', SOURCE.topic);
export const byArrival = (spec: TableSpec = KEYED): StreamTable => streamTable(spec, undefined, SOURCE.topic);

/** A row of a micro-batch by column; what is absent is null. */
export type StreamRow = Readonly<Record<string, string | number | boolean | null>>;

/** A row of `clicks`; the offset also makes its id, so that a later row of equal sequence has the greater one. */
export function click(id: string | null, offset: number, { note = `at ${offset}`, seq = offset, deleted = false, partition = 0 }: { note?: string; seq?: number | null; deleted?: boolean; partition?: number } = {}): StreamRow {
  return { id, note, seq, _weir_row_id: rowId(partition, offset), _weir_position: `${SOURCE.topic}:${partition}:${offset}`, _weir_deleted: deleted };
}

export function rowId(partition: number, offset: number): string {
  return `${partition.toString(16).padStart(8, '0')}-0000-4000-8000-${offset.toString(16).padStart(12, '0')}`;
}

/** CSV as the engine writes it: null is an empty field, everything else is quoted. */
export function csv(rows: readonly StreamRow[], columns: readonly string[]): Buffer {
  const field = (value: StreamRow[string] | undefined): string => (value === null || value === undefined ? '' : `"${String(value).replaceAll('"', '""')}"`);
  return Buffer.from(rows.map((row) => `${columns.map((name) => field(row[name])).join(',')}\n`).join(''));
}

export interface BatchOptions {
  readonly table?: StreamTable;
  readonly ranges?: readonly PositionRange[];
  readonly commitId?: string;
  readonly version?: number;
  readonly pipeline?: string;
}

/** A micro-batch over one table, of [from, to) of partition 0 unless it says otherwise. */
export function batchOf(rows: readonly StreamRow[], from: number, to: number, options: BatchOptions = {}): StreamBatch {
  const { table = bySequence(), ranges = [{ partition: 0, from, to, greatestTimestamp: to }], commitId = randomUUID(), version = 1, pipeline = SOURCE.pipeline } = options;
  const columns = Object.keys(rows[0] ?? {});
  const tables = rows.length === 0 ? [] : [{ table, columns, rows: rows.length, data: csv(rows, columns) }];
  return { ...SOURCE, pipeline, definitionVersion: version, commitId, runId: 'stream-run', traceId: 'f'.repeat(32), ranges, tables, grains: ranges.map((range) => ({ partition: range.partition, offset: range.from, count: range.to - range.from, grain: GRAIN })), accounts: { read: to - from } };
}

export const NEVER = new AbortController().signal;

/** Opens partitions at 0. */
export async function open(destination: PostgresDestination, partitions = 1, source = SOURCE): Promise<void> {
  await destination.openPositions(source, Array.from({ length: partitions }, (_, partition) => ({ partition, next: 0, greatestTimestamp: 0 })), NEVER);
}

export function commit(destination: PostgresDestination, rows: readonly StreamRow[], from: number, to: number, options: BatchOptions = {}): Promise<StreamCommit> {
  return destination.commitBatch(batchOf(rows, from, to, options), NEVER);
}

/** What a table holds: the columns as text, ordered by the first one's bytes. */
export async function contents(pool: Pool, columns = 'id, note', table = 'shop.clicks'): Promise<(string | null)[][]> {
  const texts = columns.split(', ').map((name) => `"${name}"::text`);
  const found = await pool.query<(string | null)[]>({ text: `select ${texts.join(', ')} from ${table} order by ${texts.map((text) => `${text} collate "C"`).join(', ')}`, rowMode: 'array' });
  return found.rows;
}

/** Where the stream stands, by partition. */
export async function standing(pool: Pool): Promise<number[]> {
  const found = await pool.query<{ next: string }>('select next from weir.position where pipeline = $1 and cluster = $2 and topic = $3 order by log_partition', [SOURCE.pipeline, SOURCE.cluster, SOURCE.topic]);
  return found.rows.map(({ next }) => Number(next));
}
