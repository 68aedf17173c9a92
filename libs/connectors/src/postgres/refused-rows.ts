import { quoteIdent, quoteLiteral } from '@weir/core';
import type { ClientBase, Pool } from 'pg';
import { identityColumns, tableLabel, type TableSpec } from './table';

/** What became of a row that a table had refused: it is in the table; or another row has its place, or none. */
export type Became = 'landed' | 'superseded';

/** A row that a table refused, or had refused, of which the quarantine has not heard yet. */
export interface UntoldRow {
  /** `schema.name`. */
  readonly table: string;
  /** UUID: `_weir_row_id`. */
  readonly rowId: string;
  /** `_weir_partition`; empty where the table does not have it. */
  readonly partition: string;
  /** That the row is of; undefined where who loaded it did not know. */
  readonly grain: string | undefined;
  /** `_weir_position`: where the row is in its source. */
  readonly position: string;
  /** What the table demands, such as `destination:check:amount_positive`. */
  readonly rule: string;
  /** What the destination says; may hold values of the row. Empty once it was told. */
  readonly reason: string;
  /** The row as JSON; undefined above 64 KiB, and once it was told. */
  readonly original: string | undefined;
  /** Undefined while the table lacks the row. */
  readonly became: Became | undefined;
  /** Of the commit that refused it, or took it; empty for a commit that the ledger has no more. */
  readonly runId: string;
  /** When, in microseconds since 1970: of what is said of one row the latest holds. */
  readonly changed: number;
}

/** Rows that a table may lack because it refused them, from all loads: their ids are part of every plan. */
export const MAX_REFUSED = 100_000;
/** Originals are kept up to this. */
const MAX_ORIGINAL_BYTES = 64 * 1024;
const NOW = '(extract(epoch from clock_timestamp()) * 1000000)::bigint';

export const CREATE_REFUSED = `
  create table if not exists weir.refused (
    table_name text not null, row_id uuid not null, partition text not null, identity text not null, position text not null, commit_id uuid not null,
    rule text not null, reason text not null, original text, became text, told boolean not null default false, changed bigint not null default ${NOW}, primary key (table_name, row_id, partition));
  alter table weir.refused add column if not exists grain text;
  create index if not exists refused_untold on weir.refused (table_name) where not told;
  comment on table weir.refused is 'Rows that loaded tables refused: they are in quarantine, and the next load that comes upon them tries them again. Originals are here until the quarantine has heard of them.';`;

/** SQL that is true when weir.refused is there as it is now. */
export const HAS_REFUSED = `exists (select from pg_attribute where attrelid = to_regclass('weir.refused') and attname = 'grain')`;

/** SQL that is true while a table lacks rows that it refused. */
export function lacksRows(spec: TableSpec): string {
  return `exists (select from weir.refused where table_name = ${quoteLiteral(tableLabel(spec))} and became is null)`;
}

/** SQL of a row's identity as one text. */
export function identityText(spec: TableSpec, alias: string): string {
  return `jsonb_build_array(${identityColumns(spec).map((name) => `${alias}.${quoteIdent(name)}`).join(', ')})::text`;
}

/** SQL of the partition by which a refused row is known. */
function partitionText(spec: TableSpec, alias: string): string {
  return spec.identity.by === 'row' ? `${alias}._weir_partition` : `''`;
}

/** Rows that are written, and those that are not there any more, each undefined where there are none. */
export interface WrittenRelations {
  readonly upserts: string | undefined;
  readonly deletes: string | undefined;
  /** Nothing else is in the table. */
  readonly whole: boolean;
}

/** SQL that says of refused rows of a table what became of them; to be run before those that are refused anew are noted. */
export function settleRefused(spec: TableSpec, { upserts, deletes, whole }: WrittenRelations, commitId: string): string[] {
  const ours = `r.table_name = ${quoteLiteral(tableLabel(spec))}`;
  const became = (what: Became, which: string): string => `update weir.refused r set ${settled(quoteLiteral(what), commitId)} where ${ours} and ${which}`;
  const among = (relation: string): string => `r.identity in (select ${identityText(spec, 's')} from ${relation} s)`;
  const landed = (relation: string): string => `(r.row_id, r.partition) in (select s._weir_row_id, ${partitionText(spec, 's')} from ${relation} s)`;
  return [
    ...(whole ? [became('superseded', 'true')] : []),
    ...(deletes === undefined ? [] : [became('superseded', among(deletes))]),
    ...(upserts === undefined ? [] : [became('superseded', among(upserts)), became('landed', landed(upserts))]),
  ];
}

/** SQL of the changes to a row of weir.refused of which a commit says what became of it; `became`: SQL of it. */
export function settled(became: string, commitId: string): string {
  return `became = ${became}, told = false, commit_id = ${quoteLiteral(commitId)}, changed = ${NOW}`;
}

/** Why a row is refused. */
export interface NotedRefusal {
  readonly nth: number;
  readonly rule: string;
  readonly reason: string;
  /** Of the row, where it is known. */
  readonly grain?: string | undefined;
}

/** Columns that are no part of a row's original. */
function ownColumns(nth: string): string {
  return [nth, '_weir_row_id', '_weir_position', '_weir_partition'].map(quoteLiteral).join(', ');
}

/** SQL that notes refused rows from a relation, in which `nth` is a row's number. */
export function noteRefused(spec: TableSpec, relation: string, nth: string, refusals: readonly NotedRefusal[], commitId: string): string {
  const values = [quoteLiteral(tableLabel(spec)), 's._weir_row_id', partitionText(spec, 's'), identityText(spec, 's'), 's._weir_position', 'f.grain', quoteLiteral(commitId), 'f.rule', 'f.reason', `case when octet_length(j.text) <= ${MAX_ORIGINAL_BYTES} then j.text end`];
  return `insert into weir.refused as r (table_name, row_id, partition, identity, position, grain, commit_id, rule, reason, original) select ${values.join(', ')}
    from ${relation} s join json_to_recordset(${quoteLiteral(JSON.stringify(refusals))}) as f (nth bigint, rule text, reason text, grain text) on f.nth = s.${nth}, lateral (select (to_jsonb(s) - array[${ownColumns(nth)}])::text) j (text)
    on conflict (table_name, row_id, partition) do update set identity = excluded.identity, position = excluded.position, grain = coalesce(excluded.grain, r.grain), commit_id = excluded.commit_id, rule = excluded.rule, reason = excluded.reason,
      original = excluded.original, became = null, told = false, changed = ${NOW}`;
}

/** Rows and bytes of originals that are told at a time. */
const PAGE_ROWS = 500;
const PAGE_BYTES = 1024 * 1024;

// The first row of a page comes whatever its size is.
const untold = (which: string): string => `select u.*, coalesce(l.run_id, '') as run_id from (
  select *, sum(coalesce(octet_length(original), 0)) over w as bytes, row_number() over w as place from (
    select * from weir.refused where table_name = any ($1) and not told ${which} order by table_name, row_id, partition limit ${PAGE_ROWS}) r window w as (order by table_name, row_id, partition)) u
left join weir.ledger l on l.commit_id = u.commit_id where u.place = 1 or u.bytes <= ${PAGE_BYTES} order by u.place`;

interface RefusedColumns extends Record<'table_name' | 'row_id' | 'partition' | 'position' | 'rule' | 'reason' | 'run_id' | 'changed', string> {
  readonly original: string | null;
  readonly grain: string | null;
  readonly became: Became | null;
}

/** Which rows: all, or those of which it is known what grain they are of, or that nobody has to know it of. */
export type Untold = 'all' | 'placed';

const WHICH: Readonly<Record<Untold, string>> = { all: '', placed: "and (grain is not null or partition <> '' or became is not null)" };

/** Some of the rows of tables of which the quarantine has not heard. */
export async function readUntold(pool: Pool, tables: readonly string[], which: Untold): Promise<UntoldRow[]> {
  const found = await pool.query<RefusedColumns>(untold(WHICH[which]), [tables]);
  return found.rows.map(({ table_name: table, row_id: rowId, partition, position, rule, reason, original, grain, became, run_id: runId, changed }) => ({
    table, rowId, partition, grain: grain ?? undefined, position, rule, reason, original: original ?? undefined, became: became ?? undefined, runId, changed: Number(changed),
  }));
}

/** Notes that the quarantine has heard of rows, as they were then, and forgets those that are not lacking any more. */
export async function markTold(client: Pool | ClientBase, rows: readonly UntoldRow[]): Promise<void> {
  const same = 'from unnest($1::text[], $2::uuid[], $3::text[], $4::bigint[]) as s (t, i, p, c) where r.table_name = s.t and r.row_id = s.i and r.partition = s.p and r.changed = s.c';
  const values = [rows.map(({ table }) => table), rows.map(({ rowId }) => rowId), rows.map(({ partition }) => partition), rows.map(({ changed }) => changed)];
  await client.query(`update weir.refused r set told = true, reason = '', original = null ${same} and r.became is null`, values);
  await client.query(`delete from weir.refused r ${same.replace('from', 'using')} and r.became is not null`, values);
}

/** Rows that a table refused in a commit for one rule. */
export interface RefusedCount {
  readonly commitId: string;
  /** `schema.name`. */
  readonly table: string;
  readonly rule: string;
  readonly rows: number;
  /** Where the first of them are in their source, five at most. */
  readonly positions: readonly string[];
}

const COUNTS = `select commit_id, table_name, rule, count(*) as rows, (array_agg(position order by position))[1:5] as positions from weir.refused where commit_id = any ($1) and became is null group by 1, 2, 3 order by 4 desc, 3`;

/** How many rows tables refused in commits, and still lack, by rule. */
export async function readRefusedCounts(pool: Pool, commitIds: readonly string[]): Promise<RefusedCount[]> {
  const found = await pool.query<{ commit_id: string; table_name: string; rule: string; rows: string; positions: string[] }>(COUNTS, [commitIds]);
  return found.rows.map(({ commit_id: commitId, table_name: table, rule, rows, positions }) => ({ commitId, table, rule, rows: Number(rows), positions }));
}
