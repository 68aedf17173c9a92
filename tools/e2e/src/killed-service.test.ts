import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { generateRetail } from '@weir/generate';
import { tempDir, until, type TempDir } from '@weir/testkit';
import { retailTruth, type RetailTruth } from './oracle';
import { TestPlatform, type RunEnd } from './platform';
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
  let scratch: TempDir;
  let platform: TestPlatform;
  let data = '';
  let truth: RetailTruth;

  beforeAll(async () => {
    scratch = await tempDir();
    platform = await TestPlatform.open();
    data = join(scratch.path, 'data');
    await generateRetail(data, { from: days.start, days: 58, rowsPerDay: 3_000, seed: 31 });
    truth = retailTruth(data);
  });
  afterEach(() => platform.healthy());
  afterAll(async () => {
    await platform.close();
    await scratch.dispose();
  });

  test.each([
    ['orchestrator', 'validate'],
    ['quality', 'validate'],
    ['load', 'load'],
  ])('of %s during %s: the run ends without help, with the same tables', async (service, stage) => {
    const retail = retailPipeline(scratch.path, `retail_killed_${service}`, data);
    await apply(retail, platform.state.home);
    const run = await platform.start(retail.name, days);
    await reaches(run, stage);
    const before = platform.restarts(service);
    platform.kill(service);
    const end = (await run.result()) as RunEnd;
    expect(end.accounts).toEqual({ ...truth.accounts, filtered: 0 });
    expectSameTables(await retailTables(platform.warehouse, retail.name), truth.tables);
    expect(platform.restarts(service)).toBe(before + 1);
  });
});
