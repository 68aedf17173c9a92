import { WeirError, type ErrorCode } from '@weir/core';
import { Severity, Verdict, type ExtractRequest, type FinishRunRequest } from '@weir/rpc';
import { failureOf, startRig, type Rig } from '../testing/rig';

const DAY = { start: '2010-12-01', end: '2010-12-02' };

function error(code: ErrorCode): WeirError {
  return new WeirError({ code, message: `scripted ${code}`, place: '2010-12-01.csv:1', samples: ['2010-12-01.csv:1: scripted'] });
}

describe('pipelineRun', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('runs the steps in order and gives back counts only', async () => {
    const pipeline = rig.pipeline();
    const handle = await rig.start({ pipeline, interval: DAY });
    const { runId } = await handle.describe();
    const result: unknown = await handle.result();
    expect(result).toEqual({
      runId,
      pipeline,
      snapshot: rig.far.published(),
      verdict: 'passed',
      accounts: { read: 100, admitted: 90, duplicate: 7, quarantined: 3, filtered: 0 },
      delivered: true,
    });
    expect(rig.far.stepsOf(runId)).toEqual(['beginRun', 'extract', 'validate', 'transform', 'audit', 'publish', 'load', 'finishRun']);
    expect(rig.far.requests<ExtractRequest>('extract')[0]?.context).toMatchObject({ runId, pipeline, definitionVersion: 3, interval: { start: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z' } });
  });

  it('records every stage with its rows', async () => {
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await handle.result();
    const rows = rig.far.recordsOf((await handle.describe()).runId).map(({ stage, status, rowsIn, rowsOut, rowsQuarantined }) => [stage, status, rowsIn, rowsOut, rowsQuarantined]);
    expect(rows).toEqual([
      ['extract', 'STAGE_STATUS_SUCCEEDED', 0, 100, 0],
      ['validate', 'STAGE_STATUS_SUCCEEDED', 100, 90, 3],
      ['transform', 'STAGE_STATUS_SUCCEEDED', 90, 40, 0],
      ['audit', 'STAGE_STATUS_SUCCEEDED', 40, 40, 0],
      ['publish', 'STAGE_STATUS_SUCCEEDED', 230, 230, 0],
      ['load', 'STAGE_STATUS_SUCCEEDED', 40, 40, 0],
    ]);
  });

  it('records what an extract took of a source that is read in sequence, and what it left', async () => {
    const take = { partition: '2010-12-01T00:00:00Z', end: '2010-12-02T00:00:00Z', source: 'files', from: '', to: '2', newest: 'b.csv', left: 88, more: true };
    rig.far.script = { extract: () => Promise.resolve({ files: 2, bytes: 34, take }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await handle.result();
    const record = rig.far.recordsOf((await handle.describe()).runId).find(({ stage }) => stage === 'extract');
    expect([record?.take, record?.details.map(({ name }) => name)]).toEqual([take, ['2 files, 34 bytes; 88 files wait for the next interval']]);
  });

  it('can be found by its search attributes and asked for its progress, also after its end', async () => {
    const pipeline = rig.pipeline();
    const handle = await rig.start({ pipeline, interval: DAY, kind: 'backfill' });
    await handle.result();
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({ WeirPipeline: [pipeline], WeirInterval: ['2010-12-01/2010-12-02'], WeirStage: ['load'], WeirRunKind: ['backfill'], WeirVerdict: ['passed'] });
    await expect(handle.query('progress')).resolves.toMatchObject({
      pipeline,
      kind: 'backfill',
      stage: 'load',
      snapshot: rig.far.published(),
      stages: ['begin', 'extract', 'validate', 'transform', 'audit', 'publish', 'load'].map((stage) => ({ stage, state: 'done', attempts: 1 })),
    });
  });

  it('leaves out transform and audit for a pipeline without interval models', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ hasIntervalModels: false }) };
    const handle = await rig.start({ pipeline: rig.pipeline() });
    await handle.result();
    expect(rig.far.stepsOf((await handle.describe()).runId)).toEqual(['beginRun', 'extract', 'validate', 'publish', 'load', 'finishRun']);
  });

  it('retries a transient code inside the stage, under a new attempt id and without a new activity', async () => {
    rig.far.script = { extract: (_request, { number }) => (number === 0 ? Promise.reject(error('UNAVAILABLE')) : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await handle.result();
    const attempts = rig.far.requests<ExtractRequest>('extract').map(({ context }) => context?.attempt);
    expect(new Set(attempts).size).toBe(2);
    const { events } = await handle.fetchHistory();
    expect(events?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'extract')).toHaveLength(1);
  });

  it('retries a counted code after the delay and records both attempts', async () => {
    rig.far.script = { transform: (_request, { number }) => (number === 0 ? Promise.reject(error('ENGINE_FAILED')) : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await handle.result();
    const { runId } = await handle.describe();
    const records = rig.far.recordsOf(runId).filter(({ stage }) => stage === 'transform');
    expect(records.map(({ attempt, status, error: cause }) => [attempt, status, cause?.code])).toEqual([
      [1, 'STAGE_STATUS_FAILED', 'ENGINE_FAILED'],
      [2, 'STAGE_STATUS_SUCCEEDED', undefined],
    ]);
    const [first, second] = records.map(({ startedAt }) => Date.parse(startedAt));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(300);
  });

  it('gives up a counted code after the retries of the definition', async () => {
    rig.far.script = { transform: () => Promise.reject(error('ENGINE_FAILED')) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'ENGINE_FAILED' });
    expect(rig.far.requests('transform')).toHaveLength(3);
  });

  it('fails at once on a code that only a person can mend, and ends the run with the error', async () => {
    rig.far.script = { validate: () => Promise.reject(error('HEADER_MISMATCH')) };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await expect(failureOf(handle)).resolves.toEqual({ type: 'HEADER_MISMATCH', message: 'HEADER_MISMATCH: scripted HEADER_MISMATCH' });
    const { runId } = await handle.describe();
    expect(rig.far.stepsOf(runId)).toEqual(['beginRun', 'extract', 'validate', 'finishRun']);
    expect(rig.far.requests<FinishRunRequest>('finishRun')).toEqual([
      {
        runId,
        status: 'RUN_STATUS_FAILED',
        error: expect.objectContaining({ code: 'HEADER_MISMATCH', stage: 'validate', place: '2010-12-01.csv:1', message: 'scripted HEADER_MISMATCH', samples: ['2010-12-01.csv:1: scripted'] }) as unknown,
      },
    ]);
  });

  it('records the checks of a refused dataset and publishes nothing', async () => {
    const check = { check: 'orders.country.nullValues', dataset: 'bronze.orders', checkType: 'completeness', severity: Severity.CRITICAL, passed: false, actual: '3', threshold: 'at most 0', error: '', measure: 'nullShare', samples: [] };
    rig.far.script = {
      validate: async (_request, turn) => {
        await turn.result({ accounts: { read: 9, admitted: 9, duplicate: 0, quarantined: 0, filtered: 0 }, checks: [check], verdict: Verdict.FAILED, score: 0, rules: [] });
        throw error('CHECK_FAILED');
      },
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: DAY });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'CHECK_FAILED' });
    const { runId, searchAttributes } = await handle.describe();
    expect(rig.far.stepsOf(runId)).not.toContain('publish');
    expect(rig.far.recordsOf(runId).at(-1)).toMatchObject({ stage: 'validate', status: 'STAGE_STATUS_FAILED', rowsIn: 9, verdict: 'VERDICT_FAILED', checks: [{ check: 'orders.country.nullValues', passed: false }] });
    expect(searchAttributes).toMatchObject({ WeirVerdict: ['failed'] });
  });

  it.each([
    ['a text', 'INVALID_VALUE'],
    [{ pipeline: 'retail', interval: { start: 'monday', end: '2010-12-02' } }, 'INVALID_INTERVAL'],
    [{ pipelin: 'retail' }, 'UNKNOWN_KEY'],
  ])('ends as failed with the code, before any rpc, on the input %j', async (input, code) => {
    const handle = await rig.start(input);
    await expect(failureOf(handle)).resolves.toMatchObject({ type: code });
    expect(rig.far.calls).toEqual([]);
  });

  it('ends as failed when metadata refuses the interval or does not know the run', async () => {
    rig.far.script = { beginRun: () => Promise.reject(error('INVALID_INTERVAL')), finishRun: () => Promise.reject(error('RUN_NOT_FOUND')) };
    const handle = await rig.start({ pipeline: rig.pipeline() });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'INVALID_INTERVAL' });
  });

  it('keeps every payload of a run over 10,000 grains below 64 KiB', async () => {
    const many = Array.from({ length: 10_000 }, (_, at) => ({ source: `in/${at}.csv`, value: '100' }));
    const models = Array.from({ length: 500 }, (_, at) => ({ name: `gold.model_${at}`, rowsIn: 10_000, rowsOut: 10_000, milliseconds: 1 }));
    rig.far.script = {
      extract: () => Promise.resolve({ positions: many }),
      transform: () => Promise.resolve({ models }),
      load: () => Promise.reject(new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: 'x'.repeat(1_000_000), samples: Array(5).fill('y'.repeat(100_000)) })),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), interval: { start: '1990-01-01', end: '2017-05-19' } });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'DESTINATION_INCOMPATIBLE' });
    const { events } = await handle.fetchHistory();
    const largest = Math.max(...(events ?? []).map((event) => JSON.stringify(event).length));
    expect(largest).toBeLessThan(65_536);
  });
});
