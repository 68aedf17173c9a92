import { quoteIdent, quoteLiteral, quoteQualified } from '@weir/core';
import { isCovered } from './covered';
import { sameIdentity, stageTables } from './merge';
import { lockKey } from './stream-lock';
import { beatsTombstone, bury, STREAM_RULE, writeRows, type GivesWay } from './stream-merge';
import type { StreamTable } from './stream-table';
import { deliveredColumns, identityColumns } from './table';
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
  /** Rows go whose key the snapshot deletes; none where rows are told apart by id. */
  readonly bury: readonly string[];
  /** Rows go of whose record the snapshot made nothing. */
  readonly remove: string;
}

/**
 * The stream's own rules, and one more: what the table has from a covered record gives way, because the snapshot says what became of that record. What it has
 * from any other stays unless it is older. Rows that are right are not touched.
 */
export function restateStatements(table: StreamTable, commitId: string): RestateStatements {
  const commit = `${quoteLiteral(commitId)}::uuid`;
  const gone = `with gone as (delete from ${tableName(table)} t using ${RESTATED.deletes} w where ${sameIdentity(table.spec, 't', 'w')} and ${isCovered(table, 't')} returning 1) select count(*) as deleted from gone`;
  const lock = `select pg_advisory_xact_lock(${lockKey(table)})`;
  if (table.spec.identity.by === 'row') return { lock, raise: [], upsert: insertRows(table, commit, ''), bury: [], remove: gone };
  const graves = tombstoneTable(table);
  const deleting = `(select * from ${RESTATED.upserts} where _weir_deleted)`;
  return {
    lock,
    raise: [
      `delete from ${graves} d using ${RESTATED.upserts} w where ${sameIdentity(table.spec, 'd', 'w')} and w._weir_deleted is not true and (${isCovered(table, 'd')} or ${beatsTombstone(table, 'w')})`,
      `delete from ${graves} d using ${RESTATED.deletes} w where ${sameIdentity(table.spec, 'd', 'w')} and ${isCovered(table, 'd')}`,
    ],
    upsert: insertRows(table, commit, `where w._weir_deleted is not true and not exists (select from ${graves} d where ${sameIdentity(table.spec, 'd', 'w')})`),
    bury: [bury(table, deleting, commit, RESTATE_RULE)],
    remove: gone,
  };
}

/** What the table has from a covered record gives way, and whatever is not newer; rows that are told apart by id are as the snapshot says. */
export const RESTATE_RULE: GivesWay = {
  row: (table, alias) => (table.spec.identity.by === 'row' ? 'true' : `(${isCovered(table, 't')} or ${STREAM_RULE.row(table, alias)})`),
  tombstone: (table) => isCovered(table, 'd'),
};

function insertRows(table: StreamTable, commit: string, which: string): string {
  const columns = deliveredColumns(table.spec).map(({ name }) => quoteIdent(name));
  const differs = `(${columns.map((name) => `t.${name}`).join(', ')}) is distinct from (${columns.map((name) => `excluded.${name}`).join(', ')})`;
  return writeRows(table, `${RESTATED.upserts} w ${which}`, commit, `${RESTATE_RULE.row(table, 'excluded')} and ${differs}`);
}

function tableName({ spec }: StreamTable): string {
  return quoteQualified(spec.schema, spec.name);
}

function identityOf({ spec }: StreamTable): string {
  return identityColumns(spec).map(quoteIdent).join(', ');
}
