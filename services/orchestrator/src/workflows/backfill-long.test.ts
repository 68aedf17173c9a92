import { WorkflowFailedError, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { WeirError } from '@weir/core';
import { until } from '@weir/testkit';
import { hang } from '../testing/far-side';
import { Range } from '../testing/range';
import { startRig, type Rig } from '../testing/rig';
import type { BackfillProgress } from './backfill-progress';

describe('a backfill that is longer than one execution', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  /** Waits until a backfill is in its second execution. */
  async function second(range: Range, { workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId): Promise<void> {
    await until(() => range.begun.length > 120, { timeoutMs: 120_000, what: 'some 120 runs' });
    await until(async () => (await rig.client.workflow.getHandle(workflowId).describe()).runId !== firstExecutionRunId, { timeoutMs: 60_000, what: 'a second execution' });
  }

  it('hands its open runs to the next, which follows, pauses and cancels them', async () => {
    const range = new Range(rig, 400);
    const [first = '', ...hanging] = range.starts().slice(0, 3);
    let release: () => void = () => undefined;
    const released = new Promise<undefined>((resolve) => (release = () => resolve(undefined)));
    // Three runs outlive the execution that started them; the others are refused at once, which makes a long history in little time.
    rig.far.script = range.script({
      beginRun: ({ interval }) => ([first, ...hanging].includes(interval?.start ?? first) ? Promise.resolve(undefined) : Promise.reject(new WeirError({ code: 'SOURCE_MISSING', message: 'no file' }))),
      extract: ({ context }, turn) => (context?.interval?.start === first ? released : hang(turn)),
    });
    const handle = await range.start({ parallelism: 8 });
    await second(range, handle);
    const present = rig.client.workflow.getHandle(handle.workflowId);
    const progress = () => present.query<BackfillProgress>('progress');
    const carried = await progress();
    expect(carried.open.map(({ start }) => start)).toEqual(expect.arrayContaining([first, ...hanging]));
    expect(carried).toMatchObject({ selected: 400, counts: { missing: 400 }, succeeded: 0, cancelled: 0, skipped: 0 });
    expect(carried.ratePerMinuteNow).toBeGreaterThan(0);

    release();
    await until(async () => (await progress()).succeeded === 1, { timeoutMs: 20_000, what: 'the end of a run of the first execution' });
    const stateOf = async () => (await rig.client.workflow.getHandle(`run/${range.pipeline}/2000-01-02_2000-01-03`).describe()).searchAttributes['WeirState']?.[0];
    await expect(stateOf()).resolves.toBe('running');
    await present.signal('pause');
    await until(async () => (await stateOf()) === 'paused', { timeoutMs: 5_000, what: 'the pause of a run of the first execution' });

    const asked = performance.now();
    await present.cancel();
    await expect(present.result()).rejects.toThrow(WorkflowFailedError);
    expect(performance.now() - asked).toBeLessThan(10_000);
    await expect(rig.client.workflow.getHandle(`run/${range.pipeline}/2000-01-03_2000-01-04`).describe()).resolves.toMatchObject({ status: { name: 'CANCELLED' } });
    const ended = await progress();
    expect(ended).toMatchObject({ open: [], succeeded: 1 });
    // The two that hang, and those that the pause met before they were refused.
    expect(ended.cancelled).toBeGreaterThanOrEqual(2);
    expect(ended.cancelled).toBeLessThanOrEqual(7);
    // Every interval whose turn came was run once, in order, never more than eight of them at a time; but those that the pause met before they began.
    const begun = range.begun.toSorted();
    const due = range.starts().slice(0, range.starts().indexOf(begun.at(-1) ?? '') + 1);
    expect(due).toEqual(expect.arrayContaining(begun));
    expect(new Set(begun).size).toBe(begun.length);
    expect(due.length - begun.length).toBeLessThanOrEqual(ended.cancelled - hanging.length);
    expect(range.most).toBeLessThanOrEqual(8);
    const { historyLength } = await rig.client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId).describe();
    expect(historyLength).toBeGreaterThan(1_500);
    expect(historyLength).toBeLessThan(2_000);
  }, 180_000);
});
