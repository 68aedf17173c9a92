import type { WorkflowHandle } from '@temporalio/client';
import { WeirError } from '@weir/core';
import type { BeginRunRequest, ExtractRequest, LogRange, PlanArchiveRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { Brook, HOUR, archiveOf, progressOf, reaches } from '../testing/brook';
import { hang } from '../testing/far-side';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { ArchiveProgress } from './archive-progress';

const range = (from: number, to: number): LogRange => ({ partition: 0, from, to, greatestBeforeFrom: 0, greatestBeforeTo: 1_767_261_600_000 });
const busy = new WeirError({ code: 'INTERVAL_BUSY', message: 'a run of a person holds it' });
const lost = new WeirError({ code: 'POSITION_LOST', message: 'offset 10 of clicks:0 was removed' });

describe('streamArchive', () => {
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

  const archived = (runs: number) => until(async () => ((await archiveOf(brook.archive())).runs >= runs ? archiveOf(brook.archive()) : undefined), { timeoutMs: 20_000, what: `${runs} runs of the archive` });
  const archiveReaches = (state: ArchiveProgress['state']) => until(async () => ((await archiveOf(brook.archive())).state === state ? archiveOf(brook.archive()) : undefined), { timeoutMs: 20_000, what: `the archive ${state}` });
  const streamSees = (handle: WorkflowHandle, state: string) => until(async () => ((await progressOf(handle)).archive.state === state ? progressOf(handle) : undefined), { timeoutMs: 10_000, what: `the archive ${state} in the stream` });
  const alerts = () => rig.errors.filter(({ pipeline }) => pipeline === brook.pipeline);
  const taken = () => rig.far.requests<ExtractRequest>('extract').map(({ ranges }) => ranges.map(({ from, to }) => [from, to]));

  it('brings what is new to the raw zone by a run, and looks again after the time that the definition says', async () => {
    brook.waiting = [range(0, 10)];
    const handle = await brook.start();
    expect(await archived(1)).toMatchObject({ state: 'following', runs: 1, records: 10, failures: 0, lastRun: { ...HOUR, records: 10, workflowId: `archive/${brook.pipeline}/2026-01-01T10:00:00Z_2026-01-01T11:00:00Z` } });
    const first = rig.far.requests<BeginRunRequest>('beginRun')[0];
    expect(first).toMatchObject({ pipeline: brook.pipeline, kind: 'RUN_KIND_REFRESH', interval: HOUR });
    const run = await rig.client.workflow.getHandle(first?.workflowId ?? '').describe();
    expect(run.raw.workflowExecutionInfo?.priority).toMatchObject({ priorityKey: 2, fairnessKey: brook.pipeline });
    // The same grains again, under the same id.
    brook.waiting = [range(10, 25)];
    expect(await archived(2)).toMatchObject({ records: 25 });
    expect(taken()).toEqual([[[0, 10]], [[10, 25]]]);
    expect(new Set(rig.far.requests<BeginRunRequest>('beginRun').map(({ workflowId }) => workflowId)).size).toBe(1);
    expect(await progressOf(handle)).toMatchObject({ state: 'running', archive: { state: 'following' } });
  });

  it('goes on at once while there is more', async () => {
    brook.refreshMs = 3_600_000;
    let left = 4;
    rig.far.script = brook.script({ planArchive: () => Promise.resolve(left > 0 ? { interval: HOUR, ranges: [range(100 - left, 101 - left)], more: (left -= 1) > 0 } : {}) });
    await brook.start();
    await archived(4);
    expect(taken()).toEqual([[[96, 97]], [[97, 98]], [[98, 99]], [[99, 100]]]);
  });

  it('tries again what another run of the grains is in the way of', async () => {
    brook.waiting = [range(0, 10)];
    rig.far.script = brook.script({ beginRun: (_request, { number }) => (number === 0 ? Promise.reject(busy) : Promise.resolve({ topic: 'clicks', rawOnly: true })) });
    const handle = await brook.start();
    expect((await streamSees(handle, 'failing')).archive).toMatchObject({ error: { code: 'INTERVAL_BUSY' } });
    expect(await archived(1)).toMatchObject({ failures: 0, state: 'following' });
    expect((await archiveOf(brook.archive())).lastError).toBeUndefined();
    await streamSees(handle, 'following');
    expect(alerts()).toEqual([]);
  });

  it('raises one alert when it is behind by half of what the topic keeps, until it is not any more', async () => {
    let lagOfRetention = 0.5;
    rig.far.script = brook.script({ planArchive: () => Promise.resolve({ lagOfRetention }) });
    brook.waiting = [range(0, 10)];
    const handle = await brook.start();
    await streamSees(handle, 'behind');
    brook.waiting = [range(10, 20)];
    await archived(2);
    expect(alerts()).toMatchObject([{ message: 'An archive is behind by half of what its topic keeps, or more.', reason: 'It is behind by 50 % of what the topic keeps.' }]);
    lagOfRetention = 0.49;
    brook.waiting = [range(20, 30)];
    await archived(3);
    await streamSees(handle, 'following');
    lagOfRetention = 0.75;
    brook.waiting = [range(30, 40)];
    await archived(4);
    expect(alerts()).toHaveLength(2);
  });

  it('stops with one alert when what it would read is gone, and goes on past it when a hand says so; the stream runs on', async () => {
    const planned = () => rig.far.requests<PlanArchiveRequest>('planArchive').map(({ skipLost }) => skipLost);
    brook.waiting = [range(700, 710)];
    rig.far.script = brook.script({ planArchive: ({ skipLost }) => (skipLost ? Promise.resolve({}) : Promise.reject(lost)), beginRun: (_request, { number }) => (number === 0 ? Promise.reject(busy) : Promise.resolve({ topic: 'clicks', rawOnly: true })) });
    const handle = await brook.start();
    expect(await streamSees(handle, 'lost')).toMatchObject({ state: 'running', archive: { error: { code: 'POSITION_LOST' } } });
    expect(alerts()).toMatchObject([{ message: 'An archive has lost its position and waits for a person.', code: 'POSITION_LOST', reason: expect.stringContaining('offset 10 of clicks:0 was removed') as unknown }]);
    // A rest of the stream is not the hand that it waits for.
    await handle.executeUpdate('pause');
    await reaches(handle, 'paused');
    expect(planned()).toEqual([false]);
    await handle.executeUpdate('resume', { args: [{ skipLost: true }] });
    await archived(1);
    expect(planned().slice(0, 3)).toEqual([false, true, true]);
    await streamSees(handle, 'following');
    expect(alerts()).toHaveLength(1);
  });

  it('is resumed through a stream that runs', async () => {
    let gone = true;
    rig.far.script = brook.script({ planArchive: () => (gone ? Promise.reject(lost) : Promise.resolve({})) });
    const handle = await brook.start();
    await streamSees(handle, 'lost');
    gone = false;
    await handle.executeUpdate('resume');
    brook.waiting = [range(0, 10)];
    await archived(1);
    await streamSees(handle, 'following');
    await expect(handle.executeUpdate('resume')).rejects.toMatchObject({ cause: { type: 'NOT_POSSIBLE' } });
    expect(brook.calls()).toHaveLength(1);
  });

  it('catches up once with a stream that is paused, then rests with it', async () => {
    brook.refreshMs = 3_600_000;
    const handle = await brook.start();
    await until(() => rig.far.requests('planArchive').length === 1, { timeoutMs: 20_000 });
    brook.waiting = [range(0, 10)];
    await handle.executeUpdate('pause');
    await archived(1);
    await archiveReaches('resting');
    const looks = rig.far.requests('planArchive').length;
    brook.waiting = [range(10, 20)];
    await until(async () => (await brook.archive().describe()).raw.pendingActivities?.length === 0, { timeoutMs: 5_000, what: 'no activity of the archive' });
    expect((await brook.archive().describe()).searchAttributes).toMatchObject({ WeirState: ['resting'] });
    expect(rig.far.requests('planArchive')).toHaveLength(looks);
    await handle.executeUpdate('resume');
    expect(await archived(2)).toMatchObject({ state: 'following' });
  });

  it('follows the topic after pauses that were over at once: what was asked last holds', async () => {
    const handle = await brook.start();
    await until(() => brook.atWork.length === 1, { timeoutMs: 10_000 });
    for (let at = 0; at < 5; at += 1) {
      await handle.executeUpdate('pause');
      await handle.executeUpdate('resume');
    }
    await reaches(handle, 'running');
    brook.waiting = [range(0, 10)];
    expect(await archived(1)).toMatchObject({ state: 'following' });
  });

  it('catches up when the stream is stopped: after its consumers have ended, also where a run is in the way', async () => {
    brook.refreshMs = 3_600_000;
    const begins: number[] = [];
    rig.far.script = brook.script({
      beginRun: (_request, { number }) => {
        begins.push(brook.atWork.length);
        return number === 0 ? Promise.reject(busy) : Promise.resolve({ topic: 'clicks', rawOnly: true });
      },
    });
    const handle = await brook.start();
    await until(() => rig.far.requests('planArchive').length === 1 && brook.atWork.length === 1, { timeoutMs: 20_000 });
    brook.waiting = [range(0, 10)];
    await handle.executeUpdate('stop');
    await expect(handle.result()).resolves.toMatchObject({ archived: true });
    expect(begins).toEqual([0, 0]);
    expect(taken()).toEqual([[[0, 10]]]);
    expect(await archiveOf(brook.archive())).toMatchObject({ runs: 1, state: 'finishing' });
  });

  it('lets the stream end without it when its last run fails, or when somebody is in a hurry', async () => {
    brook.refreshMs = 3_600_000;
    rig.far.script = brook.script({ extract: () => Promise.reject(new WeirError({ code: 'SEGMENT_CORRUPT', message: 'x' })) });
    const handle = await brook.start();
    await until(() => rig.far.requests('planArchive').length === 1, { timeoutMs: 20_000 });
    brook.waiting = [range(0, 10)];
    await handle.executeUpdate('stop');
    await expect(handle.result()).resolves.toMatchObject({ archived: false });

    rig.far.script = brook.script({ extract: (_request, turn) => hang(turn) });
    const again = await brook.start();
    await until(() => rig.far.requests('extract').length === 2, { timeoutMs: 20_000, what: 'a run that hangs' });
    await again.executeUpdate('stop');
    await again.cancel();
    await expect(again.result()).resolves.toMatchObject({ archived: false });
    const run = rig.client.workflow.getHandle(`archive/${brook.pipeline}/2026-01-01T10:00:00Z_2026-01-01T11:00:00Z`);
    expect((await run.describe()).status.name).toBe('CANCELLED');
    expect((await brook.archive().describe()).status.name).toBe('CANCELLED');
  });

  it('ends with its stream, and its run with both, when the stream is terminated', async () => {
    brook.waiting = [range(0, 10)];
    rig.far.script = brook.script({ extract: (_request, turn) => hang(turn) });
    const handle = await brook.start();
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    await handle.terminate();
    await expect(failureOf(brook.archive())).resolves.toMatchObject({ type: 'CancelledFailure' });
    expect((await rig.client.workflow.getHandle(`archive/${brook.pipeline}/2026-01-01T10:00:00Z_2026-01-01T11:00:00Z`).describe()).status.name).toBe('CANCELLED');
  });

  it('is started again when somebody ends it', async () => {
    const handle = await brook.start();
    await until(() => rig.far.requests('planArchive').length >= 1, { timeoutMs: 10_000 });
    const { runId } = await brook.archive().describe();
    await brook.archive().terminate();
    await streamSees(handle, 'none');
    await until(async () => (await brook.archive().describe()).runId !== runId, { timeoutMs: 15_000, what: 'another execution' });
    await streamSees(handle, 'following');
    brook.waiting = [range(0, 10)];
    expect(await archived(1)).toMatchObject({ runs: 1, records: 10 });
  });

  it('refuses an input that nobody understands', async () => {
    await expect(failureOf(await rig.start({ pipelin: 'x' }, 'streamArchive'))).resolves.toMatchObject({ type: 'UNKNOWN_KEY' });
  });
});
