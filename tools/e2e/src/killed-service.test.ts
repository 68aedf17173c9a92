import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { generateRetail } from '@weir/generate';
import { until } from '@weir/testkit';
import { useHouse } from './house';
import { retailTruth, type RetailTruth } from './oracle';
import type { RunEnd } from './platform';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

interface Progress {
  readonly stages: readonly { readonly stage: string; readonly state: string }[];
}

async function reaches(run: WorkflowHandle, stage: string): Promise<void> {
  const runs = async (): Promise<boolean> => {
    const progress = await run.query<Progress>('progress');
    return progress.stages.some((one) => one.stage === stage && one.state === 'running');
  };
  await until(runs, { timeoutMs: 60_000, what: `A run in ${stage}` });
}

describe('kill -9 in mid-run', () => {
  const days = { start: '2022-01-02', end: '2022-03-01' };
  const house = useHouse();
  let data = '';
  let truth: RetailTruth;

  beforeAll(async () => {
    data = join(house.scratch, 'data');
    await generateRetail(data, { from: days.start, days: 58, rowsPerDay: 3_000, seed: 31 });
    truth = retailTruth(data);
  });
  afterEach(() => house.platform.healthy());

  test.each([
    ['orchestrator', 'validate'],
    ['quality', 'validate'],
    ['load', 'load'],
  ])('of %s during %s: the run ends without help, with the same tables', async (service, stage) => {
    const retail = retailPipeline(house.scratch, `retail_killed_${service}`, data);
    await apply(retail, house.platform.state.home);
    const run = await house.platform.start(retail.name, days);
    await reaches(run, stage);
    const before = house.platform.restarts(service);
    house.platform.kill(service);
    const end = (await run.result()) as RunEnd;
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), truth.tables);
    expect(house.platform.restarts(service)).toBe(before + 1);
  });
});
