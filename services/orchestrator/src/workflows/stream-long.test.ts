import type { WorkflowHandle } from '@temporalio/client';
import { WeirError } from '@weir/core';
import type { LogRange } from '@weir/rpc';
import { until } from '@weir/testkit';
import { Brook, HOUR, archiveOf, progressOf, reaches } from '../testing/brook';
import { startRig, type Rig } from '../testing/rig';

/** Temporal wants a new execution when a history has 4 MiB; a payload may have 2, and so may all signals that come during one task. */
const CROWD = { version: 0, text: 'x'.repeat(900_000) };

describe('a stream that runs for long', () => {
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

  const runIdOf = async (handle: WorkflowHandle) => (await rig.client.workflow.getHandle(handle.workflowId).describe()).runId;

  async function lengthen(handle: WorkflowHandle): Promise<void> {
    for (let at = 0; at < 5; at += 1) {
      await handle.signal('definitionApplied', CROWD);
      // Answered when no task is at work, so that the next one weighs all there is.
      await progressOf(handle);
    }
  }

  it('goes on as new only when a consumer is started anyway, and takes along what people said', async () => {
    let fail: () => void = () => undefined;
    const failure = new Promise<never>((_resolve, reject) => (fail = () => reject(new WeirError({ code: 'ENGINE_FAILED', message: 'once' }))));
    rig.far.script = brook.script({ consume: ({ member }, { number, tell }) => (member === 0 && number < 2 ? tell({}).then(() => failure) : Promise.resolve(undefined)) });
    const handle = await brook.start();
    await handle.executeUpdate('scale', { args: [{ consumers: 2 }] });
    await until(() => brook.atWork.length === 2, { timeoutMs: 10_000 });
    const { startedAt } = await progressOf(handle);
    await lengthen(handle);
    expect(await runIdOf(handle)).toBe(handle.firstExecutionRunId);
    expect(brook.calls()).toHaveLength(2);

    fail();
    await until(async () => (await runIdOf(handle)) !== handle.firstExecutionRunId, { timeoutMs: 15_000, what: 'the next execution' });
    const next = rig.client.workflow.getHandle(handle.workflowId);
    await until(() => brook.atWork.length === 2 && brook.calls().length >= 4, { timeoutMs: 15_000, what: 'its consumers' });
    expect(await reaches(next, 'running')).toMatchObject({ startedAt, restarts: 1, consumers: { wanted: 2, running: 2 }, lastError: { code: 'ENGINE_FAILED' }, archive: { state: 'following' } });
    expect(brook.calls().at(-1)?.context?.runId).toBe(await runIdOf(handle));
  });

  it('goes on as new while it is paused, and stays paused', async () => {
    const handle = await brook.start();
    await until(() => brook.atWork.length === 1, { timeoutMs: 10_000 });
    await handle.executeUpdate('pause', { args: [{ reason: 'holidays', by: 'ada' }] });
    const paused = await reaches(handle, 'paused');
    await lengthen(handle);
    await until(async () => (await runIdOf(handle)) !== handle.firstExecutionRunId, { timeoutMs: 20_000, what: 'the next execution' });
    const next = rig.client.workflow.getHandle(handle.workflowId);
    const view = await reaches(next, 'paused');
    expect(view).toMatchObject({ hand: paused.hand, startedAt: paused.startedAt });
    expect((await next.describe()).searchAttributes).toMatchObject({ WeirState: ['paused'] });
    expect(brook.calls()).toHaveLength(1);
    await next.executeUpdate('resume');
    await until(() => brook.atWork.length === 1, { timeoutMs: 10_000 });
    await reaches(next, 'running');
    await next.executeUpdate('stop');
    await expect(next.result()).resolves.toMatchObject({ archived: true });
  });
});

describe('an archive that runs for long', () => {
  it('goes on as new after a hundred turns, counts on, and raises no alert twice', async () => {
    const rig = await startRig();
    const brook = new Brook(rig);
    brook.refreshMs = 3_600_000;
    let at = 0;
    const next = (): LogRange => ({ partition: 0, from: at, to: (at += 1), greatestBeforeFrom: 0, greatestBeforeTo: 1 });
    // Of the turns of the first execution only the first and the last have something to take, as have those of the second: a turn with a run takes ten times as long.
    const takes = (turn: number): boolean => turn < 3 || turn >= 97;
    rig.far.script = brook.script({ planArchive: (_request, { number: turn }) => Promise.resolve(turn < 104 ? { lagOfRetention: 0.9, more: true, ...(takes(turn) ? { interval: HOUR, ranges: [next()] } : {}) } : {}) });
    try {
      const handle = await brook.start();
      const first = await until(async () => (await brook.archive().describe()).runId, { timeoutMs: 10_000 });
      await until(async () => (await archiveOf(brook.archive())).runs === 10, { timeoutMs: 60_000, what: '10 runs' });
      expect((await brook.archive().describe()).runId).not.toBe(first);
      expect(await archiveOf(brook.archive())).toMatchObject({ records: 10 });
      const turnsOf = async (runId: string): Promise<number> => {
        const { events } = await rig.client.workflow.getHandle(brook.archive().workflowId, runId).fetchHistory();
        return events?.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name === 'planArchive').length ?? 0;
      };
      expect(await turnsOf(first)).toBe(100);
      expect(rig.errors.filter(({ pipeline }) => pipeline === brook.pipeline)).toHaveLength(1);
      // Its stream still hears and is heard.
      await until(async () => (await progressOf(handle)).archive.state === 'following', { timeoutMs: 10_000 });
      await handle.executeUpdate('stop');
      await expect(handle.result()).resolves.toMatchObject({ archived: true });
    } finally {
      await brook.end();
      await rig.stop();
    }
  }, 180_000);
});
