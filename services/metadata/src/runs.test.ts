import { RuleOutcome, RunStatus, Severity, StageStatus, Verdict, type CheckResult, type StageRecord } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { getRun } from './get-run';
import { listPipelines } from './list-pipelines';
import { listRuns } from './list-runs';
import { recordStage } from './record-stage';
import { days, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

function check(name: string, passed: boolean): CheckResult {
  return { check: name, dataset: 'bronze.orders', checkType: 'completeness', severity: Severity.WARNING, passed, actual: '1', threshold: 'at most 2', error: '', measure: 'nullShare', samples: [] };
}

function stage(name: string, attempt: number, changes: Partial<StageRecord> = {}): StageRecord {
  return {
    stage: name, attempt, status: StageStatus.SUCCEEDED, startedAt: `2026-01-01T00:00:0${attempt}.000Z`, milliseconds: 12, rowsIn: 10, rowsOut: 9, rowsQuarantined: 1,
    details: [{ name: 'silver.lines', rowsIn: 10, rowsOut: 9, milliseconds: 3 }], checks: [], verdict: Verdict.UNSPECIFIED, score: undefined, error: undefined, accounts: undefined, output: undefined, rules: [], ...changes,
  };
}

describe('runs', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const begin = async (pipeline: string, runId: string, from = 0) => {
    await givenPipeline(bench.pool, pipeline);
    await beginRun(bench, runRequest(pipeline, runId, days(from, from + 1)));
  };

  test('a run comes back with its stages as they were recorded', async () => {
    await begin('whole', 'whole-run');
    const rules = [{ rule: 'required:a', rows: 3, samples: ['a.csv:2: a is empty.'], severity: Severity.WARNING, outcome: RuleOutcome.DISCARD }];
    const output = { manifest: 'manifest/whole/whole-run/extract-a.json', sha256: 'ab', rows: 0, bytes: 7 };
    const records = [stage('extract', 1, { output }), stage('validate', 1, { accounts: { read: 10, admitted: 8, duplicate: 1, quarantined: 1, filtered: 0 }, checks: [check('a', true)], rules, verdict: Verdict.PASSED, score: 100 })];
    for (const record of records) await recordStage(bench, { runId: 'whole-run', stage: record });
    const { run, stages } = await getRun(bench, { run: 'whole-run' });
    expect(stages).toEqual(records.sort((a, b) => a.stage.localeCompare(b.stage)));
    expect(run).toMatchObject({ pipeline: 'whole', interval: days(0, 1), status: RunStatus.RUNNING, endedAt: '', snapshot: 0, accounts: { read: 10, admitted: 8 }, backfill: '', retryOf: '' });
  });

  test('checks keep their detail, and those that were recorded before there was any come back without', async () => {
    await begin('detailed', 'detailed-run');
    const detailed = { ...check('a', false), value: 24.9, rows: 1_000, failed: 249, samples: ['(1) at a.csv:2'] };
    await recordStage(bench, { runId: 'detailed-run', stage: stage('validate', 1, { checks: [detailed] }) });
    expect((await getRun(bench, { run: 'detailed-run' })).stages[0]?.checks).toEqual([detailed]);
    await bench.pool.query(`update metadata.stage set checks = '[{"check": "old", "dataset": "bronze.orders", "checkType": "accuracy", "severity": "SEVERITY_INFO", "passed": true, "actual": "1", "threshold": "2", "error": ""}]' where run_id = 'detailed-run'`);
    expect((await getRun(bench, { run: 'detailed-run' })).stages[0]?.checks).toMatchObject([{ check: 'old', measure: '', samples: [] }]);
  });

  test('recording an attempt again replaces it', async () => {
    await begin('again', 'again-run');
    await recordStage(bench, { runId: 'again-run', stage: stage('extract', 1, { rowsOut: 1 }) });
    await recordStage(bench, { runId: 'again-run', stage: stage('extract', 1, { rowsOut: 5 }) });
    expect((await getRun(bench, { run: 'again-run' })).stages.map((record) => record.rowsOut)).toEqual([5]);
  });

  test('verdict and score of a run come from the latest attempts of its stages', async () => {
    await begin('judged', 'judged-run');
    const records = [
      stage('validate', 1, { verdict: Verdict.FAILED, status: StageStatus.FAILED, checks: [check('a', false)] }),
      stage('validate', 2, { verdict: Verdict.WARNING, checks: [check('a', true), check('b', false)] }),
      stage('audit', 1, { verdict: Verdict.PASSED, checks: [check('c', true), check('d', true)] }),
    ];
    for (const record of records) await recordStage(bench, { runId: 'judged-run', stage: record });
    expect((await getRun(bench, { run: 'judged-run' })).run).toMatchObject({ verdict: Verdict.WARNING, score: 75 });
  });

  test('a run without checks has no score', async () => {
    await begin('unjudged', 'unjudged-run');
    await recordStage(bench, { runId: 'unjudged-run', stage: stage('extract', 1) });
    expect((await getRun(bench, { run: 'unjudged-run' })).run).toMatchObject({ verdict: Verdict.UNSPECIFIED, score: undefined });
  });

  test.each([
    ['no stage', undefined],
    ['no attempt', stage('extract', 0)],
    ['no status', stage('extract', 1, { status: StageStatus.UNSPECIFIED })],
    ['a start that is no instant', stage('extract', 1, { startedAt: 'yesterday' })],
  ])('a record with %s is refused', async (_title, record) => {
    await begin('refused', 'refused-run');
    await expect(recordStage(bench, { runId: 'refused-run', stage: record })).rejects.toMatchObject({ code: 'INVALID_VALUE' });
  });

  test('a stage of an unknown run is refused', async () => {
    await expect(recordStage(bench, { runId: 'nobody', stage: stage('extract', 1) })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  test('a run is found by id, by a unique prefix and by its workflow', async () => {
    await begin('found', '0194aaaa-0001', 0);
    await begin('found', '0194aaab-0002', 1);
    const idOf = async (run: string) => (await getRun(bench, { run })).run?.runId;
    expect(await idOf('0194aaaa-0001')).toBe('0194aaaa-0001');
    expect(await idOf('0194aaab')).toBe('0194aaab-0002');
    expect(await idOf('run/found/0194aaaa-0001')).toBe('0194aaaa-0001');
    await expect(idOf('0194aaa')).rejects.toMatchObject({ code: 'INVALID_VALUE', samples: ['0194aaaa-0001', '0194aaab-0002'] });
    await expect(idOf('0194a')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    await expect(idOf('0194%%%%')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  });

  test('a workflow that ran twice gives its newest run', async () => {
    await givenPipeline(bench.pool, 'twice');
    for (const runId of ['twice-b', 'twice-a']) {
      await beginRun(bench, { ...runRequest('twice', runId, days(0, 1)), workflowId: 'run/twice' });
      await finishRun(bench, { runId, status: RunStatus.SUCCEEDED, error: undefined });
    }
    expect((await getRun(bench, { run: 'run/twice' })).run?.runId).toBe('twice-a');
  });

  test('a list is newest first, of one pipeline and status', async () => {
    for (const n of [1, 2, 3]) await begin('listed', `listed-${n}`, n);
    await finishRun(bench, { runId: 'listed-2', status: RunStatus.CANCELLED, error: undefined });
    const ids = async (limit: number, status: RunStatus) => (await listRuns(bench, { pipeline: 'listed', limit, status, backfill: '' })).runs.map((run) => run.runId);
    expect(await ids(0, RunStatus.UNSPECIFIED)).toEqual(['listed-3', 'listed-2', 'listed-1']);
    expect(await ids(1, RunStatus.UNSPECIFIED)).toEqual(['listed-3']);
    expect(await ids(0, RunStatus.RUNNING)).toEqual(['listed-3', 'listed-1']);
    await expect(ids(1_001, RunStatus.RUNNING)).rejects.toMatchObject({ code: 'INVALID_VALUE' });
    expect((await listRuns(bench, { pipeline: '', limit: 1, status: RunStatus.CANCELLED, backfill: '' })).runs.map((run) => run.runId)).toEqual(['listed-2']);
  });

  test('pipelines are listed by name with their last run', async () => {
    await givenPipeline(bench.pool, 'aaa');
    const { pipelines } = await listPipelines(bench, {});
    expect(pipelines.map((pipeline) => pipeline.pipeline)).toEqual(pipelines.map((pipeline) => pipeline.pipeline).sort());
    expect(pipelines[0]).toEqual({ pipeline: 'aaa', version: 1, snapshot: 0, appliedAt: expect.stringMatching(/Z$/), lastRunStatus: '' });
    expect(pipelines.find((pipeline) => pipeline.pipeline === 'twice')).toMatchObject({ lastRunStatus: RunStatus.SUCCEEDED });
  });
});
