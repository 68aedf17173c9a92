import { WeirError } from '@weir/core';
import { inTransaction } from '@weir/platform';
import type { ListRowsRequest, ListRowsResponse, QuarantinedRow, RowSummary } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { filterValues, narrowed } from './row-filter';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** Originals, keys and headers beyond this sum stay out of an answer, so that it fits a message of 4 MiB; newest rows first keep theirs. */
const MAX_ORIGINAL_BYTES = 2 * 1024 * 1024;

const COLUMNS = 'id, run_id, dataset, file, line, byte_offset, byte_length, partition, rules, reason, original_path, quarantined_at, traceparent, status, contract_version, stage, table_name';
const MATCHING = `quality.quarantined_row where pipeline = $1 and ($2 = '' or status = $2) and ${narrowed(3)}`;

const SUMMARY = `select ${COLUMNS}, null as original, null as key, null as headers from ${MATCHING} order by id desc limit $8`;
const WHOLE_ROWS = `select ${COLUMNS},
  case when fits then original end as original, case when fits then key end as key, case when fits then headers end as headers
from (select *, sum(coalesce(octet_length(original), 0) + coalesce(octet_length(key), 0) + coalesce(octet_length(headers), 0)) over (order by id desc) <= ${MAX_ORIGINAL_BYTES} as fits
  from (select * from ${MATCHING} order by id desc limit $8) as newest) as measured order by id desc`;
const RULES = `select rule, count(*) as rows from (select unnest(rules) as rule from ${MATCHING}) as broken group by rule order by rows desc, rule`;

const STATUSES: ReadonlySet<string> = new Set(['', 'open', 'replayed', 'dropped', 'superseded']);

/** A row of the table, as these columns give it. */
export interface StoredRow {
  readonly id: string;
  readonly partition: string;
  readonly contract_version: string;
  readonly run_id: string;
  readonly dataset: string;
  readonly file: string;
  readonly line: string;
  /** Null for records of logs. */
  readonly byte_offset: string | null;
  readonly byte_length: string | null;
  readonly rules: string[];
  readonly reason: string;
  readonly original: Buffer | null;
  readonly original_path: string | null;
  readonly quarantined_at: Date;
  readonly key: Buffer | null;
  readonly headers: string | null;
  readonly traceparent: string | null;
  readonly status: string;
  readonly stage: string;
  /** Null unless a table refused it. */
  readonly table_name: string | null;
}

/**
 * The quarantined rows of a pipeline, newest first, and on demand how many there are by rule, in the same view. Throws INVALID_VALUE and INVALID_INTERVAL for a filter or state that is none, UNAVAILABLE.
 */
export async function listRows({ pool }: Pick<Dependencies, 'pool'>, request: ListRowsRequest): Promise<ListRowsResponse> {
  const { pipeline, runId, status = '', summary = false, filter } = request;
  if (!STATUSES.has(status)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${status}\` is not a state of a row.`, fix: 'Use open, replayed, dropped or superseded.' });
  const limit = Math.min(Math.max(request.limit || DEFAULT_LIMIT, 1), MAX_LIMIT);
  const values = [pipeline, status, ...filterValues({ ...filter, runId: filter?.runId || runId })];
  return inTransaction(pool, async (client) => {
    await client.query('set transaction isolation level repeatable read read only');
    const { rows } = await client.query<StoredRow>(summary ? SUMMARY : WHOLE_ROWS, [...values, limit]);
    return { rows: rows.map(toWire), summary: summary ? await summaryOf(client, values) : undefined };
  });
}

async function summaryOf(client: pg.ClientBase, values: readonly unknown[]): Promise<RowSummary> {
  const total = await client.query<{ rows: string }>(`select count(*) as rows from ${MATCHING}`, [...values]);
  const rules = await client.query<{ rule: string; rows: string }>(RULES, [...values]);
  return { rows: Number(total.rows[0]?.rows ?? 0), rules: rules.rows.map(({ rule, rows }) => ({ rule, rows: Number(rows) })) };
}

/** A row as it travels. */
export function toWire(row: StoredRow): QuarantinedRow {
  return {
    id: Number(row.id),
    partition: row.partition,
    contractVersion: row.contract_version,
    runId: row.run_id,
    dataset: row.dataset,
    file: row.file,
    line: Number(row.line),
    byteOffset: Number(row.byte_offset),
    byteLength: Number(row.byte_length),
    rules: row.rules,
    reason: row.reason,
    original: row.original ?? Buffer.alloc(0),
    originalPath: row.original_path ?? '',
    quarantinedAt: row.quarantined_at.toISOString(),
    key: row.key ?? Buffer.alloc(0),
    headers: row.headers ?? '',
    traceparent: row.traceparent ?? '',
    status: row.status,
    stage: row.stage,
    table: row.table_name ?? '',
  };
}
