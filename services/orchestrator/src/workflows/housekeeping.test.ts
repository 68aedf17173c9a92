import { WeirError } from '@weir/core';
import type { CollectGarbageRequest } from '@weir/rpc';
import { failureOf, startRig, type Rig } from '../testing/rig';
import type { HousekeepingResult } from './housekeeping';

const DAY_MS = 86_400_000;

describe('housekeeping', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(() => rig?.stop());
  beforeEach(() => rig.far.reset());

  const run = async (input?: unknown) => (await (await rig.start(input, 'housekeeping')).result()) as HousekeepingResult;
  const asked = () => rig.far.requests<CollectGarbageRequest>('collectGarbage');
  const summaries = (names: readonly string[]) => names.map((pipeline) => ({ pipeline, version: 1, appliedAt: '', lastRunStatus: '', snapshot: 1 }));
  const row = { dataset: 'bronze.orders', partitions: 1, versions: 2, files: 3, bytes: 4 };

  it('collects every pipeline up to what all its tables hold, then what belongs to none; one that fails or whose destination is away stops no other', async () => {
    rig.far.script = {
      listPipelines: async () => ({ pipelines: summaries(['away', 'broken', 'plain', 'untold']) }),
      listHeads: async ({ pipeline }) => {
        if (pipeline === 'away') throw new WeirError({ code: 'INVALID_VALUE', message: 'Postgres: wrong password.' });
        return pipeline === 'untold' ? { heads: [] } : { heads: [7, 5, 9].map((snapshot) => ({ connection: 'warehouse', table: `shop.t${snapshot}`, snapshot })) };
      },
      collectGarbage: async ({ pipeline }) => {
        if (pipeline === 'broken') throw new WeirError({ code: 'SEGMENT_CORRUPT', message: 'The disk is odd.' });
        return { datasets: pipeline === '' ? [] : [row], forgottenBelow: 5 };
      },
    };
    const result = await run();
    const base = { dryRun: false, graceMs: DAY_MS };
    expect(asked()).toEqual([
      { ...base, pipeline: 'away', passedSnapshot: 0 },
      { ...base, pipeline: 'broken', passedSnapshot: 5 },
      { ...base, pipeline: 'plain', passedSnapshot: 5 },
      { ...base, pipeline: 'untold', passedSnapshot: Number.MAX_SAFE_INTEGER },
      { ...base, pipeline: '', passedSnapshot: 0 },
    ]);
    expect(result).toMatchObject({ dryRun: false, pipelines: 4, failed: 1 });
    expect(result.entries.map(({ pipeline, datasets, note, error }) => [pipeline, datasets.length, note?.includes('INVALID_VALUE Postgres: wrong password.'), error?.code])).toEqual([
      ['away', 1, true, undefined],
      ['broken', 0, undefined, 'SEGMENT_CORRUPT'],
      ['plain', 1, undefined, undefined],
      ['untold', 1, undefined, undefined],
    ]);
  });

  it('takes one pipeline, a grace and a dry run, and names what is wrong with another input', async () => {
    rig.far.script = { collectGarbage: async () => ({ datasets: [row], forgottenBelow: 0 }) };
    const result = await run({ pipeline: 'plain', dryRun: true, graceMs: 0 });
    expect(result).toMatchObject({ dryRun: true, pipelines: 1, entries: [{ pipeline: 'plain', datasets: [row] }] });
    expect(asked()).toMatchObject([{ pipeline: 'plain', dryRun: true, graceMs: 0 }]);
    for (const [input, type] of [[{ grace: 1 }, 'UNKNOWN_KEY'], [{ graceMs: -1 }, 'INVALID_VALUE'], [{ dryRun: 'yes' }, 'INVALID_VALUE']] as const) {
      await expect(failureOf(await rig.start(input, 'housekeeping'))).resolves.toMatchObject({ type });
    }
  });

  it('goes on as a new execution after a hundred pipelines, so that no history grows with their number', async () => {
    const names = Array.from({ length: 104 }, (_, n) => `many-${String(n).padStart(3, '0')}`);
    rig.far.script = { listPipelines: async () => ({ pipelines: summaries(names) }), collectGarbage: async () => ({ datasets: [row], forgottenBelow: 0 }) };
    const handle = await rig.start({}, 'housekeeping');
    const { runId: firstRun } = await handle.describe();
    const result = (await handle.result()) as HousekeepingResult;
    expect(result).toMatchObject({ pipelines: 104, failed: 0 });
    expect(result.entries.slice(0, 104).map(({ pipeline }) => pipeline)).toEqual(names);
    expect(asked()).toHaveLength(105);
    const first = await rig.client.workflow.getHandle(handle.workflowId, firstRun).describe();
    expect(first.status.name).toBe('CONTINUED_AS_NEW');
    expect(first.historyLength).toBeLessThan(2_500);
    const last = await rig.client.workflow.getHandle(handle.workflowId).describe();
    expect(last.runId).not.toBe(firstRun);
  }, 60_000);
});
