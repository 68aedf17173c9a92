import { WeirError } from '@weir/core';
import type { BeginRunRequest, PlanBackfillRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { hang } from '../testing/far-side';
import { Range } from '../testing/range';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { BackfillProgress } from './backfill-progress';

describe('pipelineBackfill', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('runs every interval once, in order, never more of them at a time than asked for', async () => {
    const range = new Range(rig, 12);
    rig.far.script = range.script();
    const handle = await range.start({ parallelism: 3 });
    await expect(handle.result()).resolves.toEqual({ pipeline: range.pipeline, selected: 12, succeeded: 12, failed: 0, cancelled: 0, skipped: 0 });
    expect(range.published.toSorted()).toEqual(range.starts());
    // Three at a time begin in the order of the plan, give or take those that start together.
    range.begun.forEach((start, index) => expect(Math.abs(range.starts().indexOf(start) - index)).toBeLessThan(3));
    expect(range.most).toBe(3);
    const begins = rig.far.requests<BeginRunRequest>('beginRun').filter(({ interval }) => interval);
    expect(new Set(begins.map(({ kind, backfill, startAt }) => `${kind} ${backfill} ${startAt}`))).toEqual(new Set([`RUN_KIND_BACKFILL backfill/${range.pipeline}/all RUN_START_UNSPECIFIED`]));
    expect(begins.map(({ workflowId }) => workflowId)).toContain(`run/${range.pipeline}/2000-01-01_2000-01-02`);
  });

  it('takes the newest first when asked to, one at a time exactly so', async () => {
    const range = new Range(rig, 4);
    rig.far.script = range.script();
    await (await range.start({ parallelism: 1, order: 'newest' })).result();
    expect(range.begun).toEqual(range.starts().toReversed());
  });

  it('takes one at a time, whatever was asked for, where the source is read in sequence', async () => {
    const range = new Range(rig, 6, true);
    rig.far.script = range.script();
    await expect((await range.start({ parallelism: 4 })).result()).resolves.toMatchObject({ succeeded: 6, skipped: 0 });
    expect([range.most, range.begun]).toEqual([1, range.starts()]);
  });

  it('refreshes and delivers once, after the last interval', async () => {
    const range = new Range(rig, 5);
    rig.far.script = range.script();
    await (await range.start({ parallelism: 5 })).result();
    const begins = rig.far.requests<BeginRunRequest>('beginRun');
    expect(begins).toHaveLength(6);
    expect(begins[5]).toMatchObject({ startAt: 'RUN_START_DELIVERY', kind: 'RUN_KIND_BACKFILL', interval: undefined, backfill: `backfill/${range.pipeline}/all` });
  });

  it('starts no delivery where its runs have delivered all there is: no history model waits for the end', async () => {
    const range = new Range(rig, 3);
    rig.far.script = range.script({ beginRun: () => Promise.resolve({ hasHistoryModels: false }) });
    await (await range.start()).result();
    expect(rig.far.requests('beginRun')).toHaveLength(3);
  });

  it('starts nothing when it is started again, and stores both ends', async () => {
    const range = new Range(rig, 3);
    rig.far.script = range.script();
    await (await range.start()).result();
    const calls = rig.far.requests('beginRun').length;
    await expect((await range.start()).result()).resolves.toMatchObject({ selected: 0, succeeded: 0, skipped: 0 });
    expect(rig.far.requests('beginRun')).toHaveLength(calls);
    expect(range.recorded().filter(({ status }) => status === 'BACKFILL_STATUS_DONE').map(({ selected, succeeded }) => [selected, succeeded])).toEqual([
      [3, 3],
      [0, 0],
    ]);
  });

  it('counts and names what failed, was cancelled or belongs to others, and goes on', async () => {
    const range = new Range(rig, 6);
    const [, bad = '', busy = '', stopped = ''] = range.starts();
    rig.far.script = range.script({
      beginRun: ({ interval }) => (interval?.start === busy ? Promise.reject(new WeirError({ code: 'INTERVAL_BUSY', message: 'held by another run' })) : Promise.resolve(undefined)),
      extract: ({ context }, turn) => {
        if (context?.interval?.start === bad) return Promise.reject(new WeirError({ code: 'SOURCE_MISSING', message: 'no file' }));
        return context?.interval?.start === stopped ? hang(turn) : Promise.resolve(undefined);
      },
    });
    const handle = await range.start({ parallelism: 6 });
    await until(() => range.atWork.size === 1 || (range.published.length === 3 && range.atWork.has(stopped)), { timeoutMs: 20_000, what: 'all but the run that hangs' });
    await rig.client.workflow.getHandle(`run/${range.pipeline}/2000-01-04_2000-01-05`).cancel();
    await expect(handle.result()).resolves.toMatchObject({ selected: 6, succeeded: 3, failed: 1, skipped: 1, cancelled: 1 });
    const progress = await handle.query<BackfillProgress>('progress');
    expect(progress).toMatchObject({ state: 'done', open: [], queued: 0, failures: [{ start: bad, code: 'SOURCE_MISSING' }] });
  });

  it('leaves an interval to the run that is at work on it under the same id', async () => {
    const range = new Range(rig, 2);
    rig.far.script = range.script({ extract: (_request, turn) => (turn.number === 0 ? hang(turn) : Promise.resolve(undefined)) });
    const [start = '', end = ''] = range.starts();
    const other = await rig.start({ pipeline: range.pipeline, interval: { start, end } }, 'pipelineRun', `run/${range.pipeline}/2000-01-01_2000-01-02`);
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    await expect((await range.start()).result()).resolves.toMatchObject({ selected: 2, succeeded: 1, skipped: 1 });
    await other.cancel();
    await failureOf(other);
  });

  it('counts a run that was terminated as failed', async () => {
    const range = new Range(rig, 2);
    rig.far.script = range.script({ extract: ({ context }, turn) => (context?.interval?.start === range.interval.start ? hang(turn) : Promise.resolve(undefined)) });
    const handle = await range.start();
    await until(() => range.published.length === 1 && range.atWork.size === 1, { timeoutMs: 20_000 });
    await rig.client.workflow.getHandle(`run/${range.pipeline}/2000-01-01_2000-01-02`).terminate();
    await expect(handle.result()).resolves.toMatchObject({ succeeded: 1, failed: 1 });
    await expect(handle.query('progress')).resolves.toMatchObject({ failures: [{ code: 'LEASE_LOST' }] });
  });

  it('keeps to its rate', async () => {
    const range = new Range(rig, 5);
    rig.far.script = range.script();
    const started = performance.now();
    await (await range.start({ ratePerMinute: 60, parallelism: 5 })).result();
    // Five starts, a second between each.
    expect(performance.now() - started).toBeGreaterThanOrEqual(4_000);
    expect(range.most).toBeLessThan(5);
  });

  it('fails with the code of a plan that cannot be made, and says so to metadata', async () => {
    const range = new Range(rig, 2);
    rig.far.script = { ...range.script(), planBackfill: () => Promise.reject(new WeirError({ code: 'INVALID_INTERVAL', message: 'not whole grains' })) };
    await expect(failureOf(await range.start())).resolves.toMatchObject({ type: 'INVALID_INTERVAL' });
    expect(range.recorded().map(({ status }) => status)).toEqual(['BACKFILL_STATUS_RUNNING', 'BACKFILL_STATUS_FAILED']);
  });

  it('fails with the code of a delivery that fails: the intervals are published, their tables are not there', async () => {
    const range = new Range(rig, 2);
    const load = new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: 'lines has other columns' });
    rig.far.script = range.script({ beginRun: ({ startAt }) => Promise.resolve({ destinations: startAt === 'RUN_START_DELIVERY' ? 1 : 0 }), load: () => Promise.reject(load) });
    await expect(failureOf(await range.start())).resolves.toMatchObject({ type: 'DESTINATION_INCOMPATIBLE' });
    expect(range.published).toHaveLength(2);
  });

  it('goes on where it was when its worker is replaced', async () => {
    const range = new Range(rig, 8);
    rig.far.script = range.script();
    const handle = await range.start({ parallelism: 2 });
    await until(() => range.published.length >= 2, { timeoutMs: 20_000 });
    await rig.replaceWorker();
    await expect(handle.result()).resolves.toMatchObject({ selected: 8, succeeded: 8 });
    expect(range.published.toSorted()).toEqual(range.starts());
  });

  it('asks for the source only where it decides what is taken', async () => {
    const range = new Range(rig, 3);
    rig.far.script = { ...range.script(), compareSource: () => Promise.resolve({ changes: [{ partition: range.interval.start, kind: 'SOURCE_CHANGE_KIND_CHANGED', source: 'a.csv' }] }) };
    await (await range.start({ only: 'failed' })).result();
    expect(rig.far.requests('compareSource')).toEqual([]);
    await (await range.start({ only: 'stale' }, 'stale')).result();
    expect(rig.far.requests('compareSource')).toMatchObject([{ pipeline: range.pipeline, interval: range.interval }]);
    expect(rig.far.requests<PlanBackfillRequest>('planBackfill').at(-1)).toMatchObject({ only: 'BACKFILL_ONLY_STALE', changedSources: [range.interval.start] });
  });
});

describe('backfillPlan', () => {
  it('says what a backfill would take and starts nothing', async () => {
    const rig = await startRig();
    try {
      const range = new Range(rig, 1_200);
      rig.far.script = range.script();
      const handle = await rig.start({ pipeline: range.pipeline, interval: range.interval }, 'backfillPlan', `plan/${range.pipeline}/all`);
      const plan = (await handle.result()) as { intervals: { start: string }[] };
      expect(plan).toMatchObject({ counts: { missing: 1_200, failed: 0, stale: 0, done: 0, running: 0 }, selected: 1_200, more: true, definitionVersion: 3 });
      expect(plan.intervals.map(({ start }) => start)).toEqual(range.starts().slice(0, 1_000));
      expect(rig.far.requests('beginRun')).toEqual([]);
      expect(rig.far.requests('recordBackfill')).toEqual([]);
    } finally {
      await rig.stop();
    }
  });
});
