import { getLoadTarget } from './get-load-target';
import { storeDefinition } from './store-definition';
import { published } from './testing/runs';
import { days, definitionOf, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

describe('getLoadTarget', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  test('goes as far as one definition version published without another in between', async () => {
    const pipeline = await givenPipeline(bench.pool, 'target');
    const publishAs = async (n: number) => published(bench, runRequest(pipeline, `target-${n}`, days(n, n + 1)));
    const target = async (definitionVersion: number, after: number) => (await getLoadTarget(bench, { pipeline, definitionVersion, after })).snapshot;
    expect(await target(1, 0)).toBe(0);
    for (const n of [1, 2, 3]) await publishAs(n);
    await storeDefinition(bench.pool, definitionOf(pipeline, { description: 'second' }));
    for (const n of [4, 5]) await publishAs(n);
    await storeDefinition(bench.pool, definitionOf(pipeline, { description: 'third' }));
    await publishAs(6);
    // Versions of the snapshots: 1 1 1 2 2 3.
    const targets = [1, 2, 3, 9].map((version) => Promise.all([0, 1, 2, 3, 4, 5, 6].map((after) => target(version, after))));
    expect(await Promise.all(targets)).toEqual([
      [3, 3, 3, 3, 4, 5, 6],
      [0, 1, 2, 5, 5, 5, 6],
      [0, 1, 2, 3, 4, 6, 6],
      [0, 1, 2, 3, 4, 5, 6],
    ]);
    await expect(target(1, 7)).rejects.toMatchObject({ code: 'INVALID_VALUE', message: 'The pipeline target has no snapshot 7; its newest is 6.' });
    await expect(getLoadTarget(bench, { pipeline: 'nobody', definitionVersion: 1, after: 0 })).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' });
  });
});
