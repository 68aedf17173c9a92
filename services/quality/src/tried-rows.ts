import type { TriedGrain, TriedRule, TryRowsResponse } from '@weir/rpc';
import type { OpenRow, Verdicts } from './try-rows';

const SAMPLES = 5;

export interface TallyOptions {
  /** By grain the run whose raw segments are newer than what is published. */
  readonly newer: ReadonlyMap<string, string>;
  /** Whether rows are records of logs. */
  readonly logs: boolean;
}

/** Counts a page by grain and by rule; a row counts for every rule that it is in quarantine for. */
export function tallyOf(rows: readonly OpenRow[], staying: Verdicts, { newer, logs }: TallyOptions): Pick<TryRowsResponse, 'grains' | 'rules'> {
  const grains = new Map<string, TriedGrain>();
  const rules = new Map<string, TriedRule>();
  for (const row of rows) {
    const why = staying.get(row.id);
    const known = grains.get(row.partition) ?? { partition: row.partition, open: 0, landing: 0, retryOf: newer.get(row.partition) ?? '', marks: [] };
    grains.set(row.partition, grainWith(known, row, { lands: why === undefined, logs }));
    for (const rule of row.rules) rules.set(rule, ruleWith(rules.get(rule), rule, row, why));
  }
  return { grains: [...grains.values()], rules: [...rules.values()].sort((a, b) => b.landing + b.staying - a.landing - a.staying || (a.rule < b.rule ? -1 : 1)) };
}

function grainWith(known: TriedGrain, { file, line }: OpenRow, { lands, logs }: { readonly lands: boolean; readonly logs: boolean }): TriedGrain {
  const marks = new Map(known.marks.map(({ log, offset }) => [log, offset]));
  if (lands && logs) marks.set(file, Math.max(marks.get(file) ?? 0, Number(line)));
  return { ...known, open: known.open + 1, landing: known.landing + (lands ? 1 : 0), marks: [...marks].map(([log, offset]) => ({ log, offset })) };
}

function ruleWith(known: TriedRule = { rule: '', landing: 0, staying: 0, samples: [] }, rule: string, { id, file, line }: OpenRow, why: string | undefined): TriedRule {
  if (why === undefined) return { ...known, rule, landing: known.landing + 1 };
  const samples = known.samples.length < SAMPLES ? [...known.samples, `#${id} ${file}:${line}: ${why}`] : known.samples;
  return { rule, landing: known.landing, staying: known.staying + 1, samples };
}
