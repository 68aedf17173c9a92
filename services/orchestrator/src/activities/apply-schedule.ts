import { Context } from '@temporalio/activity';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, type ScheduleDescription, type ScheduleHandle, type ScheduleUpdateOptions } from '@temporalio/client';
import { WeirError, isWeirError } from '@weir/core';
import { fingerprint, reconciliation, type DesiredSchedule, type PresentSchedule, type Reconciliation } from '../schedules';

/** Where the fingerprint is kept: Temporal stores it with the action, and so also with every workflow that the schedule starts. */
const MEMO = 'weirSchedule';

/** How many of the next times are told. */
const NEXT = 5;

/** What was done, and how the schedule stands now; `present` is absent when it was removed. */
export interface AppliedSchedule extends Reconciliation {
  readonly present?: ScheduleDescription | undefined;
  readonly next: readonly string[];
}

/**
 * Brings one Temporal Schedule to what is desired, or removes it; undefined when there is nothing to do and nothing to tell.
 * Throws INVALID_VALUE when Temporal refuses the cron or the time zone, UNAVAILABLE when it does not answer. Repeating it changes nothing.
 */
export async function applySchedule(scheduleId: string, desired: DesiredSchedule | undefined, pausedBecause: string | undefined): Promise<AppliedSchedule | undefined> {
  const { client, info } = Context.current();
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const before = await describe(handle);
    const wanted = desired && fingerprint(desired, info.taskQueue);
    const todo = reconciliation(wanted, pausedBecause, before && presentOf(before));
    if (!todo) return undefined;
    if (!desired || wanted === undefined) {
      await handle.delete();
      return { ...todo, next: [] };
    }
    const options = optionsOf(desired, wanted, info.taskQueue, todo);
    if (todo.change === 'created') await client.schedule.create({ scheduleId, ...options });
    else if (todo.change !== 'unchanged') await handle.update(() => options);
    const present = await handle.describe();
    const next = todo.paused ? [] : present.info.nextActionTimes.slice(0, NEXT).map((time) => time.toISOString());
    return { ...todo, present, next };
  } catch (error) {
    throw refused(error, scheduleId, desired);
  }
}

async function describe(handle: ScheduleHandle): Promise<ScheduleDescription | undefined> {
  try {
    return await handle.describe();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

function presentOf({ action, state }: ScheduleDescription): PresentSchedule {
  const known = action.memo?.[MEMO];
  return { fingerprint: typeof known === 'string' ? known : undefined, paused: state.paused, note: state.note ?? '' };
}

function optionsOf(desired: DesiredSchedule, wanted: string, taskQueue: string, { paused, note }: Reconciliation): ScheduleUpdateOptions {
  const { cron, timezone, startAt, overlap, catchupWindowMs, workflowType, workflowId, input, priority } = desired;
  // Not in the SDK's type, though it sends it.
  const action = { type: 'startWorkflow' as const, workflowType, workflowId, taskQueue, args: [input], memo: { [MEMO]: wanted }, priority };
  return {
    spec: { cronExpressions: [cron], timezone, startAt: startAt === undefined ? undefined : new Date(startAt) },
    action,
    policies: { overlap, catchupWindow: catchupWindowMs },
    state: { paused, note },
  };
}

/** grpc's INVALID_ARGUMENT. */
const INVALID_ARGUMENT = 3;

function refused(error: unknown, scheduleId: string, desired: DesiredSchedule | undefined): WeirError {
  if (isWeirError(error)) return error;
  const cause = error instanceof Error && error.cause ? (error.cause as { code?: number; details?: string }) : undefined;
  if (desired && cause?.code === INVALID_ARGUMENT) {
    const message = `Temporal does not take the schedule \`${desired.cron}\` in ${desired.timezone}: ${cause.details ?? ''}`;
    return new WeirError({ code: 'INVALID_VALUE', place: scheduleId, message, fix: 'Correct `schedule` in pipeline.yaml.' }, { cause: error });
  }
  const message = error instanceof ScheduleAlreadyRunning ? 'Somebody else made it at the same time.' : (error as Error).message;
  return new WeirError({ code: 'UNAVAILABLE', message: `The schedule ${scheduleId} could not be reconciled: ${message}` }, { cause: error });
}
