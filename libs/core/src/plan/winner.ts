import { quoteIdent } from '../sql/quote';

/**
 * SQL of a row's hash: MD5 over the named columns, each as text with its length and null apart, so that no two different rows read alike.
 */
export function rowHashSql(columns: readonly string[]): string {
  const texts = columns.map((name) => `coalesce(strlen(${quoteIdent(name)}::varchar) || ':' || ${quoteIdent(name)}::varchar, '-')`);
  return `md5(concat(${texts.join(', ')}))`;
}

/**
 * SQL `order by` terms that put the winner of a key first: the greatest sequence, or without one the row of the latest partition;
 * between what is left the greatest hash decides, so that every build chooses alike.
 */
export function winnerOrderSql(sequence: string | undefined, hash: string): string {
  const first = sequence === undefined ? '_weir_partition desc' : `${quoteIdent(sequence)} desc nulls last`;
  return `${first}, ${hash} desc`;
}
