import { randomUUID } from 'node:crypto';
import { csvRowSql, quoteIdent, quoteLiteral, type Column, type Definition, type Model } from '@weir/core';
import { withEngine } from '@weir/engine';
import { InlineEncoding, type InlineBatch, type LoadBatchRequest, type LogRange, type StreamContext } from '@weir/rpc';
import { tempDir } from '@weir/testkit';
import type { TestRow } from './test-dataset';

/** A realtime pipeline over the topic `clicks`. */
export function clickStream(models: readonly Model[]): Definition {
  return {
    name: 'test',
    description: '',
    source: { type: 'kafka', dataset: 'clicks', connection: 'kafka', topic: 'clicks', format: 'json', start: 'earliest' },
    contract: { id: 'test', version: '1.0.0', datasets: [] },
    models,
    destinations: [{ connection: 'warehouse', type: 'postgres', schema: 'test' }],
    mode: 'realtime', grain: '1d', stream: { consumers: 1, refreshMs: 60_000 }, lookbackGrains: 0, approval: 'never', retention: {}, upstream: [],
    policy: { retries: 2, retryDelayMs: 0, executionTimeoutMs: 60_000, failAbove: { share: 0.01, minRows: 100 } },
  };
}

/** Columns of a micro-batch's table, as transform gives them. */
export function stagedColumns(model: Model): Column[] {
  const text = (name: string): Column => ({ name, type: 'VARCHAR' });
  const identity = [text('_weir_row_id'), text('_weir_position')];
  return model.writeMode === 'upsert' ? [...model.columns, ...identity, { name: '_weir_deleted', type: 'BOOLEAN' }] : [...model.columns, text('_weir_partition'), ...identity];
}

/** The rows of a table as transform's engine writes them. */
export async function inlineBatch(model: Model, rows: readonly TestRow[]): Promise<InlineBatch> {
  const columns = stagedColumns(model);
  const literal = (value: string | null | undefined, type: string): string => (value === null || value === undefined ? `null::${type}` : `${quoteLiteral(value)}::${type}`);
  const values = rows.map((row) => `(${columns.map(({ name, type }) => literal(row[name], type)).join(', ')})`);
  const select = `select string_agg(${csvRowSql(columns)}, chr(10)) as csv from (values ${values.join(', ')}) t(${columns.map(({ name }) => quoteIdent(name)).join(', ')})`;
  const folder = await tempDir();
  const [written] = await withEngine({ inputs: [], staging: folder.path, memoryLimit: '256MB', threads: 1 }, (engine) => engine.rows<{ csv: string }>(select, 'rows'));
  await folder.dispose();
  return { dataset: `${model.zone}.${model.name}`, columns: columns.map(({ name }) => name), encoding: InlineEncoding.CSV, rows: rows.length, data: Buffer.from(written?.csv ?? '') };
}

/** What makes a row of the record at an offset; its id has 32 digits and no more, as quality writes it. */
export function recordAt(offset: number, fields: TestRow, { partition = 0, deleted = false }: { partition?: number; deleted?: boolean } = {}): TestRow {
  const rowId = `0000000${partition}000040008000${String(offset).padStart(12, '0')}`;
  return { ...fields, _weir_row_id: rowId, _weir_position: `clicks:${partition}:${offset}`, _weir_deleted: String(deleted), _weir_partition: '2024-01-01T00:00:00Z' };
}

export function streamContext(): StreamContext {
  return { pipeline: 'test', definitionVersion: 1, commitId: randomUUID(), workflowId: 'stream/test', runId: 'stream-run' };
}

export function rangeOf(partition: number, from: number, to: number): LogRange {
  return { partition, from, to, greatestBeforeFrom: from, greatestBeforeTo: to };
}

export function loadRequest(tables: InlineBatch[], ranges: LogRange[], context: StreamContext | undefined = streamContext()): LoadBatchRequest {
  return { context, cluster: 'cluster-1', topic: 'clicks', ranges, tables, accounts: { read: 2, admitted: 2, duplicate: 0, quarantined: 0, filtered: 0 }, grains: ranges.map(({ partition, from, to }) => ({ partition, offset: from, count: to - from, grain: '2024-01-01T00:00:00Z' })) };
}
