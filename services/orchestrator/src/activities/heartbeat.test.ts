import { WeirError } from '@weir/core';
import { until } from '@weir/testkit';
import { failureOf, startRig, type Rig } from '../testing/rig';

const INPUT = { interval: { start: '2010-12-01', end: '2010-12-02' } };

describe('heartbeats', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  async function heartbeat(workflowId: string): Promise<{ at: number; details: unknown } | undefined> {
    const { raw } = await rig.client.workflow.getHandle(workflowId).describe();
    const pending = raw.pendingActivities?.[0];
    const data = pending?.heartbeatDetails?.payloads?.[0]?.data;
    if (!data || !pending?.lastHeartbeatTime) return undefined;
    const { seconds, nanos } = pending.lastHeartbeatTime;
    return { at: Number(seconds) * 1_000 + (nanos ?? 0) / 1e6, details: JSON.parse(Buffer.from(data).toString()) };
  }

  it('carry the progress of the stage while it works', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    rig.far.script = {
      extract: async (_request, turn) => {
        await turn.progress({ step: 'copy', done: 2, total: 5 });
        await finished;
        return undefined;
      },
    };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    const seen = await until(async () => (((await heartbeat(handle.workflowId))?.details as { done?: number } | undefined)?.done === 2 ? heartbeat(handle.workflowId) : undefined), { timeoutMs: 5_000 });
    expect(seen.details).toEqual({ step: 'copy', done: 2, total: 5 });
    finish();
    await handle.result();
  });

  it('go on at most a second apart while a server is down', async () => {
    let down = true;
    rig.far.script = { extract: () => (down ? Promise.reject(new WeirError({ code: 'UNAVAILABLE', message: 'down' })) : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    const times = new Set<number>();
    await until(
      async () => {
        const beat = await heartbeat(handle.workflowId);
        if (beat) times.add(beat.at);
        return times.size >= 5;
      },
      { timeoutMs: 15_000, what: 'five heartbeats' },
    );
    const sorted = [...times].sort((a, b) => a - b);
    const gaps = sorted.slice(1).map((at, index) => at - (sorted[index] ?? at));
    // Sent every 0.8 s and throttled to one a second; the bound leaves room for a busy machine.
    expect(Math.max(...gaps)).toBeLessThan(2_000);
    down = false;
    await handle.result();
  });

  it('stop with the attempt: a stage that fails leaves none behind', async () => {
    rig.far.script = { extract: () => Promise.reject(new WeirError({ code: 'SOURCE_MISSING', message: 'gone' })) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await expect(failureOf(handle)).resolves.toMatchObject({ type: 'SOURCE_MISSING' });
    await expect(heartbeat(handle.workflowId)).resolves.toBeUndefined();
  });
});
