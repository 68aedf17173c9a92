import { WeirError } from '@weir/core';
import type { BeginRunRequest, FinishRunRequest, LoadRequest, RecordStageRequest, TransformRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { failureOf, startRig, type Rig } from '../testing/rig';

const history = { beginRun: () => Promise.resolve({ hasHistoryModels: true }) };

function day(at: number) {
  return { interval: { start: `2010-12-0${at}`, end: `2010-12-0${at + 1}` } };
}

describe('refresh', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  const rebuilds = () => rig.far.requests<BeginRunRequest>('beginRun').filter(({ kind }) => kind === 'RUN_KIND_REFRESH');

  it('rebuilds history models in a run of its own, and the waiting run then loads the snapshot that holds them', async () => {
    rig.far.script = history;
    const pipeline = rig.pipeline();
    const handle = await rig.start({ pipeline, ...day(1) });
    const result = (await handle.result()) as { snapshot: number };
    const { runId } = await handle.describe();
    const rebuild = rebuilds()[0];
    expect(rebuild).toMatchObject({ workflowId: `refresh/${pipeline}`, pipeline });
    expect(rig.far.stepsOf(rebuild?.runId ?? '')).toEqual(['beginRun', 'transform', 'audit', 'publish', 'finishRun']);
    expect(rig.far.requests<TransformRequest>('transform').at(-1)).toMatchObject({ scope: 'SCOPE_HISTORY', snapshot: result.snapshot, bronze: undefined });
    expect(rig.far.requests<LoadRequest>('load')).toMatchObject([{ snapshot: result.snapshot + 1 }]);
    expect(rig.far.recordsOf(runId).map(({ stage }) => stage)).toContain('refresh');
  });

  it('shares one rebuild among the runs that ask while another is at work', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    rig.far.script = {
      ...history,
      transform: async ({ scope }) => {
        if (scope === 'SCOPE_HISTORY') await released;
        return undefined;
      },
    };
    const pipeline = rig.pipeline();
    const handles = await Promise.all([1, 2, 3, 4, 5].map((at) => rig.start({ pipeline, ...day(at) })));
    await until(() => rebuilds().length === 1 && rig.far.requests('publish').length === 5, { timeoutMs: 20_000, what: 'one rebuild and five published runs' });
    release();
    await Promise.all(handles.map((handle) => handle.result()));
    // The first asks alone or together with some; all others share the second.
    expect(rebuilds().length).toBeLessThanOrEqual(2);
    const covered = rig.far.requests<TransformRequest>('transform').filter(({ scope }) => scope === 'SCOPE_HISTORY');
    expect(Math.max(...covered.map(({ snapshot }) => snapshot))).toBeGreaterThanOrEqual(5);
    expect(rig.far.requests('load')).toHaveLength(5);
  });

  it('that fails makes the run DELIVERY_FAILED with the cause, and the other tables are loaded all the same', async () => {
    rig.far.script = {
      ...history,
      transform: ({ scope }) => (scope === 'SCOPE_HISTORY' ? Promise.reject(new WeirError({ code: 'MODEL_FAILED', message: 'customer_features overflowed' })) : Promise.resolve(undefined)),
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...day(1) });
    await expect(failureOf(handle)).resolves.toEqual({ type: 'MODEL_FAILED', message: 'MODEL_FAILED: customer_features overflowed' });
    const { runId } = await handle.describe();
    const ends = rig.far.requests<FinishRunRequest>('finishRun').map(({ runId: ended, status, error }) => [ended === runId ? 'run' : 'refresh', status, error?.code]);
    expect(ends).toEqual([
      ['refresh', 'RUN_STATUS_FAILED', 'MODEL_FAILED'],
      ['run', 'RUN_STATUS_DELIVERY_FAILED', 'MODEL_FAILED'],
    ]);
    expect(rig.far.requests<LoadRequest>('load')).toHaveLength(1);
    const record = rig.far.requests<RecordStageRequest>('recordStage').find(({ stage }) => stage?.stage === 'refresh');
    expect(record?.stage).toMatchObject({ status: 'STAGE_STATUS_FAILED', error: { code: 'MODEL_FAILED' } });
  });

  it('can be started alone, and answers an unusable input with a code', async () => {
    const handle = await rig.start({ pipeline: rig.pipeline() }, 'refresh');
    await handle.result();
    expect(rebuilds()).toHaveLength(1);
    const bad = await rig.start({}, 'refresh');
    await expect(failureOf(bad)).resolves.toMatchObject({ type: 'MISSING_KEY' });
  });

  it('that is cancelled answers its waiting run', async () => {
    let started: AbortSignal | undefined;
    rig.far.script = {
      ...history,
      transform: async ({ scope }, { signal }) => {
        if (scope !== 'SCOPE_HISTORY') return undefined;
        started = signal;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        return undefined;
      },
    };
    const pipeline = rig.pipeline();
    const handle = await rig.start({ pipeline, ...day(1) });
    await until(() => started, { timeoutMs: 10_000 });
    await rig.client.workflow.getHandle(`refresh/${pipeline}`).cancel();
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'CANCELLED' });
    expect(rig.far.requests<LoadRequest>('load')).toHaveLength(1);
  });
});
