import { WeirError } from '@weir/core';
import type { BeginRunRequest, ExtractRequest, FinishRunRequest, LoadRequest, RecordStageRequest, TransformRequest, ValidateRequest } from '@weir/rpc';
import { failureOf, startRig, type Rig } from '../testing/rig';

const DAY = { interval: { start: '2010-12-01', end: '2010-12-02' } };
const RAW = { manifest: 'raw/first/manifest.json', sha256: 'b'.repeat(64), rows: 17, bytes: 170 };

describe('how a run begins', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('from raw: at validate, with what the run that it repeats extracted', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ raw: RAW }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY, from: 'raw', retryOf: 'first-run' });
    await handle.result();
    expect(rig.far.requests<BeginRunRequest>('beginRun')).toMatchObject([{ startAt: 'RUN_START_RAW', retryOf: 'first-run' }]);
    expect(rig.far.stepsOf((await handle.describe()).runId)).toEqual(['beginRun', 'validate', 'transform', 'audit', 'publish', 'load', 'finishRun']);
    expect(rig.far.requests<ValidateRequest>('validate')).toMatchObject([{ raw: RAW }]);
    expect(rig.far.requests<{ staged: unknown[] }>('publish')[0]?.staged[0]).toEqual(RAW);
  });

  it('from delivery: refreshes what is behind and loads the newest snapshot, and publishes nothing of its own', async () => {
    rig.far.script = { beginRun: ({ kind }) => Promise.resolve({ hasHistoryModels: true, snapshot: kind === 'RUN_KIND_REFRESH' ? 41 : 40 }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), from: 'delivery', retryOf: 'first-run' });
    const { runId } = await handle.describe();
    await expect(handle.result()).resolves.toEqual({ runId, pipeline: expect.any(String) as unknown, snapshot: 40, delivered: true });
    expect(rig.far.requests<BeginRunRequest>('beginRun')[0]).toMatchObject({ startAt: 'RUN_START_DELIVERY', interval: undefined });
    expect(rig.far.stepsOf(runId)).toEqual(['beginRun', 'load', 'finishRun']);
    expect(rig.far.requests<LoadRequest>('load')).toMatchObject([{ snapshot: Math.max(40, rig.far.published()) }]);
  });

  it('from delivery: ends as DELIVERY_FAILED when a destination fails again', async () => {
    rig.far.script = { load: () => Promise.reject(new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: 'still' })) };
    const handle = await rig.start({ pipeline: rig.pipeline(), from: 'delivery' });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'DESTINATION_INCOMPATIBLE' });
    expect(rig.far.requests<FinishRunRequest>('finishRun').map(({ status }) => status)).toEqual(['RUN_STATUS_DELIVERY_FAILED']);
  });

  it('of a backfill: in the background, without a refresh of its own, and found by the backfill', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ hasHistoryModels: true }) };
    const pipeline = rig.pipeline();
    const handle = await rig.start({ pipeline, ...DAY, kind: 'backfill', backfill: `backfill/${pipeline}/may` });
    await handle.result();
    const { runId, searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({ WeirBackfill: [`backfill/${pipeline}/may`] });
    expect(rig.far.requests<BeginRunRequest>('beginRun')).toMatchObject([{ backfill: `backfill/${pipeline}/may`, kind: 'RUN_KIND_BACKFILL' }]);
    expect(rig.far.stepsOf(runId)).toEqual(['beginRun', 'extract', 'validate', 'transform', 'audit', 'publish', 'load', 'finishRun']);
    expect(rig.far.requests<ExtractRequest>('extract')[0]?.context).toMatchObject({ background: true });
  });

  it('live: in the foreground, with what it pinned of other pipelines, and what it extracted is recorded', async () => {
    const upstream = [{ pipeline: 'shop', dataset: 'silver.customers', snapshot: 12 }];
    rig.far.script = { beginRun: () => Promise.resolve({ upstream }) };
    await (await rig.start({ pipeline: rig.pipeline(), ...DAY })).result();
    expect(rig.far.requests<ExtractRequest>('extract')[0]?.context).toMatchObject({ background: false });
    expect(rig.far.requests<TransformRequest>('transform')).toMatchObject([{ upstream }]);
    const extracted = rig.far.requests<RecordStageRequest>('recordStage').find(({ stage }) => stage?.stage === 'extract');
    expect(extracted?.stage?.output).toEqual({ manifest: 'manifest/raw.json', sha256: 'a'.repeat(64), rows: 100, bytes: 1_000 });
  });

  it('scheduled by hand: with the time of its start, and with the interval that metadata gives', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ interval: { start: '2010-12-01T09:00:00Z', end: '2010-12-01T10:00:00Z' } }) };
    const handle = await rig.start({ pipeline: rig.pipeline(), kind: 'scheduled' });
    await handle.result();
    const { startTime, searchAttributes } = await handle.describe();
    const begun = rig.far.requests<BeginRunRequest>('beginRun')[0];
    expect(begun).toMatchObject({ kind: 'RUN_KIND_SCHEDULED', interval: undefined });
    expect(Math.abs(Date.parse(begun?.scheduledFor ?? '') - startTime.getTime())).toBeLessThan(1);
    expect(searchAttributes).toMatchObject({ WeirInterval: ['2010-12-01T09:00:00Z/2010-12-01T10:00:00Z'] });
    expect(rig.far.requests<ExtractRequest>('extract')[0]?.context?.interval).toEqual({ start: '2010-12-01T09:00:00Z', end: '2010-12-01T10:00:00Z' });
  });

  it.each(['PAST_MISSING', 'RUN_LIMIT'] as const)('after it waited for other runs of the pipeline: %s', async (code) => {
    rig.far.script = { beginRun: (_request, { number }) => (number < 2 ? Promise.reject(new WeirError({ code, message: 'not yet' })) : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...DAY, kind: 'scheduled' });
    await handle.result();
    expect(rig.far.requests('beginRun')).toHaveLength(3);
    const { events } = await handle.fetchHistory();
    expect(events?.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'begin')).toHaveLength(1);
  });
});
