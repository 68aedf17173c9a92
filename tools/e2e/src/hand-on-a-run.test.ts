import { until } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { retailTruth } from './oracle';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';

/** The parts of a run's progress that these tests look at. */
interface Progress {
  readonly state: string;
  readonly stages: readonly { readonly stage: string; readonly state: string }[];
}

describe('a hand on a run', () => {
  const house = useHouse();
  const cli = (...args: string[]): Promise<CommandEnd> => weir(args, house.platform.state.home);
  const stateOf = async (workflowId: string): Promise<string> => (await house.platform.temporal.workflow.getHandle(workflowId).query<Progress, []>('progress')).state;
  const reaches = (workflowId: string, stage: string): Promise<unknown> => {
    const runs = async (): Promise<boolean> => (await house.platform.temporal.workflow.getHandle(workflowId).query<Progress, []>('progress')).stages.some((one) => one.stage === stage && one.state === 'running');
    return until(runs, { timeoutMs: 60_000, what: `A run in ${stage}` });
  };
  /** The newest run over an interval: refreshes have none. */
  const newest = async (pipeline: string) => (await house.platform.clients.runs.listRuns({ pipeline, limit: 10, status: 'RUN_STATUS_UNSPECIFIED', backfill: '' })).runs.find(({ interval }) => interval !== undefined);

  test('pauses it before its next stage, resumes it, and refuses what its state does not allow', async () => {
    const retail = await house.retail('retail_paused', { from: '2021-09-01', days: 58, rowsPerDay: 3_000, seed: 81 });
    const run = await house.platform.start(retail.name, { start: '2021-09-01', end: '2021-10-29' });
    await reaches(run.workflowId, 'extract');
    // Not by the command line: on a busy machine the run may be in its last stage before that has started.
    await run.signal('pause', { reason: 'looking at the source' });
    await until(async () => (await stateOf(run.workflowId)) === 'paused', { timeoutMs: 10_000, what: 'A paused run' });
    expect(await cli('runs', 'show', run.workflowId)).toMatchObject({ code: 0, stdout: expect.stringContaining('looking at the source') as unknown });
    const refused = await cli('runs', 'approve', run.workflowId, '--json');
    expect(refused).toMatchObject({ code: 2, stdout: expect.stringContaining('NOT_POSSIBLE') as unknown });
    expect(await cli('runs', 'resume', run.workflowId)).toMatchObject({ code: 0 });
    await run.result();
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });

  test('cancels it within seconds, and its interval can be run again at once', async () => {
    const retail = await house.retail('retail_cancelled', { from: '2021-09-01', days: 58, rowsPerDay: 3_000, seed: 82 });
    const days = { start: '2021-09-01', end: '2021-10-29' };
    const run = await house.platform.start(retail.name, days);
    await reaches(run.workflowId, 'extract');
    await run.signal('pause', { reason: 'is this the right month?' });
    expect(await cli('runs', 'cancel', run.workflowId, '--reason', 'wrong month')).toMatchObject({ code: 0 });
    expect((await run.describe()).status.name).toBe('CANCELLED');
    expect(await newest(retail.name)).toMatchObject({ status: 'RUN_STATUS_CANCELLED', snapshot: 0 });
    await house.platform.run(retail.name, days);
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });

  test('approves a run that waits because its verdict is a warning', async () => {
    const asking = (path: string, text: string): string => (path === 'pipeline.yaml' ? `${text}approval: warning\n` : text.replace('mustBeLessOrEqualTo: 30', 'mustBeLessOrEqualTo: 0'));
    const retail = await house.retail('retail_approved', { from: '2021-09-01', days: 1, rowsPerDay: 500, seed: 83 }, asking);
    const run = await house.platform.start(retail.name, { start: '2021-09-01', end: '2021-09-02' });
    await until(async () => (await stateOf(run.workflowId)) === 'approval', { timeoutMs: 60_000, what: 'A run that waits for approval' });
    expect(await newest(retail.name)).toMatchObject({ snapshot: 0, verdict: 'VERDICT_WARNING' });
    expect(await cli('runs', 'approve', run.workflowId, '--note', 'guests are fine')).toMatchObject({ code: 0 });
    await run.result();
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });

  test('retries a delivery that failed by delivering only', async () => {
    const retail = await house.retail('retail_undelivered', { from: '2021-09-01', days: 2, rowsPerDay: 500, seed: 84 });
    await house.platform.warehouse.query(`drop schema if exists ${retail.name} cascade; create schema ${retail.name}; create table ${retail.name}.lines (quantity text)`);
    await expect(house.platform.run(retail.name, { start: '2021-09-01', end: '2021-09-03' })).rejects.toThrow();
    const failed = await newest(retail.name);
    expect(failed).toMatchObject({ status: 'RUN_STATUS_DELIVERY_FAILED', error: { code: 'DESTINATION_INCOMPATIBLE' } });
    await house.platform.warehouse.query(`drop table ${retail.name}.lines`);

    const retried = await cli('runs', 'retry', failed?.runId ?? '', '--watch', '--json');
    expect({ code: retried.code, stderr: retried.stderr }).toEqual({ code: 0, stderr: '' });
    const { runs } = await house.platform.clients.runs.listRuns({ pipeline: retail.name, limit: 10, status: 'RUN_STATUS_SUCCEEDED', backfill: '' });
    const retry = runs.find(({ retryOf }) => retryOf === failed?.runId);
    expect(retry).toMatchObject({ retryOf: failed?.runId });
    const { stages } = await house.platform.clients.runs.getRun({ run: retry?.runId ?? '' });
    expect(stages.map(({ stage }) => stage).filter((stage) => stage !== 'refresh')).toEqual(['load']);
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), retailTruth(retail.data).tables);
  });

  test('retries a run that failed in validate from the raw files that it had extracted', async () => {
    const strict = (path: string, text: string): string =>
      path === 'contract.odcs.yaml' ? text.replace('mustBeLessOrEqualTo: 30\n            unit: percent\n            severity: warning', 'mustBeLessOrEqualTo: 0\n            unit: percent\n            severity: error') : text;
    const retail = await house.retail('retail_refused_once', { from: '2021-09-01', days: 1, rowsPerDay: 500, seed: 85 }, strict);
    await expect(house.platform.run(retail.name, { start: '2021-09-01', end: '2021-09-02' })).rejects.toThrow();
    const failed = await newest(retail.name);
    const truth = retailTruth(retail.data);
    await apply(retailPipeline(house.scratch, retail.name, `${house.scratch}/gone`), house.platform.state.home);
    expect(await cli('runs', 'retry', failed?.runId ?? '', '--from-stage', 'validate', '--watch')).toMatchObject({ code: 0 });
    expectSameTables(await retailTables(house.platform.warehouse, retail.name), truth.tables);
  });
});
