import { formatInterval } from '@weir/core';
import { colour, count, seconds, table } from '../output';
import { paintedStatusWord } from '../run-words';
import type { FailingRule, PipelineReport, ReportedRun } from './pipeline-report';

/** Failing rules that a terminal shows. */
const MOST_RULES = 10;

/** The report as tables for a terminal: its runs, newest first, and what failed in them. */
export function reportLines({ pipeline, runs, failing }: PipelineReport): string[] {
  if (runs.length === 0) return [`  ${pipeline} has no runs yet. Start one with \`weir run ${pipeline}\`.`];
  const more = failing.length - MOST_RULES;
  return [runTable(runs), ...(failing.length === 0 ? ['', `  ${colour.good('No rule was broken.')}`] : ['', ruleTable(failing.slice(0, MOST_RULES))]), ...(more > 0 ? [colour.faint(`  and ${more} more; --json has all`)] : [])];
}

function runTable(runs: readonly ReportedRun[]): string {
  const right = 'right' as const;
  const columns = [{ title: 'source' }, { title: 'started' }, { title: 'interval' }, { title: 'status' }, ...['rows', 'quarantined', 'score', 'passed', 'failed', 'warnings', 'info', 'took'].map((title) => ({ title, align: right })), { title: '' }];
  return table(columns, runs.toReversed().map(runRow));
}

function runRow(run: ReportedRun): string[] {
  const { sources, startedAt, interval, status, rows, quarantined, score, checks, error } = run;
  const bad = (number: number, paint: (text: string) => string): string => (number > 0 ? paint(count(number)) : '0');
  return [sources[0] ?? '', startedAt.slice(0, 19), formatInterval(interval), paintedStatusWord(status), count(rows), bad(quarantined, colour.doubt), scoreText(score), count(checks.passed), bad(checks.failed, colour.bad), bad(checks.warning, colour.doubt), count(checks.info), seconds(run.seconds * 1_000), colour.bad(error ?? '')];
}

/** Percent with one decimal; a dash where nothing was checked, because then there is no score. */
function scoreText(score: number | undefined): string {
  return score === undefined ? '–' : `${score.toFixed(1)} %`;
}

function ruleTable(failing: readonly FailingRule[]): string {
  const right = 'right' as const;
  const columns = [{ title: 'failing rule' }, { title: 'type' }, { title: 'severity' }, { title: 'runs', align: right }, { title: 'rows', align: right }, { title: 'last' }, { title: 'threshold' }];
  return table(columns, failing.map(({ rule, type, severity, runs, rows, lastActual, threshold }) => [rule, type, severity === 'critical' ? colour.bad(severity) : severity === 'warning' ? colour.doubt(severity) : severity, count(runs), rows === undefined ? '–' : count(rows), lastActual, threshold]));
}
