import { identityColumns, type TableSpec } from '@weir/connectors';
import { DELETED, quoteIdent, rowHashSql, winnerOrderSql, type Column, type WinnerRule } from '@weir/core';
import { DELETED_COLUMN, PARTITION_COLUMN, ROW_COLUMNS } from '@weir/engine';

/** SQL relations of a difference between two snapshots, each with `sourceColumns`. */
export interface DifferenceRelations {
  /** Live in the older snapshot, in partitions that changed. */
  readonly before: string;
  /** Live in the newer snapshot, in partitions that changed. */
  readonly after: string;
  /** Live in both; undefined when there are none. */
  readonly unchanged: string | undefined;
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
 * Rows are compared by a hash of their content and views pass them on, so that what the engine must hold is identities and hashes only.
 */
export function differenceSql(spec: TableSpec, relations: DifferenceRelations, winner: WinnerRule): DifferenceSql {
  const identity = identityColumns(spec).map(quoteIdent);
  const compared = [...identity, '_weir_hash'];
  return {
    prepare: spec.identity.by === 'key' ? rowsByKey(spec, relations, winner) : rowsById(spec, relations),
    upserts: `select a.* from after_rows a anti join before_rows b on ${same(compared, 'a', 'b')}`,
    deletes: `select ${identity.map((name) => `b.${name}`).join(', ')} from before_rows b anti join after_rows a on ${same(identity, 'b', 'a')}`,
  };
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

/** Rows by key: for every key in a partition that changed, the winner over the whole dataset. */
function rowsByKey(spec: TableSpec, { before, after, unchanged }: DifferenceRelations, winner: WinnerRule): string[] {
  const key = keyOf(spec);
  const touched = `create temp table touched as select distinct ${key} from (select ${key} from ${before} union all select ${key} from ${after})`;
  const elsewhere = `select u.* from ${unchanged} u semi join touched t on ${same(identityColumns(spec).map(quoteIdent), 'u', 't')}`;
  const candidates = (changed: string): string => (unchanged === undefined ? changed : `(select * from ${changed} union all by name ${elsewhere})`);
  return [...(unchanged === undefined ? [] : [touched]), ...winners(spec, 'after', candidates(after), winner), ...winners(spec, 'before', candidates(before), winner)];
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
  return `select *, ${rowHashSql(spec.columns.map(({ name }) => name))} as _weir_hash from ${relation}`;
}

function keyOf(spec: TableSpec): string {
  return identityColumns(spec).map(quoteIdent).join(', ');
}

/** Null equals null: a null key must reach the destination and fail there, not vanish here. */
function same(columns: readonly string[], one: string, other: string): string {
  return columns.map((name) => `${one}.${name} is not distinct from ${other}.${name}`).join(' and ');
}
