import { NEW_COLUMN, type BatchReject, type BatchRemark, type DecodeRule, type ValidatedBatch } from '@weir/core';
import type { RuleCount } from '@weir/rpc';
import type { RecordReject } from './quarantine-records';
import type { RecordColumns } from './record-columns';
import { brokenReason, ruleReason, ruleWeight } from './rejects';

const SAMPLES = 5;

/** The records that go to quarantine, in their order. */
export function rejectsOf({ rejects }: ValidatedBatch): BatchReject[] {
  return rejects === null ? [] : (JSON.parse(rejects) as BatchReject[]).sort((a, b) => a.ordinal - b.ordinal);
}

/** The records for quarantine with all that is known of them. */
export function* recordRejects(rejects: readonly BatchReject[], columns: RecordColumns, rules: readonly DecodeRule[]): Generator<RecordReject> {
  for (const reject of rejects) {
    const { ordinal, rules: broken } = reject;
    const { name, offset, start, grain } = columns.rangeOf(ordinal);
    yield {
      log: name,
      offset: offset + ordinal - start,
      timestamp: columns.timestamp(ordinal),
      partition: grain,
      rules: broken,
      reason: brokenReason(reject, rules),
      original: originalOf(columns, ordinal),
      key: columns.key(ordinal),
      headers: columns.headers(ordinal),
    };
  }
}

/** Of a record that ingest has set aside the bytes came another way, or not at all: a compressed batch that cannot be read is kept once. */
function originalOf(columns: RecordColumns, ordinal: number): RecordReject['original'] {
  const poisoned = columns.poisoned.get(ordinal);
  if (poisoned?.originalPath) return { path: poisoned.originalPath, length: poisoned.length };
  if (poisoned) return poisoned.original.length === 0 ? null : { bytes: Buffer.from(poisoned.original) };
  const bytes = columns.value(ordinal);
  return bytes && { bytes };
}

/** Columns that the contract does not name, of which counts tell by name. */
const MOST_NAMES = 20;

/** How many records each rule caught: critical rules first, each by number; NEW_COLUMN as one rule for each name. Samples are `topic:partition:offset: reason`. */
export function countBatchRules(rejects: readonly BatchReject[], { remarks, names }: ValidatedBatch, columns: RecordColumns, rules: readonly DecodeRule[]): RuleCount[] {
  const told = (rule: string, rows: number, samples: readonly number[]): RuleCount => ({ rule, rows, samples: samples.map((ordinal) => `${columns.position(ordinal)}: ${ruleReason(rule, rules)}`), ...ruleWeight(rule, rules) });
  const critical = refusals(rejects).map(([rule, { rows, samples }]) => told(rule, rows, samples));
  const strangers = Object.entries(JSON.parse(names ?? '{}') as Record<string, number>);
  const others = (JSON.parse(remarks) as BatchRemark[]).filter(({ rows }) => rows > 0).flatMap(({ rule, rows, samples }) => {
    const named = rule === NEW_COLUMN ? strangers.map(([name, count]) => ({ rule: `${rule}:${name}`, rows: count })) : [{ rule, rows }];
    return named.map((each) => told(each.rule, each.rows, samples));
  });
  return [...byRows(critical), ...byRows(others)];
}

function refusals(rejects: readonly BatchReject[]): [string, { rows: number; samples: number[] }][] {
  const counts = new Map<string, { rows: number; samples: number[] }>();
  for (const { ordinal, rules, names } of rejects) {
    for (const rule of rules.flatMap((each) => (each === NEW_COLUMN && names ? names.map((name) => `${each}:${name}`) : [each]))) {
      const count = counts.get(rule) ?? { rows: 0, samples: [] };
      if (count.samples.length < SAMPLES) count.samples.push(ordinal);
      counts.set(rule, { ...count, rows: count.rows + 1 });
    }
  }
  return [...counts];
}

function byRows(counts: RuleCount[]): RuleCount[] {
  const sorted = counts.sort((a, b) => b.rows - a.rows || (a.rule < b.rule ? -1 : 1));
  const strangers = sorted.filter(({ rule }) => rule.startsWith(`${NEW_COLUMN}:`));
  const left = new Set(strangers.slice(MOST_NAMES));
  return sorted.filter((count) => !left.has(count));
}
