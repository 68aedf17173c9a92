import { score } from '@weir/core';
import { RuleOutcome, RunKind, RunStatus, Severity, type CheckResult, type GetRunResponse, type RuleCount, type Run, type StageRecord } from '@weir/rpc';
import { count } from '../output';
import { brokenRules, lastAttempts } from '../run-report';
import { elapsedMs, kindWord, severityWord, statusWord, verdictWord } from '../run-words';

/** Checks of a run by how they ended. */
export interface CheckCounts {
  readonly passed: number;
  /** Critical ones that did not pass, and those that could not be measured. */
  readonly failed: number;
  readonly warning: number;
  readonly info: number;
}

/** A run as a report shows it. */
export interface ReportedRun {
  readonly runId: string;
  readonly workflowId: string;
  readonly traceId: string;
  readonly kind: string;
  readonly status: string;
  readonly verdict: string;
  readonly interval?: { readonly start: string; readonly end: string } | undefined;
  readonly startedAt: string;
  /** Empty while it runs. */
  readonly endedAt: string;
  readonly seconds: number;
  /** The datasets that were judged, the source's first. */
  readonly sources: readonly string[];
  /** Rows that were read, and what became of them. */
  readonly rows: number;
  readonly admitted: number;
  readonly duplicate: number;
  readonly quarantined: number;
  readonly filtered: number;
  readonly checks: CheckCounts;
  /** Checks that passed of all checks, percent; undefined without checks. */
  readonly score?: number | undefined;
  /** Minutes from the end of the interval to the end of the run, of a run that brought new rows: how old the newest of them were when they could be read. */
  readonly freshnessMinutes?: number | undefined;
  /** Code of the error that it ended with. */
  readonly error?: string | undefined;
}

/** A rule or check that did not hold, over all runs of a report. */
export interface FailingRule {
  readonly rule: string;
  /** `row rule`, or the type of a check. */
  readonly type: string;
  readonly severity: string;
  /** In how many runs it did not hold. */
  readonly runs: number;
  /** Rows that broke it in all of them; undefined where rows are not looked at one by one. */
  readonly rows?: number | undefined;
  /** The newest of these runs. */
  readonly lastAt: string;
  readonly lastActual: string;
  readonly threshold: string;
}

/** Runs of a pipeline, oldest first, and what failed in them, worst first. */
export interface PipelineReport {
  readonly pipeline: string;
  readonly generatedAt: string;
  readonly runs: readonly ReportedRun[];
  readonly failing: readonly FailingRule[];
}

/** Makes the report of the newest `limit` of some runs, in any order. Refreshes of history models that went well are left out: one follows nearly every run. `now` is milliseconds since 1970. */
export function pipelineReport(pipeline: string, answers: readonly GetRunResponse[], { limit, now }: { limit: number; now: number }): PipelineReport {
  const known = answers
    .flatMap(({ run, stages }) => (run ? [{ run, stages: lastAttempts(stages), rules: brokenRules(stages) }] : []))
    .filter(isTelling)
    .toSorted((one, other) => compare(one.run.startedAt, other.run.startedAt))
    .slice(-limit);
  return { pipeline, generatedAt: new Date(now).toISOString(), runs: known.map(({ run, stages }) => reportedRun(run, stages, now)), failing: failingRules(known) };
}

interface Known {
  readonly run: Run;
  /** The last attempt of each. */
  readonly stages: readonly StageRecord[];
  readonly rules: readonly RuleCount[];
}

function isTelling({ run, stages }: Known): boolean {
  return run.kind !== RunKind.REFRESH || run.interval !== undefined || run.status !== RunStatus.SUCCEEDED || stages.some(({ checks }) => checks.some(({ passed }) => !passed));
}

function reportedRun(run: Run, stages: readonly StageRecord[], now: number): ReportedRun {
  const { runId, workflowId, traceId, kind, status, verdict, interval, startedAt, endedAt, accounts, error } = run;
  const checks = stages.flatMap((stage) => stage.checks);
  const { read = 0, admitted = 0, duplicate = 0, quarantined = 0, filtered = 0 } = accounts ?? {};
  return {
    runId,
    workflowId,
    traceId,
    kind: kindWord(kind),
    status: statusWord(status),
    verdict: verdictWord(verdict),
    interval,
    startedAt,
    endedAt,
    seconds: elapsedMs(startedAt, endedAt, now) / 1_000,
    sources: [...new Set(checks.map(({ dataset }) => dataset))],
    rows: read,
    admitted,
    duplicate,
    quarantined,
    filtered,
    checks: countsOf(checks),
    score: score(checks),
    freshnessMinutes: freshnessOf(run),
    error: error?.code || undefined,
  };
}

function countsOf(checks: readonly CheckResult[]): CheckCounts {
  const failed = checks.filter(({ passed }) => !passed);
  const of = (severity: Severity): number => failed.filter((check) => !check.error && check.severity === severity).length;
  return { passed: checks.length - failed.length, failed: of(Severity.CRITICAL) + failed.filter(({ error }) => error).length, warning: of(Severity.WARNING), info: of(Severity.INFO) };
}

/** Runs of intervals that ended longer ago bring old rows on purpose, and say nothing about freshness. */
const NEW_MS = 7 * 24 * 3_600_000;

function freshnessOf({ kind, status, interval, startedAt, endedAt }: Run): number | undefined {
  if (!interval || !endedAt || status !== RunStatus.SUCCEEDED || (kind !== RunKind.SCHEDULED && kind !== RunKind.MANUAL)) return undefined;
  const end = Date.parse(interval.end);
  return Date.parse(startedAt) - end > NEW_MS ? undefined : (Date.parse(endedAt) - end) / 60_000;
}

function failingRules(known: readonly Known[]): FailingRule[] {
  const found = new Map<string, FailingRule>();
  for (const { run, stages, rules } of known) {
    for (const failure of [...stages.flatMap(failingChecks), ...rules.map(brokenRule)]) {
      const before = found.get(failure.rule);
      const rows = failure.rows === undefined && before?.rows === undefined ? undefined : (before?.rows ?? 0) + (failure.rows ?? 0);
      found.set(failure.rule, { ...failure, runs: (before?.runs ?? 0) + 1, rows, lastAt: run.startedAt });
    }
  }
  return [...found.values()].toSorted((one, other) => weight(other) - weight(one) || other.runs - one.runs || (other.rows ?? 0) - (one.rows ?? 0) || compare(one.rule, other.rule));
}

type Failure = Omit<FailingRule, 'runs' | 'lastAt'>;

function failingChecks({ checks }: StageRecord): Failure[] {
  return checks.filter(({ passed }) => !passed).map(({ check, checkType, severity, failed, actual, threshold, error }) => ({ rule: check, type: checkType, severity: severityWord(severity), rows: failed, lastActual: error || actual, threshold }));
}

/** A rule that acts on the row; one of a table has its name, too. */
function brokenRule({ rule, rows, severity, outcome, table }: RuleCount): Failure {
  return { rule: table === undefined ? rule : `${rule} of ${table}`, type: 'row rule', severity: severityWord(severity), rows, lastActual: `${count(rows)} ${rows === 1 ? 'row' : 'rows'}${FATES[outcome]}`, threshold: '' };
}

/** What became of the rows of a rule; nothing where they went on, as most do. */
const FATES: Readonly<Record<RuleOutcome, string>> = { [RuleOutcome.UNSPECIFIED]: '', [RuleOutcome.NOTE]: '', [RuleOutcome.DISCARD]: ' left out', [RuleOutcome.QUARANTINE]: ' in quarantine' };

function weight({ severity, type }: FailingRule): number {
  // Row rules do not end a run; a check that does comes before all of them.
  return severity === 'critical' ? (type === 'row rule' ? 2 : 3) : severity === 'warning' ? 1 : 0;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
