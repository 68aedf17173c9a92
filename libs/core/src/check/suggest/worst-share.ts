import { quoteIdent } from '../../sql/quote';
import type { CompiledCheck } from '../compile-check';

/**
 * One SELECT of the greatest share of failing rows that a grain has, in percent, as `share<n>` for the n-th check; null for checks that do not look at rows one by one.
 * A run judges its own grains, and what is rare in all of them may be frequent in one. `partition` is the column that has the grain of a row.
 */
export function worstSharesSql(checks: readonly CompiledCheck[], relation: string, partition: string): string {
  const counts = checks.flatMap(({ measurement }, n) => (measurement.by === 'rows' ? [`count(*) filter (where ${measurement.failing}) as failed${n}`, `count(*) filter (where ${measurement.present ?? 'true'}) as present${n}`] : []));
  const shares = checks.map(({ measurement }, n) => (measurement.by === 'rows' ? `max(failed${n} * 100::DOUBLE / nullif(present${n}, 0)) as share${n}` : `null as share${n}`));
  return `select ${shares.join(', ')} from (select ${['count(*) as rows', ...counts].join(', ')} from ${relation} group by ${quoteIdent(partition)})`;
}
