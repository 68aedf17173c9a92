import type { BatchReject, BatchRemark, DecodeRule, ValidatedBatch } from '@weir/core';
import { Severity, type RuleCount } from '@weir/rpc';
import type { RecordReject } from './quarantine-records';
import type { RecordColumns } from './record-columns';
import { ruleReason } from './rejects';

const SAMPLES = 5;

/** The records that go to quarantine, in their order. */
export function rejectsOf({ rejects }: ValidatedBatch): BatchReject[] {
  return rejects === null ? [] : (JSON.parse(rejects) as BatchReject[]).sort((a, b) => a.ordinal - b.ordinal);
}

/** The records for quarantine with all that is known of them. */
export function* recordRejects(rejects: readonly BatchReject[], columns: RecordColumns, rules: readonly DecodeRule[]): Generator<RecordReject> {
  for (const { ordinal, rules: broken } of rejects) {
    const { name, offset, start, grain } = columns.rangeOf(ordinal);
    yield {
      log: name,
      offset: offset + ordinal - start,
      timestamp: columns.timestamp(ordinal),
      partition: grain,
      rules: broken,
      reason: ruleReason(broken[0], rules),
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

/** How many records each rule caught: critical rules first, each by number. Samples are `topic:partition:offset: reason`. */
export function countBatchRules(rejects: readonly BatchReject[], { remarks }: ValidatedBatch, columns: RecordColumns, rules: readonly DecodeRule[]): RuleCount[] {
  const counts = new Map<string, { rows: number; samples: number[] }>();
  for (const { ordinal, rules: broken } of rejects) {
    for (const rule of broken) {
      const count = counts.get(rule) ?? { rows: 0, samples: [] };
      if (count.samples.length < SAMPLES) count.samples.push(ordinal);
      counts.set(rule, { ...count, rows: count.rows + 1 });
    }
  }
  const told = (rule: string, rows: number, samples: readonly number[], severity: Severity): RuleCount => ({ rule, rows, samples: samples.map((ordinal) => `${columns.position(ordinal)}: ${ruleReason(rule, rules)}`), severity });
  const severityOf = (rule: string): Severity => (rules.find(({ id }) => id === rule)?.severity === 'info' ? Severity.INFO : Severity.WARNING);
  const critical = [...counts].map(([rule, { rows, samples }]) => told(rule, rows, samples, Severity.CRITICAL));
  const others = (JSON.parse(remarks) as BatchRemark[]).filter(({ rows }) => rows > 0).map(({ rule, rows, samples }) => told(rule, rows, samples, severityOf(rule)));
  return [...byRows(critical), ...byRows(others)];
}

function byRows(counts: RuleCount[]): RuleCount[] {
  return counts.sort((a, b) => b.rows - a.rows || (a.rule < b.rule ? -1 : 1));
}
