import { KEY_CONFLICT, WeirError, type Definition, type PoisonReason } from '@weir/core';
import { mapPostgresError, withSpan } from '@weir/platform';
import type { TryRowsRequest, TryRowsResponse } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { DAMAGE } from './format/damage';
import { LOAD_STAGE } from './note-refused';
import { filterValues, narrowed } from './row-filter';
import { sourceContract } from './source-contract';
import { tallyOf } from './tried-rows';
import { tryFileRows } from './try-file-rows';
import { tryRecords } from './try-records';

/** Rows, and bytes of originals and headers, that one page judges. */
const PAGE_ROWS = 2_000;
const PAGE_BYTES = 1024 * 1024;

/** An open row with what its trial needs. */
export interface OpenRow {
  readonly id: string;
  readonly partition: string;
  readonly file: string;
  readonly sha256: string | null;
  readonly line: string;
  readonly dataset: string;
  readonly stage: string;
  readonly rules: readonly string[];
  readonly reason: string;
  readonly original: Buffer | null;
  readonly original_path: string | null;
  readonly key: Buffer | null;
  /** JSON, of records that have some. */
  readonly headers: string | null;
}

/** What the newest contract says of a row: nothing where it would land, else why it stays. */
export type Verdicts = ReadonlyMap<string, string>;

// The first row of a page comes whatever its size is.
const PAGE = `select * from (
  select q.*, sum(coalesce(octet_length(original), 0) + coalesce(octet_length(headers), 0)) over (order by partition, id) as bytes, row_number() over (order by partition, id) as place
  from (
    select id, partition, file, sha256, line, dataset, stage, rules, reason, original, original_path, key, headers from quality.quarantined_row
    where pipeline = $1 and status = 'open' and ${narrowed(2)} and (partition, id) > ($7, $8::bigint) order by partition, id limit ${PAGE_ROWS}) as q) as measured
where place = 1 or bytes <= ${PAGE_BYTES} order by partition, id`;

/**
 * Judges the originals of a page of open rows by the newest contract, each as if it came alone, and says by grain and by rule how many would land. Rows that a table refused count as landing: whether it
 * takes them now only it can say, when their grain is run again. Writes nothing but temporary files.
 * Throws PIPELINE_NOT_FOUND, INVALID_VALUE for a filter or cursor that is none, CANCELLED, UNAVAILABLE, and what the engine and the lake throw.
 */
export async function tryRows(dependencies: Dependencies, request: TryRowsRequest, signal: AbortSignal): Promise<TryRowsResponse> {
  const { pipeline } = request;
  const { version, definition } = await dependencies.catalog.newestVersion(pipeline, signal);
  const rows = await pageOf(dependencies.pool, request);
  return withSpan('quarantine try rows', { 'weir.pipeline': pipeline, 'weir.rows.read': rows.length }, async (span) => {
    const doomed = doomedOf(rows, definition);
    const left = rows.filter(({ id, stage }) => stage !== LOAD_STAGE && !doomed.has(id));
    const trial = { ...dependencies, definition, version, rows: left, signal };
    const tried = left.length === 0 ? new Map<string, string>() : await (definition.source.type === 'kafka' ? tryRecords(trial) : tryFileRows(trial));
    const staying = new Map([...doomed, ...tried]);
    span.setAttribute('weir.rows.admitted', rows.length - staying.size);
    const last = rows.at(-1);
    const newer = await newerThanPublished(dependencies.pool, pipeline, rows);
    return { contractVersion: definition.contract.version, ...tallyOf(rows, staying, { newer, logs: definition.source.type === 'kafka' }), cursor: last ? `${last.id} ${last.partition}` : '' };
  });
}

async function pageOf(pool: pg.Pool, { pipeline, filter, cursor, grains = 0 }: TryRowsRequest): Promise<OpenRow[]> {
  const [, id = '0', partition = ''] = /^(\d{1,18}) (\S{1,100})$/.exec(cursor) ?? [];
  if (cursor !== '' && partition === '') throw new WeirError({ code: 'INVALID_VALUE', message: `\`${cursor.slice(0, 100)}\` is not a cursor.`, fix: 'Give the cursor of the page before, or none.' });
  const { rows } = await pool.query<OpenRow>(PAGE, [pipeline, ...filterValues(filter), partition, id]).catch((error: unknown) => {
    throw mapPostgresError(error);
  });
  const partitions = new Set([...new Set(rows.map((row) => row.partition))].slice(0, grains > 0 ? grains : undefined));
  return rows.filter((row) => partitions.has(row.partition));
}

const NEWEST = `select p.partition, j.run_id from unnest($2::text[]) as p (partition)
cross join lateral (select judgement from quality.quarantined_row where pipeline = $1 and status = 'open' and partition = p.partition order by judgement desc limit 1) as newest
join quality.judgement j on j.id = newest.judgement where j.settled_at is null`;

/** By grain the run that judged last, where that run has published nothing: what it extracted is newer than what is published. */
async function newerThanPublished(pool: pg.Pool, pipeline: string, rows: readonly OpenRow[]): Promise<ReadonlyMap<string, string>> {
  const partitions = [...new Set(rows.map(({ partition }) => partition))];
  const { rows: newest } = await pool.query<{ partition: string; run_id: string }>(NEWEST, [pipeline, partitions]).catch((error: unknown) => {
    throw mapPostgresError(error);
  });
  return new Map(newest.map(({ partition, run_id: runId }) => [partition, runId]));
}

/** Of records whose values nobody could read: no contract changes that. What could not be decoded may be, by another schema. */
const NEVER_READ: ReadonlySet<string> = new Set<PoisonReason>(['codec_unknown', 'inflated_too_large', 'compressed_corrupt', 'records_corrupt', 'too_many_records', 'too_large']);

/** Rows that stay whatever the contract says, or that only all rows of their grain together can tell. */
function doomedOf(rows: readonly OpenRow[], definition: Definition): Map<string, string> {
  const { order } = sourceContract(definition);
  const never = definition.source.type === 'kafka' ? NEVER_READ : DAMAGE;
  const stays = ({ rules, dataset, stage }: OpenRow): boolean => stage !== LOAD_STAGE && (dataset !== definition.source.dataset || rules.some((rule) => never.has(rule)) || (rules.includes(KEY_CONFLICT) && order.by === 'immutable'));
  return new Map(rows.filter(stays).map(({ id, reason }) => [id, reason]));
}
