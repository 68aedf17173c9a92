import type { ScheduleHandle } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time';
import { parseDefinition, scheduledInterval, type Schedule } from '@weir/core';
import type { BeginRunRequest, PlanBackfillRequest } from '@weir/rpc';
import { until } from '@weir/testkit';
import type { ReconciledSchedule } from '../activities/reconcile-schedules';
import { Brook, progressOf, reaches } from '../testing/brook';
import { failureOf, startRig, type Rig } from '../testing/rig';

const HOURLY: Schedule = { cron: '0 * * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 1, dependsOnPast: false };

describe('reconcile', () => {
  let rig: Rig;
  const made: ScheduleHandle[] = [];
  beforeAll(async () => {
    rig = await startRig();
  });
  afterAll(async () => {
    await Promise.all(made.map((handle) => handle.delete().catch(() => undefined)));
    await rig.stop();
  });
  beforeEach(() => rig.far.reset());

  function define(pipeline: string, schedule: Partial<Schedule> | undefined): ScheduleHandle {
    const json = JSON.stringify({ name: pipeline, source: { type: 'file' }, grain: '1h', schedule: schedule && { ...HOURLY, ...schedule } });
    expect(parseDefinition(json).name).toBe(pipeline);
    rig.far.script = { ...rig.far.script, getDefinition: () => Promise.resolve({ pipeline, version: 3, definitionJson: json }) };
    const handle = rig.client.schedule.getHandle(`schedule/${pipeline}`);
    made.push(handle);
    return handle;
  }

  async function reconcile(pipeline: string): Promise<ReconciledSchedule | undefined> {
    const handle = await rig.start({ pipeline }, 'reconcile');
    return ((await handle.result()) as ReconciledSchedule[])[0];
  }

  it('makes, changes, pauses, resumes and removes the schedule of a pipeline, and says what it did', async () => {
    const pipeline = rig.pipeline();
    const handle = define(pipeline, {});
    const created = await reconcile(pipeline);
    expect(created).toMatchObject({ pipeline, change: 'created', cron: '0 * * * *', timezone: 'UTC', paused: '' });
    const hour = 3_600_000;
    const first = (Math.floor(Date.now() / hour) + 1) * hour;
    expect(created?.next).toEqual([0, 1, 2, 3, 4].map((at) => new Date(first + at * hour).toISOString()));
    await expect(reconcile(pipeline)).resolves.toMatchObject({ change: 'unchanged' });

    define(pipeline, { cron: '30 6 * * *', timezone: 'Europe/London', maxActiveRuns: 2 });
    await expect(reconcile(pipeline)).resolves.toMatchObject({ change: 'changed', cron: '30 6 * * *' });
    expect(await handle.describe()).toMatchObject({ spec: { timezone: 'Europe/London' }, policies: { overlap: 'ALLOW_ALL', catchupWindow: 60_000 }, action: { taskQueue: rig.taskQueue, args: [{ pipeline, kind: 'scheduled' }], workflowId: `run/${pipeline}/scheduled`, priority: { priorityKey: 2, fairnessKey: pipeline } } });

    define(pipeline, { cron: '30 6 * * *', timezone: 'Europe/London', maxActiveRuns: 2, paused: 'the source is being migrated' });
    await expect(reconcile(pipeline)).resolves.toMatchObject({ change: 'paused', paused: 'definition: the source is being migrated', next: [] });
    expect((await handle.describe()).state).toMatchObject({ paused: true, note: 'definition: the source is being migrated' });

    define(pipeline, { cron: '30 6 * * *', timezone: 'Europe/London', maxActiveRuns: 2 });
    await expect(reconcile(pipeline)).resolves.toMatchObject({ change: 'resumed', paused: '' });
    expect((await handle.describe()).state.paused).toBe(false);

    define(pipeline, undefined);
    await expect(reconcile(pipeline)).resolves.toMatchObject({ change: 'removed', cron: '', next: [] });
    await expect(handle.describe()).rejects.toThrow();
    await expect(reconcile(pipeline)).resolves.toBeUndefined();
  });

  it("leaves an operator's pause alone, also when the schedule changes", async () => {
    const pipeline = rig.pipeline();
    const handle = define(pipeline, {});
    await reconcile(pipeline);
    await handle.pause('operator: the warehouse is down');
    define(pipeline, { catchup: true });
    await expect(reconcile(pipeline)).resolves.toMatchObject({ change: 'changed', paused: 'operator: the warehouse is down', next: [] });
    expect(await handle.describe()).toMatchObject({ policies: { overlap: 'BUFFER_ALL', catchupWindow: 365 * 86_400_000 }, state: { paused: true, note: 'operator: the warehouse is down' } });
    expect(rig.far.requests('planBackfill')).toEqual([]);
  });

  it.each([
    ['spring', '2027-03-14T00:00:00Z', '2027-04-14T00:00:00Z'],
    ['autumn', '2027-10-14T00:00:00Z', '2027-11-14T00:00:00Z'],
  ])('gives every UTC hour of a month with a clock change in %s exactly one scheduled run', async (_season, from, to) => {
    const pipeline = rig.pipeline();
    const handle = define(pipeline, { timezone: 'Europe/London' });
    await reconcile(pipeline);
    const request = { namespace: 'default', scheduleId: handle.scheduleId, startTime: msToTs(Date.parse(from)), endTime: msToTs(Date.parse(to)) };
    const { startTime } = await rig.client.workflowService.listScheduleMatchingTimes(request);
    const taken = startTime.map((time) => scheduledInterval(new Date(tsToMs(time)).toISOString(), '1h', 0).start);
    // The server leaves the start of the range out and takes its end.
    const hours = Array.from({ length: 31 * 24 }, (_, at) => new Date(Date.parse(from) + at * 3_600_000).toISOString().replace('.000Z', 'Z'));
    expect(taken).toEqual(hours);
  });

  it('makes runs that tell metadata the time they were scheduled for', async () => {
    const pipeline = rig.pipeline();
    const handle = define(pipeline, { cron: '0 0 1 1 *' });
    await reconcile(pipeline);
    const before = Date.now();
    await handle.trigger();
    const begun = await until(() => rig.far.requests<BeginRunRequest>('beginRun')[0], { timeoutMs: 10_000, what: 'the run that was triggered' });
    expect(begun).toMatchObject({ pipeline, kind: 'RUN_KIND_SCHEDULED', interval: undefined });
    expect(begun.workflowId).toMatch(`run/${pipeline}/scheduled-`);
    // A trigger is scheduled for its own time, and Temporal counts in seconds.
    const scheduled = Date.parse(begun.scheduledFor);
    expect(scheduled % 1_000).toBe(0);
    expect(Math.abs(scheduled - before)).toBeLessThan(10_000);
    const run = rig.client.workflow.getHandle(begun.workflowId);
    await run.result();
    const { searchAttributes, raw } = await run.describe();
    expect((searchAttributes['TemporalScheduledStartTime'] as Date[])[0]?.getTime()).toBe(scheduled);
    expect(raw.workflowExecutionInfo?.priority).toMatchObject({ priorityKey: 2, fairnessKey: pipeline });
  });

  it('fills what a catching-up pipeline missed by a backfill of its missing intervals, in parts that a backfill may have', async () => {
    const pipeline = rig.pipeline();
    const starts: string[] = [];
    rig.far.script = { planBackfill: ({ interval }) => (starts.push(interval?.start ?? ''), Promise.resolve({ selected: starts.length === 2 ? 5 : 0 })) };
    define(pipeline, { catchup: true, startDate: '2024-01-01T00:00:00Z' });
    await reconcile(pipeline);
    const lastDue = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString().replace('.000Z', 'Z');
    expect(starts).toEqual(['2024-01-01T00:00:00Z', '2025-02-20T16:00:00Z']);
    const backfill = rig.client.workflow.getHandle(`backfill/${pipeline}/catchup`);
    const { raw } = await backfill.describe();
    expect(raw.workflowExecutionInfo?.type?.name).toBe('pipelineBackfill');
    const { events } = await backfill.fetchHistory();
    const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
    const parts = rig.far.requests<PlanBackfillRequest>('planBackfill');
    expect(JSON.parse(Buffer.from(input ?? '').toString())).toEqual({ pipeline, interval: parts[1]?.interval, only: 'missing', reason: 'catchup' });
    const end = Date.parse('2025-02-20T16:00:00Z') + 10_000 * 3_600_000;
    expect(parts[1]?.interval?.end).toBe(Date.parse(lastDue) < end ? lastDue : new Date(end).toISOString().replace('.000Z', 'Z'));
    await backfill.terminate().catch(() => undefined);
  });

  it('goes on with the other pipelines when one cannot be reconciled, and makes sure of housekeeping', async () => {
    const [broken, whole] = [rig.pipeline(), rig.pipeline()];
    const json = (name: string, cron: string) => JSON.stringify({ name, source: { type: 'file' }, grain: '1h', schedule: { ...HOURLY, cron } });
    rig.far.script = {
      listPipelines: () => Promise.resolve({ pipelines: [broken, whole].map((pipeline) => ({ pipeline, version: 1, appliedAt: '', lastRunStatus: '', snapshot: 0 })) }),
      getDefinition: ({ pipeline }) => Promise.resolve({ pipeline, version: 1, definitionJson: json(pipeline, pipeline === broken ? '99 * * * *' : '0 * * * *') }),
    };
    made.push(rig.client.schedule.getHandle(`schedule/${whole}`));
    const handle = await rig.start({}, 'reconcile');
    await expect(handle.result()).resolves.toMatchObject([
      { pipeline: broken, change: 'failed', error: expect.stringContaining('99 * * * *') as unknown },
      { pipeline: whole, change: 'created' },
    ]);
    for (const own of ['compaction', 'housekeeping']) expect((await rig.client.schedule.getHandle(`weir/${own}`).describe()).action).toMatchObject({ workflowType: own, taskQueue: rig.taskQueue });
    const alone = await rig.start({ pipeline: broken }, 'reconcile');
    await expect(failureOf(alone)).resolves.toMatchObject({ type: 'INVALID_VALUE' });
  });

  it('tells open streams what was applied, of one pipeline or of all, and misses none that is not there', async () => {
    const [realtime, batch, absent] = [new Brook(rig), new Brook(rig), new Brook(rig)];
    const all = [realtime, batch, absent];
    const script = realtime.script({ listPipelines: () => Promise.resolve({ pipelines: all.map(({ pipeline }) => ({ pipeline, version: 3, appliedAt: '', lastRunStatus: '', snapshot: 0 })) }) });
    rig.far.script = { ...script, getDefinition: (request, turn) => (all.find(({ pipeline }) => pipeline === request.pipeline) ?? absent).script().getDefinition?.(request, turn) ?? Promise.resolve(undefined) };
    try {
      const [one, other] = [await realtime.start(), await batch.start()];
      await Promise.all([reaches(one, 'running'), reaches(other, 'running')]);
      realtime.version = 4;
      await (await rig.start({ pipeline: realtime.pipeline }, 'reconcile')).result();
      await until(async () => (await progressOf(one)).definitionVersion === 4, { timeoutMs: 10_000, what: 'the version that was applied' });
      realtime.version = 5;
      await (await rig.start({}, 'reconcile')).result();
      await until(async () => (await progressOf(one)).definitionVersion === 5, { timeoutMs: 10_000, what: 'the version that a worker found when it started' });
      // A pipeline that is realtime no more.
      Object.assign(batch, { mode: 'batch', version: 4 });
      await (await rig.start({ pipeline: batch.pipeline }, 'reconcile')).result();
      expect(await reaches(other, 'failed')).toMatchObject({ lastError: { code: 'INVALID_VALUE' } });
      await expect((await rig.start({ pipeline: absent.pipeline }, 'reconcile')).result()).resolves.toEqual([]);
    } finally {
      await Promise.all(all.map((brook) => brook.end()));
    }
  });

  it('refuses an input that nobody understands', async () => {
    await expect(failureOf(await rig.start({ pipelin: 'x' }, 'reconcile'))).resolves.toMatchObject({ type: 'UNKNOWN_KEY' });
  });
});
