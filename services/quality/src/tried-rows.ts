import type { TriedGrain, TriedRule, TryRowsResponse } from '@weir/rpc';
import type { OpenRow, Verdicts } from './try-rows';

const SAMPLES = 5;

/** Counts a page by grain and by rule; a row counts for every rule that it is in quarantine for. */
export function tallyOf(rows: readonly OpenRow[], staying: Verdicts): Pick<TryRowsResponse, 'grains' | 'rules'> {
  const grains = new Map<string, TriedGrain>();
  const rules = new Map<string, TriedRule>();
  for (const row of rows) {
    const why = staying.get(row.id);
    grains.set(row.partition, grainWith(grains.get(row.partition), row, why === undefined));
    for (const rule of row.rules) rules.set(rule, ruleWith(rules.get(rule), rule, row, why));
  }
  return { grains: [...grains.values()], rules: [...rules.values()].sort((a, b) => b.landing + b.staying - a.landing - a.staying || (a.rule < b.rule ? -1 : 1)) };
}

function grainWith(known: TriedGrain = { partition: '', open: 0, landing: 0, retryOf: '', marks: [] }, row: OpenRow, lands: boolean): TriedGrain {
  const marks = new Map(known.marks.map(({ log, offset }) => [log, offset]));
  if (lands && row.sha256 === null) marks.set(row.file, Math.max(marks.get(row.file) ?? 0, Number(row.line)));
  return {
    partition: row.partition,
    open: known.open + 1,
    landing: known.landing + (lands ? 1 : 0),
    // Rows come oldest first; the newest one says which raw segments are the newest.
    retryOf: row.unpublished ?? '',
    marks: [...marks].map(([log, offset]) => ({ log, offset })),
  };
}

function ruleWith(known: TriedRule = { rule: '', landing: 0, staying: 0, samples: [] }, rule: string, { id, file, line }: OpenRow, why: string | undefined): TriedRule {
  if (why === undefined) return { ...known, rule, landing: known.landing + 1 };
  const samples = known.samples.length < SAMPLES ? [...known.samples, `#${id} ${file}:${line}: ${why}`] : known.samples;
  return { rule, landing: known.landing, staying: known.staying + 1, samples };
}
