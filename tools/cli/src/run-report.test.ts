import { RuleOutcome, RunKind, RunStatus, Severity, StageStatus, Verdict, type Run, type StageRecord } from '@weir/rpc';
import { links, runReport } from './run-report';

const run: Run = {
  runId: '01a204a6-c7e9-7258-af3c-d1a55c5c520f',
  workflowId: 'run/retail/2010-12-01_2010-12-02',
  pipeline: 'retail',
  definitionVersion: 3,
  interval: { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' },
  kind: RunKind.MANUAL,
  status: RunStatus.SUCCEEDED,
  traceId: 'b3ea9e9c4fab1cc41620fb7ce12eeb12',
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T00:00:02.500Z',
  accounts: { read: 3108, admitted: 3000, duplicate: 100, quarantined: 8, filtered: 0 },
  verdict: Verdict.WARNING,
  score: 50,
  snapshot: 7,
  error: undefined,
  backfill: '',
  retryOf: '',
};

function stage(name: string, more: Partial<StageRecord> = {}): StageRecord {
  const none = { attempt: 1, status: StageStatus.SUCCEEDED, startedAt: run.startedAt, milliseconds: 120, rowsIn: 0, rowsOut: 0, rowsQuarantined: 0, details: [], checks: [], verdict: Verdict.UNSPECIFIED };
  return { ...none, score: undefined, error: undefined, accounts: undefined, output: undefined, rules: [], stage: name, ...more };
}

const check = { check: 'orders.customer_id.nullValues', dataset: 'bronze.orders', checkType: 'completeness', severity: Severity.WARNING, passed: false, actual: '24.9 %', threshold: 'at most 20 %', error: '', measure: 'nullShare', value: 24.9, rows: 3_000, failed: 747, samples: ['(536365, 2) at day.csv:7', 'day.csv:9'] };

function text(lines: readonly string[]): string {
  return lines.join('\n').split('\n').map((line) => line.trimEnd()).join('\n');
}

describe('the report of a run', () => {
  it('says what it took of a source that is read in sequence, and what is left', () => {
    const take = { partition: '2026-01-03T00:00:00Z', end: '2026-01-04T00:00:00Z', source: 'files', from: '130', to: '142', newest: 'in/2026-01-03\u001b.csv', left: 88, more: true };
    const lines = runReport({ run, stages: [stage('extract', { attempt: 1, status: StageStatus.FAILED }), stage('extract', { attempt: 2, take })] }, [], 0);
    expect(lines).toContain('  took 12 files; position 142 files, the newest in/2026-01-03·.csv; 88 files wait for the next interval');
  });

  it('shows stages, tables, broken rules, checks, verdict, score and accounts', () => {
    const rules = [
      { rule: 'type:quantity', rows: 8, samples: ['a.csv:3: quantity is not a whole number.'], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE },
      { rule: 'new_column:\u001b[2J', rows: 3_000, samples: ['a.csv:2: The contract does not name the column \u001b[2J.', 'a.csv:3: The same.'], severity: Severity.WARNING, outcome: RuleOutcome.NOTE },
      { rule: 'required:code', rows: 4, samples: ['a.csv:9: code is empty; the row is left out.'], severity: Severity.WARNING, outcome: RuleOutcome.DISCARD },
    ];
    const stages = [
      stage('validate', { rowsIn: 3108, rowsOut: 3000, rowsQuarantined: 8, milliseconds: 1_234, checks: [check], rules }),
      stage('load', { rowsIn: 40, rowsOut: 4000, details: [{ name: 'retail.lines', rowsIn: 40, rowsOut: 4000, milliseconds: 90 }] }),
    ];
    expect(text(runReport({ run, stages }, [], 0))).toBe(`retail 2010-12-01/2010-12-02  succeeded, 2.5 s, manual run of definition 3
run 01a204a6-c7e9-7258-af3c-d1a55c5c520f  workflow run/retail/2010-12-01_2010-12-02

  stage     rows in  rows out  quarantined  seconds
  validate    3,108     3,000            8     1.23
  load           40     4,000            0     0.12

  table         rows changed  rows now  seconds
  retail.lines            40     4,000     0.09

  rule              rows  what became of them
  type:quantity        8  in quarantine
  new_column:·[2J  3,000  went on
  required:code        4  left out
    a.csv:2: The contract does not name the column ·[2J.
    a.csv:9: code is empty; the row is left out.

  check                          type          severity  actual  threshold
  orders.customer_id.nullValues  completeness  warning   24.9 %  at most 20 %  failed
  orders.customer_id.nullValues: 747 of 3,000 rows, such as
    (536365, 2) at day.csv:7
    day.csv:9

  verdict warning, quality score 50.0 %, snapshot 7
  read 3,108 = admitted 3,000 + duplicate 100 + quarantined 8 + filtered 0`);
  });

  it('lists the rows that tables refused of all destinations, by table; of a load that was tried again what the one that succeeded counted, once', () => {
    const refused = (table: string, rule: string, rows: number) => ({ rule: `destination:${rule}`, rows, samples: [`a.csv:3: destination:${rule}`], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE, table });
    const stages = [
      stage('validate', { rules: [{ rule: 'type:quantity', rows: 8, samples: [], severity: Severity.CRITICAL, outcome: RuleOutcome.QUARANTINE }] }),
      stage('load', { rules: [refused('warehouse/shop.orders', 'check:positive', 2), refused('warehouse/shop.lines', 'check:positive', 3)] }),
      stage('load', { attempt: 2, status: StageStatus.FAILED }),
      stage('load', { attempt: 3, rules: [refused('lake/shop.orders', 'check:positive', 1)] }),
      stage('load', { attempt: 4, rules: [refused('lake/shop.orders', 'check:positive', 1)] }),
      stage('load', { attempt: 5 }),
    ];
    const report = text(runReport({ run, stages }, [], 0)).split('\n');
    const head = report.findIndex((line) => line.startsWith('  table '));
    expect(report.slice(head, head + 6)).toEqual([
      '  table                  rule                        rows  what became of them',
      '                         type:quantity                  8  in quarantine',
      '  warehouse/shop.orders  destination:check:positive     2  in quarantine',
      '  warehouse/shop.lines   destination:check:positive     3  in quarantine',
      '  lake/shop.orders       destination:check:positive     1  in quarantine',
      '',
    ]);
  });

  it('names the attempt and code of a failed stage, and ends with the error in its one form', () => {
    const error = { code: 'FILE_TRUNCATED', stage: 'validate', place: '2010-12-01.csv:17', message: 'The file ends in the middle of a row.', fix: 'Ask for it again.', samples: ['2010-12-01.csv:17: 3 of 8 fields'] };
    const failed = { ...run, status: RunStatus.FAILED, verdict: Verdict.UNSPECIFIED, accounts: undefined, snapshot: 0, error };
    const report = text(runReport({ run: failed, stages: [stage('validate', { attempt: 2, status: StageStatus.FAILED, error })] }, [], 0));
    expect(report).toContain('validate        0         0            0     0.12  attempt 2 FILE_TRUNCATED');
    expect(report.split('\n').slice(-4)).toEqual([
      'FILE_TRUNCATED in validate  2010-12-01.csv:17',
      '  The file ends in the middle of a row.',
      '    2010-12-01.csv:17: 3 of 8 fields',
      '  Fix: Ask for it again.',
    ]);
  });

  it('says what the run repeats, belongs to and waits for', () => {
    const lines = text(runReport({ run: { ...run, retryOf: '01a1', backfill: 'backfill/retail/year' }, stages: [] }, [], 0, ['  paused 2 min ago by ada'])).split('\n');
    expect(lines.slice(1, 5)).toEqual(['run 01a204a6-c7e9-7258-af3c-d1a55c5c520f  workflow run/retail/2010-12-01_2010-12-02', 'repeats run 01a1', 'part of backfill/retail/year', '  paused 2 min ago by ada']);
  });

  it('shows quarantined rows without letting their bytes act on the terminal', () => {
    const row = { runId: run.runId, dataset: 'orders', file: 'a.csv', line: 17, byteOffset: 0, byteLength: 9, rules: ['price'], reason: 'price is -1', original: Buffer.from('a,\u001b[2J,-1'), originalPath: '', quarantinedAt: '', key: Buffer.alloc(0), headers: '', traceparent: '', status: 'open', id: 1, partition: 'all', contractVersion: '1.0.0', stage: 'validate', table: '' };
    expect(text(runReport({ run, stages: [] }, [row], 0))).toContain('a.csv:17         price  price is -1  a,·[2J,-1');
  });

  it('links the trace and the workflow', () => {
    expect(links(run, { jaeger: 'http://127.0.0.1:16686', temporalUi: 'http://127.0.0.1:8233', namespace: 'default' })).toEqual([
      '  trace     http://127.0.0.1:16686/trace/b3ea9e9c4fab1cc41620fb7ce12eeb12',
      '  Temporal  http://127.0.0.1:8233/namespaces/default/workflows/run%2Fretail%2F2010-12-01_2010-12-02/01a204a6-c7e9-7258-af3c-d1a55c5c520f/history',
    ]);
  });
});
