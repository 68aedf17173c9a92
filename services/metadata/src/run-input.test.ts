import type { Definition, Model, Upstream } from '@weir/core';
import { RunKind, RunStart } from '@weir/rpc';
import { beginRun } from './begin-run';
import { published } from './testing/runs';
import { days, definitionOf, givenPipeline, openWorkbench, runRequest, type Workbench } from './testing/workbench';

describe('inputs from other pipelines', () => {
  let bench: Workbench;
  beforeAll(async () => (bench = await openWorkbench()));
  afterAll(() => bench.dispose());

  const upstream = (pipeline: string, dataset: string): Upstream => ({ pipeline, dataset, reference: `${pipeline}.${dataset.split('.')[1]}`, columns: [], byInterval: false });
  /** Its interval model reads lines of the first, its history model customers of the second. */
  const reader = (name: string, first: string, second: string): Partial<Definition> => {
    const inputs: Readonly<Record<string, string[]>> = { revenue: [`${first}.lines`, 'bronze.orders'], customers: ['silver.lines', `${second}.customers`] };
    const models = definitionOf(name).models.map((model): Model => ({ ...model, inputs: inputs[model.name] ?? model.inputs }));
    return { models, upstream: [upstream(second, 'gold.customers'), upstream(first, 'silver.lines')] };
  };

  test('are pinned for the models that the run builds, and stay pinned', async () => {
    await givenPipeline(bench.pool, 'shop');
    await givenPipeline(bench.pool, 'crm');
    await published(bench, runRequest('shop', 'shop-1', days(0, 1)));
    await published(bench, runRequest('shop', 'shop-2', days(1, 2)));
    await givenPipeline(bench.pool, 'report', reader('report', 'shop', 'crm'));
    const begun = await beginRun(bench, runRequest('report', 'report-1', days(0, 1)));
    expect(begun.upstream).toEqual([{ pipeline: 'shop', dataset: 'silver.lines', snapshot: 2 }]);
    const refresh = await beginRun(bench, runRequest('report', 'report-r', undefined, RunKind.REFRESH));
    expect(refresh.upstream).toEqual([{ pipeline: 'crm', dataset: 'gold.customers', snapshot: 0 }]);
    await published(bench, runRequest('shop', 'shop-3', days(0, 1)));
    expect(await beginRun(bench, runRequest('report', 'report-1', days(0, 1)))).toEqual(begun);
    expect((await beginRun(bench, runRequest('report', 'report-2', days(1, 2)))).upstream).toMatchObject([{ snapshot: 3 }]);
    expect((await beginRun(bench, { ...runRequest('report', 'report-3'), startAt: RunStart.DELIVERY })).upstream).toEqual([]);
  });

  test('that are gone are named', async () => {
    await givenPipeline(bench.pool, 'reads-nobody', reader('reads-nobody', 'shop', 'shop'));
    await bench.pool.query(`update metadata.definition set body = replace(body::text, '"pipeline":"shop"', '"pipeline":"gone"')::json where pipeline = 'reads-nobody'`);
    await expect(beginRun(bench, runRequest('reads-nobody', 'reads-nobody-1', days(0, 1)))).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND', message: 'No pipeline `gone` was applied.' });
    await bench.pool.query(`update metadata.definition set body = replace(replace(body::text, '"pipeline":"gone"', '"pipeline":"shop"'), 'silver.lines', 'silver.gone')::json where pipeline = 'reads-nobody'`);
    await expect(beginRun(bench, runRequest('reads-nobody', 'reads-nobody-1', days(0, 1)))).rejects.toMatchObject({ code: 'UNKNOWN_DATASET', message: expect.stringContaining('`silver.gone`') });
  });
});
