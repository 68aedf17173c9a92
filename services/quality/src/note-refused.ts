import { WeirError } from '@weir/core';
import { countQuarantined, countReplayed, inTransaction, withSpan } from '@weir/platform';
import type { NoteRefusedRequest, NoteRefusedResponse, RefusedRow } from '@weir/rpc';
import type pg from 'pg';
import type { Dependencies } from './dependencies';
import { INLINE_BYTES } from './rejects';

/** The stage of rows that a table refused. */
export const LOAD_STAGE = 'load';

const MAX_ROWS = 1_000;
const MAX_REASON = 1_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What is said of a row, and its state in the quarantine then. */
const STATES: ReadonlyMap<string, string> = new Map([['', 'open'], ['landed', 'replayed'], ['superseded', 'superseded']]);

/**
 * Notes what tables of a destination say of rows: those that they refused are set aside; those that they had refused are replayed when they are in the table now, and superseded when another row has their place.
 * A row that was dropped stays so when it is refused again. Of what is said of one row the latest holds, in whatever order it comes; repeating it changes nothing. Throws INVALID_VALUE and UNAVAILABLE.
 */
export async function noteRefused({ pool }: Pick<Dependencies, 'pool'>, request: NoteRefusedRequest): Promise<NoteRefusedResponse> {
  const { pipeline, rows } = request;
  for (const row of rows) assertRow(row);
  if (new Set(rows.map(({ table, rowId, tablePartition }) => `${table} ${rowId} ${tablePartition}`)).size < rows.length) throw invalid('A refused row is there twice.');
  if (rows.length > MAX_ROWS) throw invalid(`${rows.length} rows are more than ${MAX_ROWS}.`);
  return withSpan('quarantine note refused', { 'weir.pipeline': pipeline }, async (span) => {
    const { fresh, ...done } = await inTransaction(pool, (client) => note(client, request));
    span.setAttributes({ 'weir.rows.quarantined': done.setAside, 'weir.rows.replayed': done.replayed, 'weir.rows.superseded': done.superseded });
    for (const rule of new Set(fresh)) countQuarantined({ pipeline, rule }, fresh.filter((each) => each === rule).length);
    countReplayed({ pipeline }, done.replayed);
    return done;
  });
}

function assertRow({ table, rowId, became, line, rule, reason, original }: RefusedRow): void {
  if (table === '' || rule === '' || !UUID.test(rowId)) throw invalid(`A refused row needs a table, a rule and the UUID of the row: \`${rowId.slice(0, 100)}\`.`);
  if (!STATES.has(became)) throw invalid(`\`${became.slice(0, 100)}\` is not what becomes of a refused row.`);
  if (!Number.isSafeInteger(line) || line < 0) throw invalid(`${line} is no line of a file.`);
  if (reason.length > MAX_REASON || (original?.length ?? 0) > INLINE_BYTES) throw invalid('A reason or an original of a refused row is too long.');
}

type Noted = NoteRefusedResponse & {
  /** Rules of the rows that are set aside for the first time. */
  readonly fresh: readonly string[];
};

async function note(client: pg.ClientBase, { pipeline, contractVersion, rows }: NoteRefusedRequest): Promise<Noted> {
  const [lacking, settled] = [rows.filter(({ became }) => became === ''), rows.filter(({ became }) => became !== '')];
  const reopened = await settle(client, pipeline, lacking, { status: 'open', from: ['replayed', 'superseded'], why: 'the table refused it again' });
  // Also what nobody had heard of before it was settled: a word from before that comes late then counts for nothing.
  const { rows: written } = await client.query<{ rule: string; fresh: boolean }>(SET_ASIDE, setAsideValues(pipeline, contractVersion, rows));
  const replayed = await settle(client, pipeline, settled.filter(({ became }) => became === 'landed'), { status: 'replayed', from: ['open', 'dropped', 'superseded'], why: 'the table took it' });
  const superseded = await settle(client, pipeline, settled.filter(({ became }) => became === 'superseded'), { status: 'superseded', from: ['open', 'replayed'], why: 'another row has its place in the table, or none' });
  const fresh = written.filter((row) => row.fresh).map(({ rule }) => rule);
  return { setAside: fresh.length + reopened, replayed, superseded, fresh };
}

/** One statement changes rows and tells of each. */
const SETTLE = `with said as (select * from unnest($6::text[], $7::uuid[], $8::text[], $9::text[], $10::bigint[]) as s (table_name, row_id, table_partition, run_id, changed)),
changed as (
  update quality.quarantined_row q set status = $2, status_at = now(), status_by = '', status_why = $3, status_run = s.run_id, changed = case when $2 = 'open' then q.changed else s.changed end
  from said s where q.pipeline = $1 and q.stage = $5 and q.table_name = s.table_name and q.row_id = s.row_id and q.table_partition = s.table_partition and q.changed < s.changed and q.status = any ($4::text[])
  returning q.id, s.run_id, q.contract_version)
insert into quality.quarantine_event (row_id, status, why, run_id, contract_version) select id, $2, $3, run_id, contract_version from changed`;

interface Settling {
  readonly status: string;
  readonly from: readonly string[];
  readonly why: string;
}

async function settle(client: pg.ClientBase, pipeline: string, rows: readonly RefusedRow[], { status, from, why }: Settling): Promise<number> {
  if (rows.length === 0) return 0;
  const places = [rows.map(({ table }) => table), rows.map(({ rowId }) => rowId), rows.map(({ tablePartition }) => tablePartition), rows.map(({ runId }) => runId), rows.map(({ changed }) => changed)];
  return (await client.query(SETTLE, [pipeline, status, why, from, LOAD_STAGE, ...places])).rowCount ?? 0;
}

const SET_ASIDE = `insert into quality.quarantined_row as q (pipeline, contract_version, stage, run_id, dataset, partition, file, line, byte_length, rules, reason, original, table_name, row_id, table_partition, changed)
select $1, $2, $3, r.run_id, r.dataset, r.grain, r.file, r.line, octet_length(r.original), array[r.rule], r.reason, r.original, r.table_name, r.row_id, r.table_partition, r.changed
from unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[], $11::bytea[], $12::text[], $13::uuid[], $14::text[], $15::bigint[])
  as r (run_id, dataset, grain, file, line, rule, reason, original, table_name, row_id, table_partition, changed)
on conflict (pipeline, table_name, row_id, table_partition) where stage = 'load' do update set
  contract_version = excluded.contract_version, run_id = excluded.run_id, dataset = excluded.dataset, partition = excluded.partition, file = excluded.file, line = excluded.line, rules = excluded.rules, reason = excluded.reason,
  original = case when q.status = 'dropped' then null else excluded.original end, byte_length = excluded.byte_length, changed = excluded.changed, quarantined_at = now()
  where q.changed < excluded.changed
returning rules[1] as rule, xmax = 0 as fresh`;

function setAsideValues(pipeline: string, contractVersion: string, rows: readonly RefusedRow[]): unknown[] {
  return [
    pipeline,
    contractVersion,
    LOAD_STAGE,
    rows.map(({ runId }) => runId),
    rows.map(({ dataset }) => dataset),
    rows.map(({ grain }) => grain),
    rows.map(({ file }) => file),
    rows.map(({ line }) => line),
    rows.map(({ rule }) => rule),
    rows.map(({ reason }) => reason),
    rows.map(({ original }) => original ?? null),
    rows.map(({ table }) => table),
    rows.map(({ rowId }) => rowId),
    rows.map(({ tablePartition }) => tablePartition),
    rows.map(({ became, changed }) => (became === '' ? changed : 0)),
  ];
}

function invalid(message: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', message });
}
