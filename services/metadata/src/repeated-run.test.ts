import { existsSync, rmSync } from 'node:fs';
import { RunKind, RunStart, RunStatus, type BeginRunRequest } from '@weir/rpc';
import { beginRun } from './begin-run';
import { finishRun } from './finish-run';
import { getRun } from './get-run';
import { publish } from './publish';
import { recordStage } from './record-stage';
import { storeDefinition } from './store-definition';
import { derived, extracted, failedAfterExtract, published, stageRecord } from './testing/runs';
import { day, days, definitionOf, givenPipeline, liveSegments, openWorkbench, runRequest, stageWide, type Workbench } from './testing/workbench';

const BOTH = [day(0), day(1)];
const FILES = { '2010-12-01.csv': day(0), '2010-12-02.csv': day(1) };

describe('runs that repeat another', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const failed = async (pipeline: string) => {
    await givenPipeline(bench.pool, pipeline);
    return failedAfterExtract(bench, runRequest(pipeline, `${pipeline}-1`, days(0, 2)), FILES);
  };
  const again = (pipeline: string, changes: Partial<BeginRunRequest> = {}): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-2`), startAt: RunStart.RAW, retryOf: `${pipeline}-1`, ...changes });

  test('begin with the raw segments that it extracted, over its interval, and publish them', async () => {
    const raw = await failed('raw-again');
    const begun = await beginRun(bench, again('raw-again'));
    expect(begun).toMatchObject({ interval: days(0, 2), raw });
    const staged = [raw, await derived(bench, again('raw-again'), BOTH)];
    expect(await publish(bench, { runId: 'raw-again-2', fence: begun.fence, staged, moves: [] })).toEqual({ snapshot: 1 });
    expect((await liveSegments(bench.pool, 'raw-again', 'raw.orders')).map((segment) => segment.path)).toEqual(['raw/raw-again/orders/raw-again-1/a1-0.parquet', 'raw/raw-again/orders/raw-again-1/a1-1.parquet']);
    expect((await getRun(bench, { run: 'raw-again-2' })).run).toMatchObject({ retryOf: 'raw-again-1', interval: days(0, 2) });
  });

  test('get the same answer again, whatever has become of the raw segments', async () => {
    const raw = await failed('raw-same');
    const first = await beginRun(bench, again('raw-same'));
    rmSync(bench.lake.absolute(raw.manifest));
    await storeDefinition(bench.pool, definitionOf('raw-same', { description: 'newer' }));
    expect(await beginRun(bench, again('raw-same'))).toEqual(first);
    expect(await beginRun(bench, again('raw-same', { interval: { start: '2010-12-01', end: '2010-12-03' } }))).toEqual(first);
  });

  test('take the output of the latest extract that succeeded', async () => {
    await givenPipeline(bench.pool, 'raw-latest');
    const request = runRequest('raw-latest', 'raw-latest-1', days(0, 2));
    await beginRun(bench, request);
    const output = await extracted(bench, request, BOTH, FILES);
    await recordStage(bench, { runId: request.runId, stage: stageRecord('extract', { output: { ...output, manifest: 'manifest/none.json' } }) });
    await recordStage(bench, { runId: request.runId, stage: stageRecord('extract', { attempt: 2, output }) });
    await recordStage(bench, { runId: request.runId, stage: stageRecord('extract', { attempt: 3, status: 'STAGE_STATUS_FAILED' }) });
    await finishRun(bench, { runId: request.runId, status: RunStatus.CANCELLED, error: undefined });
    expect((await beginRun(bench, again('raw-latest'))).raw).toEqual(output);
  });

  test('can be repeated themselves', async () => {
    const raw = await failed('raw-chain');
    await failedAfterExtract(bench, again('raw-chain'), {});
    const begun = await beginRun(bench, again('raw-chain', { runId: 'raw-chain-3', retryOf: 'raw-chain-2' }));
    expect(begun.raw).toEqual(raw);
    const staged = [raw, await derived(bench, again('raw-chain', { runId: 'raw-chain-3' }), BOTH)];
    expect(await publish(bench, { runId: 'raw-chain-3', fence: begun.fence, staged, moves: [] })).toEqual({ snapshot: 1 });
  });

  test('are refused when the raw segments are gone, or there never were any', async () => {
    const raw = await failed('raw-gone');
    rmSync(bench.lake.absolute(raw.manifest));
    await expect(beginRun(bench, again('raw-gone'))).rejects.toMatchObject({ code: 'RAW_EXPIRED', message: expect.stringContaining(raw.manifest) });
    await givenPipeline(bench.pool, 'raw-never');
    await beginRun(bench, runRequest('raw-never', 'raw-never-1', days(0, 2)));
    await finishRun(bench, { runId: 'raw-never-1', status: RunStatus.FAILED, error: undefined });
    await expect(beginRun(bench, again('raw-never'))).rejects.toMatchObject({ code: 'RAW_EXPIRED', message: expect.stringContaining('raw-never-1') });
    const { rows } = await bench.pool.query(`select 1 from metadata.lease where pipeline in ('raw-gone', 'raw-never')`);
    expect(rows).toEqual([]);
  });

  test('are refused when they would not be the same', async () => {
    await failed('raw-other');
    await givenPipeline(bench.pool, 'raw-another');
    const refusals: [Partial<BeginRunRequest>, string, string][] = [
      [{ interval: days(0, 1) }, 'INVALID_VALUE', '2010-12-01/2010-12-03 of raw-other'],
      [{ pipeline: 'raw-another' }, 'INVALID_VALUE', 'of raw-other'],
      // It repeats no run, and nothing is published that it could begin with.
      [{ retryOf: '', interval: days(0, 2) }, 'RAW_EXPIRED', 'Nothing raw of 2010-12-01'],
      [{ retryOf: 'nobody' }, 'RUN_NOT_FOUND', '`nobody`'],
      [{ kind: RunKind.REFRESH }, 'INVALID_VALUE', 'refresh'],
    ];
    for (const [changes, code, part] of refusals) {
      await expect(beginRun(bench, again('raw-other', changes))).rejects.toMatchObject({ code, message: expect.stringContaining(part) });
    }
  });

  test('are refused raw segments of a dataset that the pipeline no longer reads', async () => {
    await failed('raw-renamed');
    const { source } = definitionOf('raw-renamed');
    await storeDefinition(bench.pool, definitionOf('raw-renamed', { source: { ...source, dataset: 'sales' } }));
    await expect(beginRun(bench, again('raw-renamed'))).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: expect.stringContaining('reads raw.sales now') });
  });

  test('cannot publish the raw manifest of a run that they do not repeat', async () => {
    const raw = await failed('raw-strange');
    const request = runRequest('raw-strange', 'raw-strange-2', days(0, 2));
    const { fence } = await beginRun(bench, { ...request, retryOf: 'raw-strange-1' });
    const staged = [raw, await derived(bench, request, BOTH)];
    await expect(publish(bench, { runId: request.runId, fence, staged, moves: [] })).rejects.toMatchObject({ code: 'INVALID_VALUE', message: expect.stringContaining('is of run raw-strange-1') });
  });

  test('from the source need no interval either', async () => {
    await failed('source-again');
    expect(await beginRun(bench, again('source-again', { startAt: RunStart.UNSPECIFIED }))).toMatchObject({ interval: days(0, 2), raw: undefined });
  });

  test('leave what they began with when they fail', async () => {
    const raw = await failed('raw-kept');
    await failedAfterExtract(bench, again('raw-kept'), {});
    expect(existsSync(bench.lake.absolute(raw.manifest))).toBe(true);
  });
});

describe('deliveries', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const delivery = (pipeline: string, n: number | string, changes: Partial<BeginRunRequest> = {}): BeginRunRequest => ({ ...runRequest(pipeline, `${pipeline}-d${n}`), startAt: RunStart.DELIVERY, ...changes });
  const behind = async (pipeline: string, n: number) => (await beginRun(bench, delivery(pipeline, n))).hasHistoryModels;

  test('lease nothing, so any number of them run beside runs', async () => {
    await givenPipeline(bench.pool, 'deliver');
    await beginRun(bench, runRequest('deliver', 'deliver-1', days(0, 2)));
    const begun = await Promise.all([1, 2, 3].map((n) => beginRun(bench, delivery('deliver', n))));
    expect(begun.map((answer) => answer.interval)).toEqual([undefined, undefined, undefined]);
    const { rows } = await bench.pool.query(`select run_id from metadata.lease where pipeline = 'deliver' and run_id <> 'deliver-1'`);
    expect(rows).toEqual([]);
  });

  test('of a run are about its interval, and give the same answer again', async () => {
    await givenPipeline(bench.pool, 'deliver-again');
    await published(bench, runRequest('deliver-again', 'deliver-again-1', days(0, 2)), RunStatus.DELIVERY_FAILED);
    const request = delivery('deliver-again', 1, { retryOf: 'deliver-again-1' });
    const first = await beginRun(bench, request);
    expect(first).toMatchObject({ interval: days(0, 2), snapshot: 1, hasHistoryModels: true });
    await published(bench, runRequest('deliver-again', 'deliver-again-r', undefined, RunKind.REFRESH));
    expect(await beginRun(bench, request)).toEqual(first);
  });

  test('publish nothing', async () => {
    await givenPipeline(bench.pool, 'deliver-only');
    const { fence } = await beginRun(bench, delivery('deliver-only', 1));
    const staged = [await stageWide(bench.lake, 'deliver-only', 'deliver-only-d1', [day(0)])];
    await expect(publish(bench, { runId: 'deliver-only-d1', fence, staged, moves: [] })).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: expect.stringContaining('only delivers') });
    await expect(publish(bench, { runId: 'deliver-only-d1', fence, staged: [], moves: [] })).rejects.toMatchObject({ code: 'NOT_POSSIBLE' });
  });

  test('rebuild history models only when these are behind', async () => {
    const refresh = (n: number) => runRequest('deliver-history', `deliver-history-r${n}`, undefined, RunKind.REFRESH);
    await givenPipeline(bench.pool, 'deliver-history');
    expect(await behind('deliver-history', 1)).toBe(false);
    await published(bench, runRequest('deliver-history', 'deliver-history-1', days(0, 2)));
    expect(await behind('deliver-history', 2)).toBe(true);
    await published(bench, refresh(1));
    expect(await behind('deliver-history', 3)).toBe(false);
    // A refresh that began before a run published has not read what that run published, though it publishes after it.
    const { fence } = await beginRun(bench, refresh(2));
    await published(bench, runRequest('deliver-history', 'deliver-history-2', days(2, 3)));
    await publish(bench, { runId: 'deliver-history-r2', fence, staged: [await stageWide(bench.lake, 'deliver-history', 'deliver-history-r2', ['all'], 'history')], moves: [] });
    await finishRun(bench, { runId: 'deliver-history-r2', status: RunStatus.SUCCEEDED, error: undefined });
    expect(await behind('deliver-history', 4)).toBe(true);
    await published(bench, refresh(3));
    expect(await behind('deliver-history', 5)).toBe(false);
    await storeDefinition(bench.pool, definitionOf('deliver-history', { description: 'newer' }));
    expect(await behind('deliver-history', 6)).toBe(true);
  });

  test('rebuild nothing where there are no history models', async () => {
    await givenPipeline(bench.pool, 'deliver-plain', { models: definitionOf('deliver-plain').models.filter((model) => model.scope !== 'history') });
    await published(bench, { ...runRequest('deliver-plain', 'deliver-plain-1', days(0, 2)) });
    expect(await behind('deliver-plain', 1)).toBe(false);
  });
});
