import { quoteLiteral, quoteQualified } from '@weir/core';
import { sameIdentity } from './merge';
import { identityText, settled } from './refused-rows';
import { beatsTombstone } from './stream-merge';
import type { StreamTable } from './stream-table';
import { tableLabel } from './table';
import { tombstoneTable } from './tombstones';

/**
 * SQL that says of rows that a stream's table lacked what became of them, by what the table and its tombstones have now of the identities of a relation; to be run before those that are refused anew are noted. One that is
 * still the newest version of its key, which its tombstone says, stays as it is. Rows that another transaction is about to settle are left to it, so that nobody waits in a circle.
 */
export function settleTouched(table: StreamTable, relation: string, commitId: string): string {
  const { spec } = table;
  const [target, graves] = [quoteQualified(spec.schema, spec.name), tombstoneTable(table)];
  const landed = `exists (select from ${target} t where ${sameIdentity(spec, 't', 's')} and t._weir_row_id = r.row_id)`;
  const buried = `select from ${graves} d where ${sameIdentity(spec, 'd', 's')} and d._weir_row_id = r.row_id`;
  const standing = `${buried} and d._weir_commit <> ${quoteLiteral(commitId)} and not exists (select from ${target} t where ${sameIdentity(spec, 't', 's')} and ${beatsTombstone(table, 't')})`;
  const keyed = spec.identity.by === 'key';
  return settleWhere(table, commitId, {
    became: `case when ${landed}${keyed ? ` or exists (${buried})` : ''} then 'landed' else 'superseded' end`,
    from: `select s.*, ${identityText(spec, 's')} as _weir_identity from ${relation} s`,
    // A case, so that it is asked for the few rows that meet, and not of the whole table at once.
    which: `r.identity = s._weir_identity${keyed ? ` and case when exists (${standing}) then false else true end` : ''}`,
  });
}

/** SQL that says of rows that a stream's table lacks, and whose record is one of those that are restated, that nothing is made of it any more; to be run when those are settled of which something is. */
export function settleCovered(table: StreamTable, isCovered: (alias: string) => string, commitId: string): string {
  return settleWhere(table, commitId, { became: `'superseded'`, from: 'select 1', which: `(select ${isCovered('p')} from (select r.position as _weir_position) p)` });
}

interface Settling {
  /** SQL of what became of a row `r`. */
  readonly became: string;
  /** SQL of rows `s`. */
  readonly from: string;
  readonly which: string;
}

function settleWhere({ spec }: StreamTable, commitId: string, { became, from, which }: Settling): string {
  return `with s as materialized (${from})
    update weir.refused r set ${settled('x.became', commitId)} from (
      select r.row_id, r.partition, ${became} as became from weir.refused r, s
      where r.table_name = ${quoteLiteral(tableLabel(spec))} and r.became is null and ${which} for update of r skip locked) x
    where r.table_name = ${quoteLiteral(tableLabel(spec))} and r.row_id = x.row_id and r.partition = x.partition`;
}
