import { until } from '@weir/testkit';
import { weir, type CommandEnd } from './command-line';
import { useHouse } from './house';
import { retailTruth } from './oracle';
import { retailDays } from './retail-days';
import { apply, retailPipeline } from './retail-pipeline';
import { expectSameTables, retailTables } from './tables';
import { servicesIn, traceOf, tracesWith } from './trace';

const TIMEOUT_MS = process.env['WEIR_E2E_ALL_DAYS'] ? 1_800_000 : 300_000;

/** The parts of a backfill's progress that these tests look at. */
interface Progress {
  readonly state: string;
  readonly selected: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly open: readonly { readonly workflowId: string; readonly runId: string }[];
}

describe('a backfill of the retail days', () => {
  const house = useHouse();
  const name = 'retail_backfill';
  const id = `backfill/${name}/all_days`;
  const cli = async (...args: string[]): Promise<CommandEnd> => weir(args, house.platform.state.home);
  const progress = (): Promise<Progress> => house.platform.temporal.workflow.getHandle(id).query<Progress, []>('progress');
  const succeeded = (count: number, what: string): Promise<unknown> => until(async () => (await progress()).succeeded >= count, { timeoutMs: TIMEOUT_MS, what });
  const runsOf = async (status: 'RUN_STATUS_UNSPECIFIED' | 'RUN_STATUS_RUNNING' | 'RUN_STATUS_SUCCEEDED') => (await house.platform.clients.runs.listRuns({ pipeline: name, limit: 1_000, status, backfill: id })).runs;

  test('eight at a time, paused, resumed, cancelled and started again, the orchestrator killed twice, gives the tables of one run', async () => {
    const days = await retailDays(house.scratch);
    const interval = `${days.start}/${days.end}`;
    await apply(retailPipeline(house.scratch, name, days.folder), house.platform.state.home);
    const start = (...more: string[]) => cli('backfills', 'start', name, '--interval', interval, '--name', 'all_days', '--parallel', '8', '--order', 'newest', '--json', ...more);

    // Slowly, so that the hands laid on it find it at work.
    expect(await start('--rate', '60/m')).toMatchObject({ code: 0 });
    await succeeded(4, 'the first intervals');
    house.platform.kill('orchestrator');
    await succeeded(8, 'intervals after the first kill');

    expect(await cli('backfills', 'pause', id, '--reason', 'the source is slow')).toMatchObject({ code: 0 });
    await until(async () => (await progress()).state === 'paused', { timeoutMs: 60_000, what: 'The backfill paused' });
    const { open } = await progress();
    const states = await Promise.all(open.map(async ({ workflowId, runId }) => (await house.platform.temporal.workflow.getHandle(workflowId, runId).query<{ state: string }, []>('progress')).state));
    expect(states).toEqual(open.map(() => 'paused'));
    expect(await cli('backfills', 'resume', id)).toMatchObject({ code: 0 });
    const { succeeded: before } = await progress();
    await succeeded(before + 4, 'intervals after the pause');

    expect(await cli('backfills', 'cancel', id)).toMatchObject({ code: 0 });
    expect(await runsOf('RUN_STATUS_RUNNING')).toEqual([]);
    // A run that was cancelled after it published has made its interval too: the next delivery takes it along.
    const published = (await runsOf('RUN_STATUS_UNSPECIFIED')).filter(({ snapshot }) => snapshot > 0);
    const done = new Set(published.flatMap(({ interval: made }) => (made ? [made.start] : []))).size;

    expect(await start()).toMatchObject({ code: 0 });
    await until(async () => (await progress()).state === 'running', { timeoutMs: 60_000, what: 'The second start at work' });
    expect((await progress()).selected).toBe(days.count - done);
    await succeeded(3, 'intervals of the second start');
    house.platform.kill('orchestrator');
    await house.platform.temporal.workflow.getHandle(id).result();
    expect(await progress()).toMatchObject({ state: 'done', failed: 0 });

    expectSameTables(await retailTables(house.platform.warehouse, name), retailTruth(days.folder).tables);
    const ran = (await runsOf('RUN_STATUS_SUCCEEDED')).length;
    const again = await start();
    expect({ code: again.code, stdout: again.stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/"selected": 0|"started": false/) as unknown });
    expect(await runsOf('RUN_STATUS_SUCCEEDED')).toHaveLength(ran);
    await house.platform.healthy();
  }, TIMEOUT_MS);

  test('has a trace for every run, none of them shared, and links them all from its own', async () => {
    const retail = await house.retail('retail_backfill_traced', { from: '2021-11-01', days: 4, rowsPerDay: 300, seed: 101 });
    const started = await cli('backfills', 'start', retail.name, '--interval', '2021-11-01/2021-11-05', '--name', 'traced', '--watch');
    expect({ code: started.code, stderr: started.stderr }).toEqual({ code: 0, stderr: '' });
    const { runs } = await house.platform.clients.runs.listRuns({ pipeline: retail.name, limit: 100, status: 'RUN_STATUS_SUCCEEDED', backfill: `backfill/${retail.name}/traced` });
    const days = runs.filter(({ interval }) => interval !== undefined);
    expect(days).toHaveLength(4);
    expect(new Set(days.map(({ traceId }) => traceId)).size).toBe(4);

    const linked = async (): Promise<boolean> => {
      const [own] = await tracesWith(house.platform, 'orchestrator', 'RunActivity:recordBackfill', { 'weir.pipeline': retail.name });
      const links = new Set(own?.spans.flatMap(({ references }) => references.map(({ traceID }) => traceID)));
      return days.every(({ traceId }) => links.has(traceId) && traceId !== own?.traceID);
    };
    await until(linked, { timeoutMs: 60_000, what: 'A trace of the backfill with links to all its runs' });
    const { traceId = '', runId = '' } = days[0] ?? {};
    const trace = await traceOf(house.platform, traceId, (found) => servicesIn(found).includes('load'));
    const owners = new Set(trace.spans.flatMap(({ tags }) => tags.filter(({ key }) => key === 'weir.run.id').map(({ value }) => value)));
    expect([...owners]).toEqual([runId]);
  });
});
