import { reconciledLines } from './reconcile';
import type { ScheduleView } from './schedule';
import { nextRunLines, scheduleLines, scheduleTable } from './schedule-lines';

const reader = { now: Date.parse('2026-03-24T10:00:00Z'), zone: 'Europe/Vienna' };

function schedule(pipeline: string, more: Partial<ScheduleView> = {}): ScheduleView {
  return { pipeline, scheduleId: `schedule/${pipeline}`, cron: '5 * * * *', timezone: 'UTC', next: ['2026-03-24T10:05:00.000Z', '2026-03-24T11:05:00.000Z'], recent: [], running: [], waiting: 0, missed: { late: 0, overlap: 0 }, ...more };
}

const run = { workflowId: 'run/a', runId: '01a2', scheduledFor: '2026-03-24T09:05:00.000Z', startedAt: '2026-03-24T09:05:00.120Z' };
const schedules = [
  schedule('never', { next: [] }),
  schedule('held', { next: [], paused: { by: 'operator', reason: 'the source is being migrated' } }),
  schedule('nightly', { cron: '5 2 * * *', timezone: 'Europe/London', next: ['2026-03-25T02:05:00.000Z'] }),
  schedule('hourly', { recent: [run], running: [run], missed: { late: 2, overlap: 1 } }),
];

const lines = (text: string) => text.split('\n').map((line) => line.trimEnd());

describe('schedules', () => {
  test('are listed soonest first, those that wait for a person last', () => {
    expect(lines(scheduleTable(schedules, reader))).toEqual([
      '  pipeline  cron                     next run                                             last run                       open  missed',
      '  hourly    5 * * * *                11:05 (10:05 UTC), in 5 min                          10:05 (09:05 UTC), 54 min ago     1       3',
      '  nightly   5 2 * * * Europe/London  Wed 03:05 (02:05 UTC), in 16 h 5 min                                                   0       0',
      '  held      5 * * * *                paused by an operator: the source is being migrated                                    0       0',
      '  never     5 * * * *                none                                                                                   0       0',
    ]);
  });

  test('are a line each in the status', () => {
    expect(nextRunLines(schedules, reader)).toEqual([
      '  hourly   11:05 (10:05 UTC), in 5 min',
      '  nightly  Wed 03:05 (02:05 UTC), in 16 h 5 min',
      '  held     paused by an operator: the source is being migrated',
      '  never    no more runs',
    ]);
  });

  test('show next and last runs, what was missed, and how the runs stand', () => {
    const [, , , hourly] = schedules;
    if (!hourly) throw new Error('no schedule');
    const open = { workflowId: 'run/b', runId: '01b3' };
    expect(lines(scheduleLines({ ...hourly, running: [open], waiting: 4 }, reader, ({ runId }) => (runId === '01a2' ? 'succeeded' : 'running')).join('\n'))).toEqual([
      'hourly  5 * * * *  active',
      'schedule/hourly',
      '',
      '  next     11:05 (10:05 UTC), in 5 min',
      '           12:05 (11:05 UTC), in 1 h 5 min',
      '  waiting  4: until the run before has ended',
      '  missed   2: the platform was not there in time; `weir backfills plan` shows the gaps',
      '  skipped  1: earlier runs were still open',
      '',
      '  scheduled for      started            run',
      '                                        01b3  running',
      '  10:05 (09:05 UTC)  10:05 (09:05 UTC)  01a2  succeeded',
    ]);
  });
});

describe('what apply did to a schedule', () => {
  const changed = { pipeline: 'hourly', change: 'changed', cron: '5 * * * *', timezone: 'UTC', paused: '', next: ['2026-03-24T10:05:00.000Z', '2026-03-24T11:05:00.000Z', '2026-03-24T12:05:00.000Z', '2026-03-24T13:05:00.000Z'] } as const;

  test('is told with the next three runs', () => {
    expect(reconciledLines([changed], reader)).toEqual(['  Schedule changed: 5 * * * *', '    next 11:05 (10:05 UTC), in 5 min', '         12:05 (11:05 UTC), in 1 h 5 min', '         13:05 (12:05 UTC), in 2 h 5 min']);
    expect(reconciledLines([], reader)).toEqual([]);
  });

  test('is told when it is paused, removed or could not be done', () => {
    expect(reconciledLines([{ ...changed, change: 'unchanged', paused: 'operator: migration', next: [] }], reader)).toEqual(['  Schedule unchanged: 5 * * * *, paused by an operator: migration']);
    expect(reconciledLines([{ ...changed, change: 'removed', next: [] }], reader)).toEqual(['  Schedule removed: hourly runs only when it is started.']);
    expect(reconciledLines([{ ...changed, change: 'failed', next: [], error: 'INVALID_VALUE: no such zone' }], reader)).toEqual(['  Warning The schedule of hourly could not be brought to its definition: INVALID_VALUE: no such zone']);
  });

  test('follows later when the orchestrator is away', () => {
    expect(reconciledLines(undefined, reader)).toEqual(['  Warning The orchestrator does not answer. The definition is stored; its schedule follows when the orchestrator is back.']);
  });
});
