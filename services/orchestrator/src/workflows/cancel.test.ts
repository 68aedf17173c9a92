import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { WeirError } from '@weir/core';
import type { FinishRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { hang, type Turn } from '../testing/far-side';
import { startRig, type Rig } from '../testing/rig';

const INPUT = { interval: { start: '2010-12-01', end: '2010-12-02' } };

describe('cancelling a run', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it.each(['beginRun', 'extract', 'validate', 'transform', 'audit', 'publish', 'load'] as const)('stops the work of %s within 5 s, then records the end', async (rpc) => {
    let seen: AbortSignal | undefined;
    const stuck = (_request: unknown, turn: Turn) => {
      seen = turn.signal;
      return hang(turn);
    };
    rig.far.script = { [rpc]: stuck };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await until(() => seen, { timeoutMs: 10_000, what: `a call of ${rpc}` });

    const asked = performance.now();
    await handle.cancel();
    const end: unknown = await handle.result().catch((error: unknown) => error);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(end).toBeInstanceOf(WorkflowFailedError);
    expect((end as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect(seen?.aborted).toBe(true);
    expect(rig.far.requests<FinishRunRequest>('finishRun').map(({ status }) => status)).toEqual(['RUN_STATUS_CANCELLED']);
  });

  it('ends a wait for a server that is down', async () => {
    rig.far.script = { extract: () => Promise.reject(new WeirError({ code: 'UNAVAILABLE', message: 'down' })) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await until(() => rig.far.requests('extract').length > 1, { timeoutMs: 10_000 });
    const asked = performance.now();
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect(rig.far.requests<FinishRunRequest>('finishRun')).toHaveLength(1);
  });

  it('ends a delay between counted attempts', async () => {
    rig.far.script = { beginRun: () => Promise.resolve({ retryDelayMs: 3_600_000 }), transform: () => Promise.reject(new WeirError({ code: 'ENGINE_FAILED', message: 'x' })) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await until(() => rig.far.requests('recordStage').length === 3, { timeoutMs: 10_000, what: 'the record of the failed attempt' });
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
    expect(rig.far.requests<FinishRunRequest>('finishRun').map(({ status }) => status)).toEqual(['RUN_STATUS_CANCELLED']);
  });
});
