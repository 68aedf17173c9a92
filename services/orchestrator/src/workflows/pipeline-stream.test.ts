import { WeirError } from '@weir/core';
import { until } from '@weir/testkit';
import { Brook, heartbeatsOf, progressOf, reaches } from '../testing/brook';
import { failureOf, startRig, type Rig } from '../testing/rig';

describe('pipelineStream', () => {
  let rig: Rig;
  let brook: Brook;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => {
    rig.far.reset();
    brook = new Brook(rig);
    rig.far.script = brook.script();
  });
  afterEach(() => brook.end());

  it('keeps as many consumers at work as the definition says, under its version, and shows what they tell', async () => {
    brook.consumers = 3;
    const handle = await brook.start();
    await until(() => brook.atWork.length === 3, { timeoutMs: 10_000, what: 'three consumers' });
    const { runId } = await handle.describe();
    expect(new Set(brook.calls().map(({ member }) => member))).toEqual(new Set([0, 1, 2]));
    expect(brook.calls()[0]).toMatchObject({ context: { pipeline: brook.pipeline, definitionVersion: 3, commitId: '', workflowId: `stream/${brook.pipeline}`, runId }, skipLost: false });
    expect(await reaches(handle, 'running')).toMatchObject({ pipeline: brook.pipeline, definitionVersion: 3, consumers: { wanted: 3, running: 3 }, restarts: 0, archive: { workflowId: `archive/${brook.pipeline}`, state: 'following' } });
    const told = await until(async () => {
      const heartbeats = await heartbeatsOf(handle);
      return heartbeats.length === 3 && heartbeats.every(({ state }) => state === 'consuming') ? heartbeats : undefined;
    }, { timeoutMs: 10_000, what: 'their heartbeats' });
    expect(told.toSorted((a, b) => a.member - b.member)).toEqual([0, 1, 2].map((member) => ({
      member, definitionVersion: 3, state: 'consuming', partitions: [0, 1], lag: 3, read: 100, admitted: 90, duplicate: 7, quarantined: 3, filtered: 0, refused: 0, batches: 10, recordsPerSecond: 12.5, latencyP50Ms: 20, latencyP99Ms: 45,
      newest: '2026-01-01T00:00:00.000Z', rebalances: 1, failures: 0,
    })));
    expect((await handle.describe()).searchAttributes).toMatchObject({ WeirPipeline: [brook.pipeline], WeirState: ['running'] });
  });

  it('writes no history while nothing changes', async () => {
    const handle = await brook.start({ consumers: 2 });
    await until(() => brook.atWork.length === 2, { timeoutMs: 10_000 });
    await reaches(handle, 'running');
    const before = (await handle.describe()).historyLength;
    const told = await heartbeatsOf(handle);
    await until(async () => (await rig.client.workflow.getHandle(`archive/${brook.pipeline}`).describe()).raw.pendingActivities?.length, { timeoutMs: 10_000 });
    // The archive of an idle topic looks every second, in an activity.
    await until(() => rig.far.requests('planArchive').length >= 5, { timeoutMs: 10_000, what: 'five looks of the archive' });
    expect((await handle.describe()).historyLength).toBe(before);
    expect(told).toBeDefined();
    expect((await brook.archive().describe()).historyLength).toBeLessThan(25);
  });

  it.each([
    ['a batch pipeline', { mode: 'batch' }, {}, 'INVALID_VALUE'],
    ['no consumers', {}, { consumers: 0 }, 'INVALID_VALUE'],
    ['too many consumers', {}, { consumers: 65 }, 'INVALID_VALUE'],
    ['a flag that is none', {}, { skipLost: 'yes' }, 'INVALID_VALUE'],
    ['what nobody understands', {}, { consumer: 2 }, 'UNKNOWN_KEY'],
  ])('refuses %s', async (_what, changes, input, code) => {
    Object.assign(brook, changes);
    await expect(failureOf(await brook.start(input))).resolves.toMatchObject({ type: code });
    expect(brook.calls()).toEqual([]);
  });

  it('refuses a pipeline that nobody applied', async () => {
    rig.far.script = { getDefinition: () => Promise.reject(new WeirError({ code: 'PIPELINE_NOT_FOUND', message: 'none' })) };
    await expect(failureOf(await brook.start())).resolves.toMatchObject({ type: 'PIPELINE_NOT_FOUND' });
  });

  it('waits for metadata, and can be stopped meanwhile', async () => {
    rig.far.script = { getDefinition: () => Promise.reject(new WeirError({ code: 'UNAVAILABLE', message: 'down' })) };
    const handle = await brook.start();
    await until(() => rig.far.requests('getDefinition').length > 0, { timeoutMs: 10_000 });
    expect(await progressOf(handle)).toMatchObject({ state: 'starting', definitionVersion: 0, consumers: { wanted: 0, running: 0 }, archive: { state: 'none' } });
    await handle.executeUpdate('stop', { args: [{ reason: 'never mind', by: 'ada' }] });
    await expect(handle.result()).resolves.toMatchObject({ definitionVersion: 0, reason: 'never mind', by: 'ada' });
  });

  it('goes on where it was when its worker is replaced', async () => {
    const handle = await brook.start();
    await until(() => brook.atWork.length === 1, { timeoutMs: 10_000 });
    await rig.replaceWorker();
    await until(() => brook.calls().length === 2 && brook.atWork.length === 1, { timeoutMs: 15_000, what: 'the consumer at another worker' });
    expect(await progressOf(handle)).toMatchObject({ state: 'running', restarts: 1, consumers: { wanted: 1, running: 1 } });
    expect((await progressOf(handle)).lastError).toBeUndefined();
  });
});
