import { CancelledFailure, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { BackfillStatus, type BeginRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { hang } from '../testing/far-side';
import { Range } from '../testing/range';
import { startRig, type Rig } from '../testing/rig';
import type { BackfillProgress } from './backfill-progress';

describe('a hand on a backfill', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  const progressOf = (handle: WorkflowHandle) => handle.query<BackfillProgress>('progress');
  const reaches = (handle: WorkflowHandle, state: string) =>
    until(async () => ((await progressOf(handle)).state === state ? true : undefined), { timeoutMs: 10_000, what: `the state ${state}` });
  const deliveries = () => rig.far.requests<BeginRunRequest>('beginRun').filter(({ startAt }) => startAt === 'RUN_START_DELIVERY');

  /** Runs whose second stage waits for `open()`. */
  function gated(range: Range, free: number) {
    let open: () => void = () => undefined;
    const opened = new Promise<undefined>((resolve) => (open = () => resolve(undefined)));
    rig.far.script = range.script({ extract: (_request, { number }) => (number < free ? Promise.resolve(undefined) : opened) });
    return { open };
  }

  it('pauses within 5 s: no interval and no stage starts, what was published is delivered, and resume goes on', async () => {
    const range = new Range(rig, 10);
    const gate = gated(range, 3);
    const handle = await range.start({ parallelism: 3 });
    await until(() => range.begun.length === 6 && range.atWork.size === 3, { timeoutMs: 20_000, what: 'three published days and three at work' });
    const validated = rig.far.requests('validate').length;

    const asked = performance.now();
    await handle.signal('pause', { reason: 'the source is being repaired', by: 'ada' });
    await until(() => range.recorded().at(-1)?.status === BackfillStatus.PAUSED, { timeoutMs: 5_000 });
    expect(performance.now() - asked).toBeLessThan(5_000);
    const pausing = await progressOf(handle);
    expect(pausing).toMatchObject({ state: 'pausing', hand: { reason: 'the source is being repaired', by: 'ada' }, succeeded: 3, queued: 4 });
    expect(pausing.open.map(({ start }) => start)).toEqual(range.starts().slice(3, 6));

    gate.open();
    await reaches(handle, 'paused');
    expect(rig.far.requests('validate')).toHaveLength(validated);
    expect(range.begun).toHaveLength(6);
    await until(() => rig.far.requests('finishRun').length === 4, { timeoutMs: 10_000, what: 'the end of the delivery' });
    expect(deliveries()).toHaveLength(1);
    expect(range.atWork.size).toBe(3);

    await handle.signal('resume');
    await expect(handle.result()).resolves.toMatchObject({ selected: 10, succeeded: 10 });
    expect(deliveries()).toHaveLength(2);
    expect(range.recorded().map(({ status }) => status).filter((status, index, all) => status !== all[index - 1])).toEqual([
      'BACKFILL_STATUS_RUNNING',
      'BACKFILL_STATUS_PAUSED',
      'BACKFILL_STATUS_RUNNING',
      'BACKFILL_STATUS_DONE',
    ]);
  });

  it('answers updates with its progress and rejects what cannot be done', async () => {
    const range = new Range(rig, 3);
    const gate = gated(range, 0);
    const handle = await range.start({ parallelism: 1 });
    await until(() => range.atWork.size === 1, { timeoutMs: 10_000 });
    await expect(handle.executeUpdate('resume')).rejects.toMatchObject({ cause: { type: 'NOT_POSSIBLE' } });
    await expect(handle.executeUpdate('pause', { args: [{ by: 'ada' }] })).resolves.toMatchObject({ state: 'pausing', hand: { by: 'ada' } });
    await expect(handle.executeUpdate('pause')).rejects.toMatchObject({ cause: { type: 'NOT_POSSIBLE' } });
    await expect(handle.executeUpdate('resume')).resolves.toMatchObject({ state: 'running' });
    gate.open();
    await handle.result();
  });

  it('pauses nothing for a signal that says it twice, and lifts it for one that says go on', async () => {
    const range = new Range(rig, 2);
    const gate = gated(range, 0);
    const handle = await range.start();
    await until(() => range.atWork.size === 2, { timeoutMs: 10_000 });
    await handle.signal('pause', { reason: 'first' });
    await handle.signal('pause', { reason: 'second', surplus: 1 });
    await expect(until(async () => (await progressOf(handle)).hand?.reason, { timeoutMs: 5_000 })).resolves.toBe('first');
    await handle.signal('resume');
    await handle.signal('resume');
    gate.open();
    await expect(handle.result()).resolves.toMatchObject({ succeeded: 2 });
  });

  it.each(['temporal', 'update'] as const)('is cancelled by %s within 10 s, leaves no run open and delivers nothing', async (how) => {
    const range = new Range(rig, 20);
    const signals: AbortSignal[] = [];
    rig.far.script = range.script({
      extract: (_request, turn) => {
        signals.push(turn.signal);
        return hang(turn);
      },
    });
    const handle = await range.start({ parallelism: 8 });
    await until(() => range.atWork.size === 8, { timeoutMs: 20_000, what: 'eight runs that hang' });
    const asked = performance.now();
    if (how === 'temporal') await handle.cancel();
    else await expect(handle.executeUpdate('cancel', { args: [{ reason: 'wrong range', by: 'ada' }] })).resolves.toMatchObject({ state: 'cancelling' });
    const end: unknown = await handle.result().catch((error: unknown) => error);
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect((end as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    expect(range.atWork.size).toBe(0);
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    for (const start of range.begun) await expect(rig.client.workflow.getHandle(`run/${range.pipeline}/${start.slice(0, 10)}_${nextDay(start)}`).describe()).resolves.toMatchObject({ status: { name: 'CANCELLED' } });
    await expect(range.lastRecord(BackfillStatus.CANCELLED)).resolves.toMatchObject({ selected: 20, cancelled: 8, succeeded: 0 });
    expect(deliveries()).toEqual([]);
  });

  it('leaves cancelled intervals to whoever runs them next, at once', async () => {
    const range = new Range(rig, 4);
    rig.far.script = range.script({ extract: (_request, turn) => (turn.number < 4 ? hang(turn) : Promise.resolve(undefined)) });
    const first = await range.start();
    await until(() => range.atWork.size === 4, { timeoutMs: 20_000 });
    await first.cancel();
    await first.result().catch(() => undefined);
    await expect((await range.start()).result()).resolves.toMatchObject({ selected: 4, succeeded: 4 });
  });

  it('is cancelled while it is paused, its runs too', async () => {
    const range = new Range(rig, 3);
    const gate = gated(range, 0);
    const handle = await range.start();
    await until(() => range.atWork.size === 3, { timeoutMs: 10_000 });
    await handle.signal('pause');
    gate.open();
    await reaches(handle, 'paused');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(range.atWork.size).toBe(0);
  });
});

function nextDay(start: string): string {
  return new Date(Date.parse(start) + 86_400_000).toISOString().slice(0, 10);
}
