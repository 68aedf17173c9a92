import { colour, count, table } from '../output';
import type { Trial } from './trial';

/** Rules whose samples are shown. */
const SAMPLED = 5;

/** What a replay would do, by rule, with rows that stay and why. */
export function trialLines({ contractVersion, open, landing, grains, rules }: Trial): string[] {
  if (open === 0) return ['  No open rows.'];
  const right = 'right' as const;
  const counts = table([{ title: 'rule' }, { title: 'would land', align: right }, { title: 'stay', align: right }], rules.map(({ rule, landing: lands, staying }) => [rule, lands > 0 ? colour.good(count(lands)) : '0', count(staying)]));
  const samples = rules.filter((rule) => rule.samples.length > 0).slice(0, SAMPLED).flatMap((rule) => rule.samples.slice(0, 2).map((sample) => `  ${colour.faint(sample)}`));
  const verdict = landing === 0 ? 'A replay would change nothing.' : `A replay would run ${count(grains.length)} ${grains.length === 1 ? 'grain' : 'grains'} again from raw.`;
  return [counts, '', ...samples, ...(samples.length > 0 ? [''] : []), `  Under contract ${contractVersion} ${count(landing)} of ${count(open)} open ${open === 1 ? 'row' : 'rows'} would land. ${verdict} Nothing was written.`];
}
