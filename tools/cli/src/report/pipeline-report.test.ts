import { RuleOutcome, RunKind, RunStatus, Severity, Verdict, type CheckResult, type GetRunResponse, type Run, type StageRecord } from '@weir/rpc';
import { pipelineReport } from './pipeline-report';
import { reportPage } from './report-page';
import { reportLines } from './report-table';

const NOW = Date.parse('2026-03-02T02:00:00Z');

function run(day: number, changes: Partial<Run> = {}): Run {
  const start = `2026-03-0${day}T00:00:00Z`;
  const end = `2026-03-0${day + 1}T00:00:00Z`;
  return { runId: `run-${day}`, workflowId: `run/shop/${day}`, pipeline: 'shop', definitionVersion: 1, interval: { start, end }, kind: RunKind.SCHEDULED, status: RunStatus.SUCCEEDED, traceId: 'f'.repeat(32), startedAt: end.replace('00:00:00', '00:05:00'), endedAt: end.replace('00:00:00', '00:15:30'), accounts: { read: 100, admitted: 90, duplicate: 4, quarantined: 5, filtered: 1 }, verdict: Verdict.PASSED, score: undefined, snapshot: day, error: undefined, backfill: '', retryOf: '', ...changes };
}

function check(name: string, passed: boolean, changes: Partial<CheckResult> = {}): CheckResult {
  return { check: name, dataset: 'bronze.orders', checkType: 'completeness', severity: Severity.CRITICAL, passed, actual: '7 %', threshold: 'at most 5 %', error: '', measure: 'nullShare', value: 7, rows: 100, failed: passed ? 0 : 7, samples: [], ...changes };
}

function stage(name: string, changes: Partial<StageRecord> = {}): StageRecord {
  return { stage: name, attempt: 1, status: 'STAGE_STATUS_SUCCEEDED', startedAt: '', milliseconds: 0, rowsIn: 0, rowsOut: 0, rowsQuarantined: 0, details: [], checks: [], verdict: Verdict.PASSED, score: undefined, error: undefined, accounts: undefined, output: undefined, rules: [], ...changes };
}

const answer = (of: Run, ...stages: StageRecord[]): GetRunResponse => ({ run: of, stages });
const report = (...answers: GetRunResponse[]) => pipelineReport('shop', answers, { limit: 50, now: NOW });

test('a run counts its checks by how they ended, and its score is passed ÷ all', () => {
  const checks = [check('a', true), check('b', false), check('c', false, { severity: Severity.WARNING }), check('d', false, { severity: Severity.INFO }), check('e', false, { severity: Severity.INFO, error: 'no such column' })];
  const [first] = report(answer(run(1), stage('validate', { checks: checks.slice(0, 3) }), stage('audit', { checks: checks.slice(3) }))).runs;
  expect(first).toMatchObject({ sources: ['bronze.orders'], rows: 100, admitted: 90, duplicate: 4, quarantined: 5, filtered: 1, checks: { passed: 1, failed: 2, warning: 1, info: 1 }, score: 20, seconds: 630, status: 'succeeded', kind: 'scheduled' });
});

test('without checks there is no score; of a stage that was tried again the last attempt counts', () => {
  expect(report(answer(run(1))).runs[0]?.score).toBeUndefined();
  const [again] = report(answer(run(1), stage('validate', { checks: [check('a', false)] }), stage('validate', { attempt: 2, checks: [check('a', true)] }))).runs;
  expect(again).toMatchObject({ checks: { passed: 1, failed: 0 }, score: 100 });
});

test('freshness is what a run of new rows took from the end of its interval', () => {
  const { runs } = report(answer(run(1)), answer(run(2, { kind: RunKind.BACKFILL })), answer(run(3, { status: RunStatus.FAILED })), answer(run(4, { kind: RunKind.MANUAL, startedAt: '2026-03-13T00:00:00Z', endedAt: '2026-03-13T00:01:00Z' })));
  expect(runs.map(({ freshnessMinutes }) => freshnessMinutes)).toEqual([15.5, undefined, undefined, undefined]);
});

test('rules that fail are added up over the runs, the worst first', () => {
  const price = (rows: number) => ({ rule: 'price_positive', rows, samples: [], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE });
  const country = (rows: number) => ({ rule: 'required:country', rows, samples: [], severity: Severity.WARNING, outcome: RuleOutcome.DISCARD });
  const broken = (rows: number, out: number) => stage('validate', { rules: out === 0 ? [price(rows)] : [price(rows), country(out)], checks: [check('orders.email', false, { severity: Severity.WARNING }), check('orders.id', rows < 9)] });
  const { failing } = report(answer(run(1), broken(3, 0)), answer(run(2), broken(9, 2)));
  expect(failing.map(({ rule, type, severity, runs, rows, lastActual, lastAt }) => [rule, type, severity, runs, rows, lastActual, lastAt.slice(0, 10)])).toEqual([
    ['orders.id', 'completeness', 'critical', 1, 7, '7 %', '2026-03-03'],
    ['price_positive', 'row rule', 'critical', 2, 12, '9 rows in quarantine', '2026-03-03'],
    ['orders.email', 'completeness', 'warning', 2, 14, '7 %', '2026-03-03'],
    ['required:country', 'row rule', 'warning', 1, 2, '2 rows left out', '2026-03-03'],
  ]);
});

test('rows that tables refused are told by table, of all destinations', () => {
  const refused = (rows: number, table: string) => stage('load', { rules: [{ rule: 'destination:check:positive', rows, samples: [], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE, table }] });
  const { failing } = report(answer(run(1), refused(1, 'warehouse/shop.orders'), refused(2, 'lake/shop.orders')), answer(run(2), refused(4, 'warehouse/shop.orders')));
  expect(failing.map(({ rule, runs, rows }) => `${rule}: ${runs} runs, ${rows} rows`)).toEqual(['destination:check:positive of warehouse/shop.orders: 2 runs, 5 rows', 'destination:check:positive of lake/shop.orders: 1 runs, 2 rows']);
});

test('the newest runs are there, oldest first, without refreshes that went well', () => {
  const refresh = (day: number, changes: Partial<Run> = {}) => run(day, { kind: RunKind.REFRESH, interval: undefined, ...changes });
  const answers = [answer(run(3)), answer(refresh(4)), answer(run(1)), answer(refresh(5, { status: RunStatus.FAILED })), answer(run(2))];
  expect(pipelineReport('shop', answers, { limit: 3, now: NOW }).runs.map(({ runId }) => runId)).toEqual(['run-2', 'run-3', 'run-5']);
});

test('a terminal sees a row for each run and each failing rule, or what to do', () => {
  const lines = reportLines(report(answer(run(1), stage('validate', { checks: [check('orders.id', false), check('b', true)] })))).join('\n');
  expect(lines).toMatch(/bronze\.orders +2026-03-02T00:05:00 +2026-03-01\/2026-03-02 +succeeded +100 +5 +50\.0 % +1 +1 +0 +0 +630\.0 s/);
  expect(lines).toMatch(/orders\.id +completeness +critical +1 +7 +7 % +at most 5 %/);
  expect(reportLines(report())).toEqual(['  shop has no runs yet. Start one with `weir run shop`.']);
});

test('the page holds all it needs, and no text of a run ends its script', () => {
  const evil = '</script><script>alert(1)</script>';
  const page = reportPage(report(answer(run(1, { error: { code: evil, stage: '', place: '', message: '', fix: '', samples: [] } }))));
  expect(page).not.toContain(evil);
  expect(page).not.toMatch(/(src|href)=/);
  expect(page).toContain('uPlot');
  const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
  expect(JSON.parse(data)).toMatchObject({ pipeline: 'shop', runs: [{ runId: 'run-1', error: evil }] });
});
