import { parseDefinition, type Definition, type Schedule } from '@weir/core';
import { HOUSEKEEPING, desiredSchedule, fingerprint, reconciliation } from './schedules';

const HOURLY: Schedule = { cron: '0 * * * *', timezone: 'UTC', catchup: false, maxActiveRuns: 1, dependsOnPast: false };

function definition(schedule: Partial<Schedule> | undefined, grain?: string): Definition {
  return parseDefinition(JSON.stringify({ name: 'shop', source: { type: 'file' }, grain, schedule: schedule && { ...HOURLY, ...schedule } }));
}

describe('the Temporal Schedule that a definition asks for', () => {
  it('is none without a schedule', () => {
    expect(desiredSchedule(definition(undefined))).toBeUndefined();
  });

  it.each([
    [{}, 'BUFFER_ONE', 60_000],
    [{ catchup: true }, 'BUFFER_ALL', 365 * 86_400_000],
    [{ maxActiveRuns: 3 }, 'ALLOW_ALL', 60_000],
    [{ maxActiveRuns: 3, catchup: true }, 'ALLOW_ALL', 365 * 86_400_000],
  ] as const)('overlaps as %j says', (schedule, overlap, catchupWindowMs) => {
    expect(desiredSchedule(definition(schedule, '1h'))).toMatchObject({ overlap, catchupWindowMs });
  });

  it('starts live runs of its pipeline', () => {
    expect(desiredSchedule(definition({ cron: '5 4 * * 1', timezone: 'Europe/London' }))).toMatchObject({
      scheduleId: 'schedule/shop',
      cron: '5 4 * * 1',
      timezone: 'Europe/London',
      workflowId: 'run/shop/scheduled',
      input: { pipeline: 'shop', kind: 'scheduled' },
      priority: { priorityKey: 2, fairnessKey: 'shop' },
    });
  });

  it.each([
    ['0 * * * *', 'Europe/London', 'UTC'],
    ['*/5 * * * *', 'America/New_York', 'UTC'],
    ['0 * * * *', 'Asia/Kolkata', 'Asia/Kolkata'],
    ['0 */2 * * *', 'Europe/London', 'Europe/London'],
    ['0 * * * sun', 'Europe/London', 'Europe/London'],
  ])('reads %j of %s in %s', (cron, timezone, read) => {
    expect(desiredSchedule(definition({ cron, timezone }))?.timezone).toBe(read);
  });

  it('is due first when the grain that begins with the start date is over', () => {
    expect(desiredSchedule(definition({ startDate: '2010-12-01T00:00:00Z' }, '1h'))?.startAt).toBe('2010-12-01T01:00:00.000Z');
    expect(desiredSchedule(definition({ startDate: '2010-12-01T00:00:00Z' }))?.startAt).toBe('2010-12-01T00:00:00.000Z');
    expect(desiredSchedule(definition({}, '1h'))?.startAt).toBeUndefined();
  });

  it('is another one on another task queue, or when anything in it changes', () => {
    expect(fingerprint(HOUSEKEEPING, 'a')).toBe(fingerprint({ ...HOUSEKEEPING }, 'a'));
    expect(fingerprint(HOUSEKEEPING, 'a')).not.toBe(fingerprint(HOUSEKEEPING, 'b'));
    expect(fingerprint(HOUSEKEEPING, 'a')).not.toBe(fingerprint({ ...HOUSEKEEPING, timezone: 'Asia/Tokyo' }, 'a'));
  });
});

describe('bringing a schedule to its definition', () => {
  const running = { fingerprint: 'now', paused: false, note: '' };
  const byDefinition = { fingerprint: 'now', paused: true, note: 'definition: moving' };
  const byOperator = { fingerprint: 'now', paused: true, note: 'operator: disk is full' };

  it.each([
    ['nothing there, nothing asked for', undefined, undefined, undefined, undefined],
    ['made', 'now', undefined, undefined, { change: 'created', paused: false, note: '' }],
    ['made as paused', 'now', 'moving', undefined, { change: 'created', paused: true, note: 'definition: moving' }],
    ['left alone', 'now', undefined, running, { change: 'unchanged', paused: false, note: '' }],
    ['changed', 'new', undefined, running, { change: 'changed', paused: false, note: '' }],
    ['paused', 'now', 'moving', running, { change: 'paused', paused: true, note: 'definition: moving' }],
    ['paused for another reason', 'now', 'moved', byDefinition, { change: 'changed', paused: true, note: 'definition: moved' }],
    ['left paused', 'now', 'moving', byDefinition, { change: 'unchanged', paused: true, note: 'definition: moving' }],
    ['resumed', 'now', undefined, byDefinition, { change: 'resumed', paused: false, note: '' }],
    ["left as an operator's pause", 'now', undefined, byOperator, { change: 'unchanged', paused: true, note: 'operator: disk is full' }],
    ["changed under an operator's pause", 'new', undefined, byOperator, { change: 'changed', paused: true, note: 'operator: disk is full' }],
    ["left as an operator's pause also when the definition pauses", 'now', 'moving', byOperator, { change: 'unchanged', paused: true, note: 'operator: disk is full' }],
    ['left as a pause from the Temporal UI, which says nothing', 'now', undefined, { ...running, paused: true }, { change: 'unchanged', paused: true, note: '' }],
    ['removed', undefined, undefined, byOperator, { change: 'removed', paused: false, note: '' }],
  ] as const)('%s', (_what, wanted, because, present, expected) => {
    expect(reconciliation(wanted, because, present)).toEqual(expected);
  });
});
