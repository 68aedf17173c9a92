import { identityColumns, VERSION_COLUMNS, type TableSpec } from '@weir/connectors';
import { DELETED, quoteIdent, quoteLiteral, rowHashSql, winnerOrderSql, type Column, type WinnerRule } from '@weir/core';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS } from '@weir/engine';

/** SQL relations of a difference between two snapshots, each with `sourceColumns`. */
export interface DifferenceRelations {
  /** Live in the older snapshot, in partitions that changed. */
  readonly before: string;
  /** Live in the newer snapshot, in partitions that changed. */
  readonly after: string;
  /** Live in both; undefined when there are none. */
  readonly unchanged: string | undefined;
  /** Ids of rows of the older snapshot that the table refused. */
  readonly refused?: readonly string[] | undefined;
  /** Whether the older snapshot has no row that matters: every row of the newer one is new then, and nothing is compared. */
  readonly empty: boolean;
}

export interface DifferenceSql {
  /** Statements to run first. */
  readonly prepare: readonly string[];
  /** Rows that the newer snapshot has and the older one has not, or has otherwise. */
  readonly upserts: string;
  /** Identities that the older snapshot has and the newer one has not. */
  readonly deletes: string;
}

/** What the relations must have: the model's columns, the partition, and of rows that stand for one of the source where they come from and whether they delete their key. */
export function sourceColumns(spec: TableSpec): Column[] {
  return [...spec.columns, PARTITION_COLUMN, ...(spec.lineage ? [...ROW_COLUMNS, DELETED_COLUMN] : [])];
}

/**
 * The difference of a table. A row that is the same in both snapshots is in neither result, even if its position in the source moved:
 * _weir_position is the place in the files of the run that wrote the row, which _weir_commit names.
 * A row that deletes its key takes part in finding the winner; a key that it wins is in neither snapshot.
 *
 * Rows are compared by a hash of their content and views pass them on, so that what the engine must hold is identities and hashes only. It is the engine's own of 64 bits, which only tells
 * versions of one identity apart and is kept nowhere: that of _weir_hash, an id that tables keep, takes seven times as long.
 */
export function differenceSql(spec: TableSpec, relations: DifferenceRelations, winner: WinnerRule): DifferenceSql {
  const identity = identityColumns(spec).map(quoteIdent);
  const compared = [...identity, '_weir_content'];
  return {
    prepare: prepare(spec, relations, winner),
    upserts: relations.empty ? 'select * from after_rows' : `select a.* from after_rows a anti join ${loaded(relations.refused)} b on ${same(compared, 'a', 'b')}`,
    deletes: `select ${identity.map((name) => `b.${name}`).join(', ')} from before_rows b anti join after_rows a on ${same(identity, 'b', 'a')}`,
  };
}

/** What the table has of the older snapshot. */
function loaded(refused: readonly string[] = []): string {
  if (refused.length === 0) return 'before_rows';
  const ids = refused.map((id) => quoteLiteral(digitsOf(id))).join(', ');
  return `(select * from before_rows where replace(_weir_row_id, '-', '') not in (select unnest([${ids}])))`;
}

/** A row's id as it can be compared: Postgres writes ids with hyphens, the engine without. */
export function digitsOf(rowId: string): string {
  return rowId.replaceAll('-', '');
}

function prepare(spec: TableSpec, relations: DifferenceRelations, winner: WinnerRule): string[] {
  switch (spec.identity.by) {
    case 'row':
      return rowsById(spec, relations);
    case 'key':
      return rowsByKey(relations, spec.identity.columns, (when, candidates) => winners(spec, when, candidates, winner));
    case 'version': {
      const { columns } = spec.identity;
      return rowsByKey(relations, columns, (when, candidates) => [versions(spec, when, candidates, { key: columns, winner })]);
    }
  }
}

/** Rows by partition and id: every row of the partitions that changed. */
function rowsById(spec: TableSpec, { before, after }: DifferenceRelations): string[] {
  return [`create temp view after_rows as ${withId(spec, after)}`, `create temp view before_rows as ${withId(spec, before)}`];
}

function withId(spec: TableSpec, relation: string): string {
  if (spec.lineage) return `${hashed(spec, relation)} where not ${DELETED}`;
  // Rows that are equal get numbers, so that each is a row of its own; which gets which does not matter.
  const numbered = `select *, row_number() over (partition by _weir_partition, _weir_hash) as _weir_copy from (${hashed(spec, relation)})`;
  return `select * exclude (_weir_copy), case _weir_copy when 1 then _weir_hash else md5(_weir_hash || ':' || _weir_copy) end as _weir_row_id from (${numbered})`;
}

/** Rows by key: for every key in a partition that changed, what `rows` makes of its rows in the whole dataset. */
function rowsByKey({ before, after, unchanged }: DifferenceRelations, columns: readonly string[], rows: (when: 'after' | 'before', candidates: string) => string[]): string[] {
  const key = columns.map(quoteIdent);
  const touched = `create temp table touched as select distinct ${key.join(', ')} from (select ${key.join(', ')} from ${before} union all select ${key.join(', ')} from ${after})`;
  const elsewhere = `select u.* from ${unchanged} u semi join touched t on ${same(key, 'u', 't')}`;
  const candidates = (changed: string): string => (unchanged === undefined ? changed : `(select * from ${changed} union all by name ${elsewhere})`);
  return [...(unchanged === undefined ? [] : [touched]), ...rows('after', candidates(after)), ...rows('before', candidates(before))];
}

/**
 * The versions of each key by time: of rows of one time the winner, of rows in a row that differ in nothing but the time the first. A version holds until the next one begins, or the key is deleted.
 * Where a row comes late, it falls into its place, and the version before it ends earlier than it did: versions follow from the rows alone, in whatever order they came.
 */
function versions(spec: TableSpec, when: 'after' | 'before', candidates: string, { key: columns, winner }: { readonly key: readonly string[]; readonly winner: WinnerRule }): string {
  const [key, since] = [columns.map(quoteIdent).join(', '), quoteIdent(spec.sequence ?? '')];
  const [from, to, current] = VERSION_COLUMNS;
  const told = spec.columns.map(({ name }) => name).filter((name) => name !== spec.sequence && !columns.includes(name));
  const gone = spec.lineage ? DELETED : 'false';
  const overTime = `window t as (partition by ${key} order by ${since})`;
  const single = `select *, ${told.length === 0 ? `''` : rowHashSql(told)} as _weir_told from (${hashed(spec, candidates)}) qualify row_number() over (partition by ${key}, ${since} order by ${winnerOrderSql(winner, '_weir_hash')}) = 1`;
  const begins = `select *, ${since} as ${from} from (${single}) ${overTime} qualify row_number() over t = 1 or lag(_weir_told) over t is distinct from _weir_told or lag(${gone}) over t is distinct from ${gone}`;
  const closed = `select *, lead(${from}) over t as ${to} from (${begins}) ${overTime}`;
  return `create temp view ${when}_rows as select * exclude (_weir_told, _weir_content), ${to} is null as ${current}, hash(_weir_content, ${to}) as _weir_content from (${closed}) where not ${gone}`;
}

/** The winner of each key that does not delete it; few keys occur more than once, and only those are ranked. */
function winners(spec: TableSpec, when: 'after' | 'before', candidates: string, winner: WinnerRule): string[] {
  const key = keyOf(spec);
  const contested = `${when}_contested c on ${same(identityColumns(spec).map(quoteIdent), 'r', 'c')}`;
  const rows = hashed(spec, candidates);
  const living = spec.lineage ? ` where not ${DELETED}` : '';
  return [
    `create temp table ${when}_contested as select ${key} from ${candidates} group by ${key} having count(*) > 1`,
    `create temp view ${when}_rows as select r.* from (${rows}${living}) r anti join ${contested} union all
      select * from (select r.* from (${rows}) r semi join ${contested} qualify row_number() over (partition by ${key} order by ${winnerOrderSql(winner, '_weir_hash')}) = 1)${living}`,
  ];
}

function hashed(spec: TableSpec, relation: string): string {
  const names = spec.columns.map(({ name }) => name);
  return `select *, ${rowHashSql(names)} as _weir_hash, hash(${names.map(quoteIdent).join(', ')}) as _weir_content from ${relation}`;
}

function keyOf(spec: TableSpec): string {
  return identityColumns(spec).map(quoteIdent).join(', ');
}

/** Null equals null: a null key must reach the destination and fail there, not vanish here. */
export function same(columns: readonly string[], one: string, other: string): string {
  return columns.map((name) => `${one}.${name} is not distinct from ${other}.${name}`).join(' and ');
}
