import { quoteIdent, quoteQualified } from '@weir/core';
import { assignments, counted, sameIdentity } from './merge';
import { lacksRows } from './refused-rows';
import { lockKey } from './stream-lock';
import { bytewise, newestFirst, notOlder, rowVersion, type VersionRef } from './stream-order';
import { stagedColumns, type StreamTable } from './stream-table';
import { columnList, COMMIT_COLUMN, deliveredColumns, identityColumns, storedIdentity, type StoredColumn } from './table';
import { TOMBSTONE_SEQUENCE, tombstoneColumns, tombstoneTable } from './tombstones';

/**
 * The statements of one table, prepared on one connection under `<stage>_<name>`; those that write take the commit's id.
 * - `lock`: whether the staged rows delete anything, and the table's lock for what follows, alone where it is asked for;
 * - `look`: whether any key has a tombstone, and whether the table lacks rows that it refused;
 * - `upsert`, `upsert_past`: rows in the table become the staged ones where these are newer; the second heeds tombstones;
 * - `raise`: removes tombstones that staged rows beat;
 * - `bury`: deletes rows, leaves tombstones;
 * - `append`: inserts rows that are not there.
 */
export type StageStatement = 'lock' | 'look' | 'upsert' | 'upsert_past' | 'raise' | 'bury' | 'append';

/** What a statement gives that writes rows. */
export interface WrittenRow {
  readonly inserted: string;
  readonly updated: string;
}

/** The temporary table for staged rows, which every commit empties, and the statements over it. */
export function createStage(table: StreamTable, stage: string): string {
  const columns = stagedColumns(table).map(({ name, type }) => ({ name, type }));
  const statements = table.spec.identity.by === 'key' ? keyedStatements(table, stage) : appendStatements(table, stage);
  const prepared = statements.map(([name, parameters, sql]) => `prepare ${stage}_${name}${parameters} as ${sql}`);
  // To prepare a statement locks what it names, until the end of this message.
  const lock = table.spec.identity.by === 'key' ? [`select pg_advisory_xact_lock_shared(${lockKey(table)})`] : [];
  return [...lock, `create temporary table ${stage} (${columnList(columns)}) on commit delete rows`, ...prepared].join(';\n');
}

type Prepared = readonly [name: StageStatement, parameters: '' | ' (uuid)' | ' (boolean)', sql: string];

function keyedStatements(table: StreamTable, stage: string): Prepared[] {
  const deleting = `(select * from ${winners(table, stage)} w where w._weir_deleted)`;
  return [
    ['lock', ' (boolean)', lockTable(table, stage)],
    ['look', '', `select exists (select from ${tombstoneTable(table)}) as graves, ${lacksRows(table.spec)} as lacking`],
    ['upsert', ' (uuid)', upsertNewer(table, stage, '')],
    ['upsert_past', ' (uuid)', upsertNewer(table, stage, `and ${pastTombstones(table, 'w')}`)],
    ['raise', '', raiseBeaten(table, stage)],
    ['bury', ' (uuid)', bury(table, deleting, '$1', STREAM_RULE)],
  ];
}

function appendStatements({ spec }: StreamTable, stage: string): Prepared[] {
  const columns = names(deliveredColumns(spec));
  const insert = `insert into ${quoteQualified(spec.schema, spec.name)} as t (${columns}, ${COMMIT_COLUMN.name}) select ${columns}, $1 from ${stage} on conflict (${identityColumns(spec).map(quoteIdent).join(', ')}) do nothing`;
  return [['look', '', `select false as graves, ${lacksRows(spec)} as lacking`], ['append', ' (uuid)', counted(insert)]];
}

/**
 * Micro-batches that only bring rows share the table: where two have the same key, the conflict of the insert decides. One that deletes has it for
 * itself, because nothing else keeps an older row from coming in between the look at its key and the tombstone; and so has one of which rows are refused, which leave tombstones, too.
 */
function lockTable(table: StreamTable, stage: string): string {
  const key = lockKey(table);
  return `select s.deletes, case when s.deletes or $1 then pg_advisory_xact_lock(${key}) else pg_advisory_xact_lock_shared(${key}) end
    from (select exists (select from ${stage} where _weir_deleted) as deletes offset 0) s`;
}

/** In the order of keys, so that two micro-batches with the same keys never wait for each other in a circle. */
function upsertNewer(table: StreamTable, stage: string, alive: string): string {
  return writeRows(table, `${winners(table, stage)} w where w._weir_deleted is not true ${alive}`, '$1', STREAM_RULE.row(table, 'excluded'));
}

/** Writes rows `from` a relation, in its order, each over the one that is there (`t`) where that gives way to it (`excluded`); gives the counts as one row (inserted, updated). */
export function writeRows({ spec }: StreamTable, from: string, commit: string, givesWay: string): string {
  const columns = names(deliveredColumns(spec));
  return counted(`insert into ${quoteQualified(spec.schema, spec.name)} as t (${columns}, ${COMMIT_COLUMN.name}) select ${columns}, ${commit} from ${from}
    on conflict (${names(storedIdentity(spec))}) do update set ${assignments(spec)} where ${givesWay}`);
}

/** The staged rows, of each key the newest version. */
export function winners(table: StreamTable, stage: string): string {
  const key = storedIdentity(table.spec).map(({ name, type }) => bytewise(type, `s.${quoteIdent(name)}`)).join(', ');
  return `(select distinct on (${key}) s.* from ${stage} s order by ${key}, ${newestFirst(table.order, 's')})`;
}

/** SQL that is true when a row of relation `alias` is not older than the tombstone of its key, or there is none. */
export function pastTombstones(table: StreamTable, alias: string): string {
  return `not exists (select from ${tombstoneTable(table)} d where ${sameIdentity(table.spec, 'd', alias)} and not (${beatsTombstone(table, alias)}))`;
}

/** Whoever holds one already removes it; one that stays by mistake is beaten by the row that is there. */
function raiseBeaten(table: StreamTable, stage: string): string {
  const graves = tombstoneTable(table);
  return `delete from ${graves} where ctid = any (array(
    select d.ctid from ${graves} d join ${stage} w on ${sameIdentity(table.spec, 'd', 'w')} where w._weir_deleted is not true and ${beatsTombstone(table, 'w')} for update of d skip locked))`;
}

/** What gives way to rows that come; SQL that is never null. */
export interface GivesWay {
  /** A row `t` of the table, to one of relation `alias`. */
  readonly row: (table: StreamTable, alias: string) => string;
  /** A tombstone `d`, to one of its key that is older. */
  readonly tombstone: (table: StreamTable) => string;
}

/** In a stream whatever is not newer gives way, and nothing else; rows that are told apart by id never change. */
export const STREAM_RULE: GivesWay = {
  row: ({ spec, order }, alias) => (spec.identity.by === 'row' ? 'false' : notOlder(order, rowVersion(order, alias), rowVersion(order, 't'))),
  tombstone: () => 'false',
};

/** Removes what the table has of the keys of a relation, where it gives way, and leaves tombstones; a key may be there once. Gives one row (deleted). */
export function bury(table: StreamTable, relation: string, commit: string, rule: GivesWay): string {
  const { spec } = table;
  const target = quoteQualified(spec.schema, spec.name);
  const same = sameIdentity(spec, 't', 'w');
  return `with w as materialized (select * from ${relation} w),
    gone as (delete from ${target} t using w where ${same} and ${rule.row(table, 'w')} returning 1),
    buried as (${insertTombstones(table, commit, `w where not exists (select from ${target} t where ${same} and not (${rule.row(table, 'w')}))`, rule.tombstone(table))} returning 1)
    select count(*) as deleted from gone`;
}

/** Inserts tombstones from a relation `w` of the table's rows, where they are newer than the one that is there (`d`), or it gives way. */
export function insertTombstones(table: StreamTable, commit: string, from: string, givesWay: string): string {
  const { order } = table;
  const columns = tombstoneColumns(table);
  const values = columns.map(({ name }) => `w.${quoteIdent(name === TOMBSTONE_SEQUENCE && order.by === 'sequence' ? order.column : name)}`);
  const key = new Set(identityColumns(table.spec));
  const changes = columns.filter(({ name }) => !key.has(name)).map(({ name }) => `${quoteIdent(name)} = excluded.${quoteIdent(name)}`);
  return `insert into ${tombstoneTable(table)} as d (${names(columns)}, _weir_commit, _weir_deleted_at) select ${values.join(', ')}, ${commit}, now() from ${from}
    on conflict (${names(storedIdentity(table.spec))}) do update set ${changes.join(', ')}, _weir_commit = excluded._weir_commit, _weir_deleted_at = excluded._weir_deleted_at
    where ${givesWay} or ${notOlder(order, tombstone('excluded'), tombstone('d'))}`;
}

/** SQL that is true when a row of relation `alias` is at least as new as the tombstone `d`. */
export function beatsTombstone({ order }: StreamTable, alias: string): string {
  return notOlder(order, rowVersion(order, alias), tombstone('d'));
}

function tombstone(alias: string): VersionRef {
  return { alias, sequence: TOMBSTONE_SEQUENCE };
}

function names(columns: readonly StoredColumn[]): string {
  return columns.map(({ name }) => quoteIdent(name)).join(', ');
}
