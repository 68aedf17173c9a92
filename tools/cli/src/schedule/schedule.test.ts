import { randomBytes } from 'node:crypto';
import { until } from '@weir/testkit';
import { openTemporal, type Temporal } from '../temporal';
import { pauseSchedule, resumeSchedule } from './hand';
import { listSchedules, readSchedule } from './read-schedules';
import { readNote, scheduleIdOf } from './schedule';

const pipeline = `shop_${randomBytes(5).toString('hex')}`;
let temporal: Temporal;

beforeAll(async () => {
  const address = process.env['WEIR_TEST_TEMPORAL'];
  if (!address) throw new Error('This test needs a real Temporal server: set WEIR_TEST_TEMPORAL=host:port. `npm test` at the root starts one and sets it.');
  temporal = await openTemporal({ temporal: address, namespace: 'default' });
});
afterEach(async () => {
  await temporal.client.schedule.getHandle(scheduleIdOf(pipeline)).delete().catch(() => undefined);
});
afterAll(() => temporal.close());

/** A schedule whose next run is years away, on a queue where nobody works. */
async function make(name: string, state: { paused?: boolean; note?: string } = {}) {
  const year = new Date().getUTCFullYear() + 3;
  return temporal.client.schedule.create({
    scheduleId: scheduleIdOf(name),
    spec: { cronExpressions: ['5 2 * * *'], timezone: 'Europe/London', startAt: new Date(Date.UTC(year, 0, 1)) },
    action: { type: 'startWorkflow', workflowType: 'pipelineRun', workflowId: `run/${name}/scheduled`, taskQueue: name, args: [{ pipeline: name, kind: 'scheduled' }], memo: { weirSchedule: JSON.stringify([{ cron: '5 2 * * *' }, name]) } },
    policies: { catchupWindow: '1 minute', overlap: 'BUFFER_ONE' },
    state,
  });
}

describe('a schedule', () => {
  it('is read with its cron, zone and next runs', async () => {
    await make(pipeline);
    const year = new Date().getUTCFullYear() + 3;
    const view = await readSchedule(temporal, pipeline);
    expect(view).toMatchObject({ pipeline, scheduleId: `schedule/${pipeline}`, cron: '5 2 * * *', timezone: 'Europe/London', startDate: `${year}-01-01T00:00:00.000Z`, recent: [], running: [], waiting: 0, missed: { late: 0, overlap: 0 } });
    // London is at UTC in January.
    expect(view.next.slice(0, 2)).toEqual([`${year}-01-01T02:05:00.000Z`, `${year}-01-02T02:05:00.000Z`]);
    expect(view.paused).toBeUndefined();
    await until(async () => (await listSchedules(temporal)).some((one) => one.pipeline === pipeline), { timeoutMs: 20_000, what: 'the schedule to be listed' });
  });

  it('is paused and resumed by an operator, and is otherwise as it was', async () => {
    const handle = await make(pipeline);
    const before = await handle.describe();
    await expect(pauseSchedule(temporal, pipeline, 'the source is being migrated')).resolves.toMatchObject({ paused: { by: 'operator', reason: 'the source is being migrated' }, next: [] });
    await expect(pauseSchedule(temporal, pipeline, 'still')).resolves.toMatchObject({ paused: { by: 'operator', reason: 'still' } });
    await resumeSchedule(temporal, pipeline);
    const after = await handle.describe();
    expect(after.state).toMatchObject({ paused: false });
    expect(after.state.note ?? '').toBe('');
    for (const part of ['spec', 'action', 'policies'] as const) expect(after[part]).toEqual(before[part]);
    await expect(resumeSchedule(temporal, pipeline)).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: expect.stringContaining('is not paused') as string });
  });

  it('that its definition pauses is left to the definition', async () => {
    await make(pipeline, { paused: true, note: 'definition: source is being migrated' });
    await expect(readSchedule(temporal, pipeline)).resolves.toMatchObject({ paused: { by: 'definition', reason: 'source is being migrated' } });
    await expect(resumeSchedule(temporal, pipeline)).rejects.toMatchObject({ code: 'NOT_POSSIBLE', fix: expect.stringContaining('pipeline.yaml') as string });
    await expect(pauseSchedule(temporal, pipeline, 'x')).rejects.toMatchObject({ code: 'NOT_POSSIBLE' });
  });

  it('that is not there is told so', async () => {
    await expect(readSchedule(temporal, `${pipeline}_none`)).rejects.toMatchObject({ code: 'NOT_POSSIBLE', message: `${pipeline}_none has no schedule.` });
  });
});

test.each([
  ['operator: a: b', { by: 'operator', reason: 'a: b' }],
  ['definition: x', { by: 'definition', reason: 'x' }],
  ['operator:', { by: 'operator', reason: '' }],
  ['paused in the UI', { by: 'unknown', reason: 'paused in the UI' }],
])('the note %j of a pause is read as %j', (note, paused) => {
  expect(readNote(note)).toEqual(paused);
});
