import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import { isCovered } from './covered';
import { assignments, counted, sameIdentity, stageTables } from './merge';
import { notOlder, rowVersion } from './stream-order';
import { lockKey } from './stream-lock';
import { beatsTombstone, insertTombstones } from './stream-merge';
import type { StreamTable } from './stream-table';
import { COMMIT_COLUMN, deliveredColumns, identityColumns } from './table';
import { tombstoneTable } from './tombstones';

/** Where the rows of a restatement are: it has its transaction for itself. */
export const RESTATED = stageTables(0);

/** The identities of what the table has from covered records, tombstones too: as CSV. */
export function copyPresent(table: StreamTable): string {
  const identity = identityOf(table);
  const rows = `select ${identity} from ${tableName(table)} t where ${isCovered(table, 't')}`;
  const graves = table.spec.identity.by === 'key' ? ` union select ${identity} from ${tombstoneTable(table)} t where ${isCovered(table, 't')}` : '';
  return `copy (${rows}${graves}) to stdout (format csv)`;
}

/** What one restatement does to a table, in order; each gives its counts as one row. */
export interface RestateStatements {
  /** Until the end of the transaction the stream waits with what it has for the table. */
  readonly lock: string;
  /** Tombstones go whose record the snapshot knows better, or that are beaten. */
  readonly raise: readonly string[];
  readonly upsert: string;
  /** Rows go whose key the snapshot deletes, or of whose record it made nothing. */
  readonly remove: readonly string[];
}

/**
 * The stream's own rules, and one more: what the table has from a covered record gives way, because the snapshot says what became of that record. What it has
 * from any other stays unless it is older. Rows that are right are not touched.
 */
export function restateStatements(table: StreamTable, commitId: string): RestateStatements {
  const commit = `${quoteLiteral(commitId)}::uuid`;
  const gone = `with gone as (delete from ${tableName(table)} t using ${RESTATED.deletes} w where ${sameIdentity(table.spec, 't', 'w')} and ${isCovered(table, 't')} returning 1) select count(*) as deleted from gone`;
  const lock = `select pg_advisory_xact_lock(${lockKey(table)})`;
  if (table.spec.identity.by === 'row') return { lock, raise: [], upsert: insertRows(table, commit, '', 'true'), remove: [gone] };
  const graves = tombstoneTable(table);
  const [incoming, standing] = [rowVersion(table.order, 'excluded'), rowVersion(table.order, 't')];
  return {
    lock,
    raise: [
      `delete from ${graves} d using ${RESTATED.upserts} w where ${sameIdentity(table.spec, 'd', 'w')} and w._weir_deleted is not true and (${isCovered(table, 'd')} or ${beatsTombstone(table, 'w')})`,
      `delete from ${graves} d using ${RESTATED.deletes} w where ${sameIdentity(table.spec, 'd', 'w')} and ${isCovered(table, 'd')}`,
    ],
    upsert: insertRows(table, commit, `where w._weir_deleted is not true and not exists (select from ${graves} d where ${sameIdentity(table.spec, 'd', 'w')})`, `(${isCovered(table, 't')} or ${notOlder(table.order, incoming, standing)})`),
    remove: [bury(table, commit), gone],
  };
}

function insertRows(table: StreamTable, commit: string, which: string, gives: string): string {
  const columns = deliveredColumns(table.spec).map(({ name }) => quoteIdent(name));
  const list = columns.join(', ');
  const differs = `(${columns.map((name) => `t.${name}`).join(', ')}) is distinct from (${columns.map((name) => `excluded.${name}`).join(', ')})`;
  return counted(`insert into ${tableName(table)} as t (${list}, ${COMMIT_COLUMN.name}) select ${list}, ${commit} from ${RESTATED.upserts} w ${which}
    on conflict (${identityOf(table)}) do update set ${assignments(table.spec)} where ${gives} and ${differs}`);
}

function bury(table: StreamTable, commit: string): string {
  const gives = `(${isCovered(table, 't')} or ${notOlder(table.order, rowVersion(table.order, 'w'), rowVersion(table.order, 't'))})`;
  const same = sameIdentity(table.spec, 't', 'w');
  const deleting = `(select * from ${RESTATED.upserts} where _weir_deleted) w`;
  const buried = insertTombstones(table, commit, `${deleting} where not exists (select from ${tableName(table)} t where ${same} and not ${gives})`, isCovered(table, 'd'));
  return `with gone as (delete from ${tableName(table)} t using ${deleting} where ${same} and ${gives} returning 1), buried as (${buried} returning 1) select count(*) as deleted from gone`;
}

function tableName({ spec }: StreamTable): string {
  return quoteQualified(spec.schema, spec.name);
}

function identityOf({ spec }: StreamTable): string {
  return identityColumns(spec).map(quoteIdent).join(', ');
}
