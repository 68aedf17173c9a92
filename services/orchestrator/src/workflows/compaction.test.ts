import { WeirError } from '@weir/core';
import type { CompactRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { CompactionResult } from './compaction';

const HOUR_MS = 3_600_000;

describe('compaction', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig?.stop());
  beforeEach(() => rig.far.reset());

  const run = async (input?: unknown) => (await (await rig.start(input, 'compaction')).result()) as CompactionResult;
  const asked = (rpc: 'compact' | 'compactModels') => rig.far.requests<CompactRequest>(rpc);
  const summaries = (names: readonly string[]) => names.map((pipeline) => ({ pipeline, version: 1, appliedAt: '', lastRunStatus: '', snapshot: 1 }));
  const row = (dataset: string) => ({ dataset, days: 1, filesBefore: 24, filesAfter: 1, bytesBefore: 240, bytesAfter: 100, skipped: 0 });

  it('has quality and transform rewrite every pipeline; one that fails stops neither the other of its zones nor another pipeline', async () => {
    rig.far.script = {
      listPipelines: async () => ({ pipelines: summaries(['broken', 'plain', 'shaped']) }),
      compact: async ({ pipeline }) => {
        if (pipeline === 'broken') throw new WeirError({ code: 'SEGMENT_CORRUPT', message: 'The disk is odd.' });
        return { datasets: pipeline === 'shaped' ? [] : [row('bronze.orders')] };
      },
      compactModels: async ({ pipeline }) => ({ datasets: pipeline === 'shaped' ? [] : [row('silver.lines')] }),
    };
    const result = await run();
    const requests = ['broken', 'plain', 'shaped'].map((pipeline) => ({ pipeline, dryRun: false, settleMs: HOUR_MS }));
    expect(asked('compact')).toEqual(requests);
    expect(asked('compactModels')).toEqual(requests);
    expect(result).toEqual({
      dryRun: false,
      pipelines: 3,
      failed: 1,
      entries: [
        { pipeline: 'broken', datasets: [row('silver.lines')], error: expect.objectContaining({ code: 'SEGMENT_CORRUPT', message: 'The disk is odd.' }) },
        { pipeline: 'plain', datasets: [row('bronze.orders'), row('silver.lines')] },
      ],
    });
  });

  it('takes one pipeline, a time to settle and a dry run, and names what is wrong with another input', async () => {
    const result = await run({ pipeline: 'plain', dryRun: true, settleMs: 0 });
    expect(result).toEqual({ dryRun: true, pipelines: 1, failed: 0, entries: [] });
    expect(asked('compact')).toEqual([{ pipeline: 'plain', dryRun: true, settleMs: 0 }]);
    for (const [input, type] of [[{ settle: 1 }, 'UNKNOWN_KEY'], [{ settleMs: -1 }, 'INVALID_VALUE'], [{ dryRun: 'yes' }, 'INVALID_VALUE'], [{ pipeline: '' }, 'INVALID_VALUE']] as const) {
      await expect(failureOf(await rig.start(input, 'compaction'))).resolves.toMatchObject({ type });
    }
  });

  it('stops when it is cancelled, and the call with it', async () => {
    let [calls, stopped] = [0, 0];
    rig.far.script = {
      compact: async (_request, { signal }) => {
        calls += 1;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
        stopped += 1;
        return undefined;
      },
    };
    const handle = await rig.start({ pipeline: 'plain' }, 'compaction');
    await until(() => calls === 1, { timeoutMs: 10_000, what: 'a call' });
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    expect((await handle.describe()).status.name).toBe('CANCELLED');
    await until(() => stopped === 1, { timeoutMs: 10_000, what: 'the end of the call' });
    expect(asked('compactModels')).toEqual([]);
  });

  it('goes on as a new execution after a hundred pipelines, so that no history grows with their number', async () => {
    const names = Array.from({ length: 103 }, (_, n) => `many-${String(n).padStart(3, '0')}`);
    rig.far.script = { listPipelines: async () => ({ pipelines: summaries(names) }), compact: async () => ({ datasets: [row('bronze.orders')] }) };
    const handle = await rig.start({}, 'compaction');
    const { runId: firstRun } = await handle.describe();
    const result = (await handle.result()) as CompactionResult;
    expect(result).toMatchObject({ pipelines: 103, failed: 0 });
    expect(result.entries.map(({ pipeline }) => pipeline)).toEqual(names);
    expect(asked('compactModels').map(({ pipeline }) => pipeline)).toEqual(names);
    const first = await rig.client.workflow.getHandle(handle.workflowId, firstRun).describe();
    expect(first.status.name).toBe('CONTINUED_AS_NEW');
    expect(first.historyLength).toBeLessThan(2_500);
  }, 60_000);
});
