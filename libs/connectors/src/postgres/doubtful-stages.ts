import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import type { DoubtfulRows } from './isolate-rows';
import { sameIdentity } from './merge';
import { beatsTombstone, bury, insertTombstones, pastTombstones, writeRows, type GivesWay } from './stream-merge';
import type { StreamTable } from './stream-table';
import { deliveredColumns } from './table';
import { tombstoneTable } from './tombstones';

/** Rows that come to a stream's table which refuses some of them, and how they are written. */
export type DoubtfulStage = Pick<DoubtfulRows, 'rows' | 'write' | 'retract'>;

/**
 * What a commit does to a table of a stream, over any part of the rows that come, which are those of a relation with each identity once; first those that are written, then those that delete. The table must be the
 * transaction's alone. Rows that lose to what is there, or are there as they are, are not tried: nobody asks whether the table would take them.
 *
 * A version that the table refuses takes the place of older ones as one that deletes would: in whatever order versions come, the table is as if it were built from all at once. What deletes a row that the table does not give
 * up leaves its tombstone only: so the row stays, and no older one comes into its place.
 */
export function doubtfulStages(table: StreamTable, incoming: string, commitId: string, rule: GivesWay): DoubtfulStage[] {
  const commit = `${quoteLiteral(commitId)}::uuid`;
  const write = (relation: string): string => writeRows(table, `${relation} w`, commit, rule.row(table, 'excluded'));
  if (table.spec.identity.by === 'row') return [{ rows: tried(table, incoming, rule, 'true'), write: (relation) => [write(relation)], retract: (relation) => [takeAway(table, relation, rule)] }];
  const lay = (relation: string): string => `with buried as (${insertTombstones(table, commit, `${relation} w`, rule.tombstone(table))} returning 1) select 0 as deleted from buried`;
  const remove = (relation: string): string => bury(table, relation, commit, rule);
  return [
    { rows: tried(table, incoming, rule, `w._weir_deleted is not true and ${pastTombstones(table, 'w')}`), write: (relation) => [write(relation), raise(table, relation)], retract: (relation) => [remove(relation), lay(relation)] },
    { rows: `(select * from ${incoming} w where w._weir_deleted)`, write: (relation) => [remove(relation)], retract: (relation) => [lay(relation)] },
  ];
}

function tried(table: StreamTable, incoming: string, rule: GivesWay, alive: string): string {
  const columns = namesOf(table);
  const there = `(${columns.map((name) => `t.${name}`).join(', ')}) is not distinct from (${columns.map((name) => `w.${name}`).join(', ')})`;
  const standing = `select from ${target(table)} t where ${sameIdentity(table.spec, 't', 'w')} and (not (${rule.row(table, 'w')}) or ${there})`;
  return `(select ${columns.join(', ')} from ${incoming} w where ${alive} and not exists (${standing}))`;
}

function raise(table: StreamTable, relation: string): string {
  return `delete from ${tombstoneTable(table)} d using ${relation} w where ${sameIdentity(table.spec, 'd', 'w')} and ${beatsTombstone(table, 'w')}`;
}

function takeAway(table: StreamTable, relation: string, rule: GivesWay): string {
  return `with gone as (delete from ${target(table)} t using ${relation} w where ${sameIdentity(table.spec, 't', 'w')} and ${rule.row(table, 'w')} returning 1) select count(*) as deleted from gone`;
}

function namesOf({ spec }: StreamTable): string[] {
  return deliveredColumns(spec).map(({ name }) => quoteIdent(name));
}

function target({ spec }: StreamTable): string {
  return quoteQualified(spec.schema, spec.name);
}
