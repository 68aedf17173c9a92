import { ROW_ID } from '../contract/decode-sql';
import type { Model } from '../definition/definition';
import type { Source } from '../definition/source';
import { quoteIdent } from '../sql/quote';

/** What the rows of a dataset have that tells which one of a key is the newest. */
export interface WinnerRule {
  /** Column whose greatest value wins. */
  readonly sequence?: string | undefined;
  /** Whether rows have ids and positions, and may delete their key: those of bronze and of row models. */
  readonly identified: boolean;
  /** Whether positions are those of a log: `topic:partition:offset`. */
  readonly log: boolean;
}

/** The rule for the rows of a model. */
export function winnerRule({ scope, sequence }: Pick<Model, 'scope' | 'sequence'>, { type }: Pick<Source, 'type'>): WinnerRule {
  return { sequence, identified: scope === 'row', log: type === 'kafka' };
}

/**
 * SQL of a row's hash: MD5 over the named columns, each as text with its length and null apart, so that no two different rows read alike.
 */
export function rowHashSql(columns: readonly string[]): string {
  const texts = columns.map((name) => `coalesce(strlen(${quoteIdent(name)}::varchar) || ':' || ${quoteIdent(name)}::varchar, '-')`);
  return `md5(concat(${texts.join(', ')}))`;
}

/**
 * SQL `order by` terms, in the engine, that put the winner of a key first: the greatest sequence, nulls being less than all; without one the row of the
 * latest partition, or of a log the row that lies further on in it: the greater (partition of the log, offset). Between what is left the greatest row id
 * decides, or the latest partition where rows have none, so that every build chooses alike. The hash comes last: it changes with the columns and their types, and with it the winner would.
 * A row that deletes its key takes part like any other.
 *
 * The stream chooses by the same order in its destination: `StreamOrder` of the connectors says it in Postgres' words.
 */
export function winnerOrderSql({ sequence, identified, log }: WinnerRule, hash: string): string {
  const tie = identified ? `${ROW_ID} desc` : `_weir_partition desc, ${hash} desc`;
  if (sequence !== undefined) return `${quoteIdent(sequence)} desc nulls last, ${tie}`;
  if (!identified) return tie;
  if (!log) return `_weir_partition desc, ${tie}`;
  // What was published when the source was another one has other positions; it is older.
  const place = [`try_cast(split_part(_weir_position, ':', 2) as INTEGER)`, `try_cast(split_part(_weir_position, ':', 3) as BIGINT)`];
  return `${place.map((part) => `${part} desc nulls last`).join(', ')}, ${tie}`;
}
