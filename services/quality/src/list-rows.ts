import { mapPostgresError } from '@weir/platform';
import type { ListRowsRequest, ListRowsResponse, QuarantinedRow } from '@weir/rpc';
import type { Dependencies } from './dependencies';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
/** Originals, keys and headers beyond this sum stay out of an answer, so that it fits a message of 4 MiB; newest rows first keep theirs. */
const MAX_ORIGINAL_BYTES = 2 * 1024 * 1024;

const SELECT = `select run_id, dataset, file, line, byte_offset, byte_length, rules, reason, original_path, quarantined_at, traceparent, status,
  case when fits then original end as original, case when fits then key end as key, case when fits then headers end as headers
from (select *, sum(coalesce(octet_length(original), 0) + coalesce(octet_length(key), 0) + coalesce(octet_length(headers), 0)) over (order by id desc) <= $4 as fits
  from (select * from quality.quarantined_row where pipeline = $1 and ($2 = '' or run_id = $2) order by id desc limit $3) as newest) as measured order by id desc`;

interface Row {
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
}

/** The quarantined rows of a pipeline or run, newest first. */
export async function listRows({ pool }: Pick<Dependencies, 'pool'>, request: ListRowsRequest): Promise<ListRowsResponse> {
  const limit = Math.min(Math.max(request.limit || DEFAULT_LIMIT, 1), MAX_LIMIT);
  const { rows } = await pool.query<Row>(SELECT, [request.pipeline, request.runId, limit, MAX_ORIGINAL_BYTES]).catch((error: unknown) => {
    throw mapPostgresError(error);
  });
  return { rows: rows.map(toWire) };
}

function toWire(row: Row): QuarantinedRow {
  return {
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
  };
}
