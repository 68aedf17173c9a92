import { formatInterval } from '@weir/core';
import { RuleOutcome, Verdict, type Run, type RunStatus, type Severity } from '@weir/rpc';
import { colour } from './output';

/** The words that people read for the wire's enums, in the colours of their meaning. */

/** `succeeded`, `delivery failed`, …, as in `weir runs list --status`. */
export function statusWord(status: RunStatus): string {
  return status.replace('RUN_STATUS_', '').toLowerCase().replace('_', ' ');
}

export function paintedStatus(status: RunStatus): string {
  return paintedStatusWord(statusWord(status));
}

/** A word of `statusWord` in its colour. */
export function paintedStatusWord(word: string): string {
  if (word === 'succeeded') return colour.good(word);
  return word === 'running' ? colour.name(word) : colour.bad(word);
}

export function paintedVerdict(verdict: Verdict): string {
  const word = verdictWord(verdict);
  if (verdict === Verdict.PASSED) return colour.good(word);
  if (verdict === Verdict.WARNING) return colour.doubt(word);
  return verdict === Verdict.FAILED ? colour.bad(word) : word;
}

/** `passed`, `warning`, `failed`; empty while there is none. */
export function verdictWord(verdict: Verdict): string {
  return verdict === Verdict.UNSPECIFIED ? '' : verdict.replace('VERDICT_', '').toLowerCase();
}

/** What became of rows that broke a rule. */
export function outcomeWord(outcome: RuleOutcome): string {
  return outcome === RuleOutcome.QUARANTINE ? 'in quarantine' : outcome === RuleOutcome.DISCARD ? 'left out' : 'went on';
}

/** A word of `outcomeWord` in its colour. */
export function paintedOutcome(outcome: RuleOutcome): string {
  const word = outcomeWord(outcome);
  if (outcome === RuleOutcome.QUARANTINE) return colour.bad(word);
  return outcome === RuleOutcome.DISCARD ? colour.doubt(word) : word;
}

export function severityWord(severity: Severity): string {
  return severity.replace('SEVERITY_', '').toLowerCase();
}

/** `manual`, `refresh`, … */
export function kindWord(kind: Run['kind']): string {
  return kind.replace('RUN_KIND_', '').toLowerCase();
}

/** Days as dates; `all` for pipelines without a grain. */
export function intervalWord({ interval }: Pick<Run, 'interval'>): string {
  return formatInterval(interval);
}

/** Seconds between two RFC 3339 instants; until `now` while the second is empty. */
export function elapsedMs(startedAt: string, endedAt: string, now: number): number {
  return Math.max(0, (endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt));
}
