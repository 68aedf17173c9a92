import { until } from '@weir/testkit';
import { weir } from './command-line';
import { useHouse } from './house';
import { apply, retailPipeline } from './retail-pipeline';

const SCHEDULE = 'schedule: { cron: "20 4 * * *", timezone: Europe/London, startDate: 2021-01-01 }\n';

describe('a schedule', () => {
  const house = useHouse();

  test('comes, changes, pauses and goes with apply, and runs the last whole day before its time', async () => {
    const retail = await house.retail('retail_scheduled', { from: '2021-10-01', days: 1, rowsPerDay: 100, seed: 91 });
    const { home } = house.platform.state;
    const scheduled = (text: string) => apply(retailPipeline(house.scratch, retail.name, retail.data, (path, old) => (path === 'pipeline.yaml' ? `${old}${text}` : old)), home);
    const schedule = house.platform.temporal.schedule.getHandle(`schedule/${retail.name}`);

    await expect(schedule.describe()).rejects.toThrow();
    await scheduled(SCHEDULE);
    expect((await schedule.describe()).spec).toMatchObject({ timezone: 'Europe/London', calendars: [{ hour: [{ start: 4 }], minute: [{ start: 20 }] }] });
    expect(await weir(['status'], home)).toMatchObject({ code: 0, stdout: expect.stringContaining(retail.name) as unknown });

    await schedule.trigger();
    const newest = async () => (await house.platform.clients.runs.listRuns({ pipeline: retail.name, limit: 10, status: 'RUN_STATUS_SUCCEEDED', backfill: '' })).runs.find(({ kind }) => kind === 'RUN_KIND_SCHEDULED');
    const run = await until(newest, { timeoutMs: 60_000, what: 'The scheduled run' });
    const midnight = `${run.startedAt.slice(0, 10)}T00:00:00Z`;
    expect(run).toMatchObject({ kind: 'RUN_KIND_SCHEDULED', interval: { start: new Date(Date.parse(midnight) - 86_400_000).toISOString().replace('.000Z', 'Z'), end: midnight } });

    await scheduled(SCHEDULE.replace('}', ', paused: the shop moves }'));
    expect((await schedule.describe()).state).toMatchObject({ paused: true, note: expect.stringContaining('the shop moves') as unknown });
    await scheduled(SCHEDULE.replace('20 4', '0 6'));
    const changed = await schedule.describe();
    expect(changed.state.paused).toBe(false);
    expect(changed.spec.calendars).toMatchObject([{ hour: [{ start: 6 }], minute: [{ start: 0 }] }]);

    expect(await weir(['schedules', 'pause', retail.name, '--reason', 'on call says so'], home)).toMatchObject({ code: 0 });
    await scheduled(SCHEDULE);
    expect((await schedule.describe()).state).toMatchObject({ paused: true, note: expect.stringContaining('on call says so') as unknown });
    expect(await weir(['schedules', 'resume', retail.name], home)).toMatchObject({ code: 0 });
    expect((await schedule.describe()).state.paused).toBe(false);

    await scheduled('');
    await expect(schedule.describe()).rejects.toThrow();
  });
});
