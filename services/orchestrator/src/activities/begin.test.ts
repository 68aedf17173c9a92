import { WeirError } from '@weir/core';
import type { FinishRunRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { hang } from '../testing/far-side';
import { failureOf, startRig, type Rig } from '../testing/rig';

const INPUT = { interval: { start: '2010-12-01', end: '2010-12-02' } };

function busy(runId: string, workflowId: string): WeirError {
  return new WeirError({ code: 'INTERVAL_BUSY', message: `2010-12-01 is held by ${workflowId}.`, samples: [runId, workflowId] });
}

describe('beginning a run on a busy interval', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.far.reset());

  it('takes the lease over from a holder that was terminated', async () => {
    rig.far.script = { extract: (_request, turn) => hang(turn) };
    const holder = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    const { runId } = await holder.describe();
    await holder.terminate();
    rig.far.reset();

    rig.far.script = { beginRun: (_request, { number }) => (number === 0 ? Promise.reject(busy(runId, holder.workflowId)) : Promise.resolve(undefined)) };
    const second = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await second.result();
    expect(rig.far.requests<FinishRunRequest>('finishRun')[0]).toMatchObject({ runId, status: 'RUN_STATUS_FAILED', error: { code: 'LEASE_LOST' } });
    expect(rig.far.requests('beginRun')).toHaveLength(2);
  });

  it('takes the lease over from a holder that Temporal does not know any more', async () => {
    const gone = '01234567-89ab-4cde-8f01-23456789abcd';
    rig.far.script = { beginRun: (_request, { number }) => (number === 0 ? Promise.reject(busy(gone, 'run/forgotten')) : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await handle.result();
    expect(rig.far.requests<FinishRunRequest>('finishRun').map(({ runId }) => runId)).toEqual([gone, (await handle.describe()).runId]);
  });

  it('ends scheduled runs that Temporal does not know any more, so that they do not hold a place for ever', async () => {
    const gone = '01234567-89ab-4cde-8f01-23456789abce';
    rig.far.script = { extract: (_request, turn) => hang(turn) };
    const open = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    const full = new WeirError({ code: 'RUN_LIMIT', message: '2 runs are open.', samples: [(await open.describe()).runId, open.workflowId, gone, 'run/forgotten'] });
    rig.far.script = { beginRun: (_request, { number }) => (number === 1 ? Promise.reject(full) : Promise.resolve(undefined)) };
    const handle = await rig.start({ pipeline: rig.pipeline(), ...INPUT, kind: 'scheduled' });
    await handle.result();
    expect(rig.far.requests<FinishRunRequest>('finishRun').map(({ runId }) => runId)).toEqual([gone, (await handle.describe()).runId]);
    await open.terminate();
  });

  it('fails with INTERVAL_BUSY and leaves the holder alone while it is open', async () => {
    rig.far.script = { extract: (_request, turn) => hang(turn) };
    const holder = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await until(() => rig.far.requests('extract').length === 1, { timeoutMs: 10_000 });
    const { runId } = await holder.describe();

    rig.far.script = { ...rig.far.script, beginRun: () => Promise.reject(busy(runId, holder.workflowId)) };
    const second = await rig.start({ pipeline: rig.pipeline(), ...INPUT });
    await expect(failureOf(second)).resolves.toMatchObject({ type: 'INTERVAL_BUSY', message: expect.stringContaining(holder.workflowId) as unknown });
    expect(rig.far.requests<FinishRunRequest>('finishRun').map(({ runId: ended }) => ended)).not.toContain(runId);
    await holder.terminate();
  });
});
