import { timesOf } from './trivial-runs';

type Events = Parameters<typeof timesOf>[0];

/** Events of a history at milliseconds of one second. */
function history(...events: readonly (readonly [at: number, what: 'begins' | 'scheduled' | 'started' | 'completed' | 'ends'])[]): Events {
  const fields = { begins: 'workflowExecutionStarted', scheduled: 'activityTaskScheduled', started: 'activityTaskStarted', completed: 'activityTaskCompleted', ends: 'workflowExecutionCompleted' };
  return events.map(([at, what]) => ({ eventTime: { seconds: 1_700_000_000, nanos: at * 1e6 }, [`${fields[what]}EventAttributes`]: {} })) as unknown as Events;
}

test('a history gives the time of the run, when its first stage ended, and the time between stages', () => {
  const events = history([5, 'begins'], [10, 'scheduled'], [12, 'started'], [40, 'completed'], [50, 'scheduled'], [61, 'started'], [100, 'completed'], [108, 'started'], [150, 'completed'], [155, 'ends']);
  expect(timesOf(events)).toEqual({ total: 150, begunAt: 1_700_000_000_040, gaps: [21, 8] });
});

test('stages side by side have one gap before them and none between them', () => {
  const events = history([0, 'begins'], [1, 'started'], [10, 'completed'], [15, 'started'], [16, 'started'], [30, 'completed'], [40, 'completed'], [60, 'started'], [70, 'completed'], [80, 'ends']);
  expect(timesOf(events).gaps).toEqual([5, 20]);
});

test('a run that ended before any stage did has no times', () => {
  expect(() => timesOf(history([0, 'begins'], [1, 'started'], [80, 'ends']))).toThrow('no stage that ended');
});
