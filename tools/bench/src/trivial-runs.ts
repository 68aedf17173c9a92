import type { Client, WorkflowHandle } from '@temporalio/client';
import { formatInterval, type Interval } from '@weir/core';
import { hoursOf, TRIVIAL } from './trivial-pipeline';

export const TASK_QUEUE = 'weir';
/** Before the runs of backfills, as `weir run` and schedules start them. */
export const LIVE = { priorityKey: 2, fairnessKey: TRIVIAL };

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** What a run's history says of its time, milliseconds. */
export interface RunTimes {
  readonly total: number;
  /** End of the first stage, which leases the interval; since 1970. */
  readonly begunAt: number;
  /** From the end of each stage to the start of the next one. */
  readonly gaps: readonly number[];
}

/** Runs one hour from start to end. */
export async function runHour(client: Client, hour: number): Promise<RunTimes> {
  const interval = hoursOf(hour, 1);
  const handle = await client.workflow.start('pipelineRun', { taskQueue: TASK_QUEUE, workflowId: `run/${TRIVIAL}/${idOf(interval)}`, args: [{ pipeline: TRIVIAL, interval }], priority: LIVE });
  await handle.result();
  const { events } = await handle.fetchHistory();
  return timesOf(events ?? []);
}

/** Runs hours one after the other. */
export async function runHours(client: Client, from: number, count: number): Promise<RunTimes[]> {
  const times: RunTimes[] = [];
  for (let hour = from; hour < from + count; hour += 1) times.push(await runHour(client, hour));
  return times;
}

/** Starts a backfill of hours. */
export async function startBackfill(client: Client, name: string, from: number, count: number, parallelism: number): Promise<WorkflowHandle> {
  const args = [{ pipeline: TRIVIAL, interval: hoursOf(from, count), parallelism }];
  return client.workflow.start('pipelineBackfill', { taskQueue: TASK_QUEUE, workflowId: `backfill/${TRIVIAL}/${name}`, args });
}

/** Stages that run side by side have no gap between them: only the first start after an end counts. */
export function timesOf(events: readonly HistoryEvent[]): RunTimes {
  const [first] = events;
  const last = events.at(-1);
  const gaps: number[] = [];
  let begun: number | undefined;
  let ended: number | undefined;
  for (const event of events) {
    if (event.activityTaskStartedEventAttributes && ended !== undefined) {
      gaps.push(timeOf(event) - ended);
      ended = undefined;
    }
    if (!event.activityTaskCompletedEventAttributes) continue;
    ended = timeOf(event);
    begun ??= ended;
  }
  if (!first || !last || begun === undefined) throw new Error('The history has no stage that ended.');
  return { total: timeOf(last) - timeOf(first), begunAt: begun, gaps };
}

function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + Number(eventTime?.nanos ?? 0) / 1e6;
}

function idOf(interval: Interval): string {
  return formatInterval(interval).replace('/', '_');
}
