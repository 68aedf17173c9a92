import type { ScheduleDescription, ScheduleExecutionResult } from '@temporalio/client';
import { WeirError } from '@weir/core';
import { sideBySide } from '../side-by-side';
import type { Temporal } from '../temporal';
import { fromTemporal } from '../temporal-failure';
import { pipelineOf, readNote, scheduleIdOf, type ScheduleView, type ScheduledRun } from './schedule';

/** The schedules of all pipelines, by name. Temporal may need a second to list one that was just made. Throws UNAVAILABLE. */
export async function listSchedules(temporal: Temporal): Promise<ScheduleView[]> {
  const pipelines: string[] = [];
  try {
    for await (const { scheduleId } of temporal.asking.schedule.list()) {
      const pipeline = pipelineOf(scheduleId);
      if (pipeline !== undefined) pipelines.push(pipeline);
    }
  } catch (error) {
    throw fromTemporal(error, 'schedules');
  }
  return (await sideBySide(pipelines.toSorted(), (pipeline) => findSchedule(temporal, pipeline))).filter((view) => view !== undefined);
}

/** A pipeline's schedule. Throws NOT_POSSIBLE when it has none. */
export async function readSchedule(temporal: Temporal, pipeline: string): Promise<ScheduleView> {
  const view = await findSchedule(temporal, pipeline);
  if (!view) throw noSchedule(pipeline);
  return view;
}

async function findSchedule({ asking }: Temporal, pipeline: string): Promise<ScheduleView | undefined> {
  try {
    return viewOf(pipeline, await asking.schedule.getHandle(scheduleIdOf(pipeline)).describe());
  } catch (error) {
    if (error instanceof Error && error.name === 'ScheduleNotFoundError') return undefined;
    throw fromTemporal(error, scheduleIdOf(pipeline));
  }
}

function noSchedule(pipeline: string): WeirError {
  return new WeirError({ code: 'NOT_POSSIBLE', place: pipeline, message: `${pipeline} has no schedule.`, fix: 'Write `schedule:` into its pipeline.yaml and run `weir apply`; `weir schedules list` shows those that are there.' });
}

/** Temporal's description, in the words of the command line. */
function viewOf(pipeline: string, { scheduleId, spec, action, state, info, raw }: ScheduleDescription): ScheduleView {
  return {
    pipeline,
    scheduleId,
    cron: cronOf(action.memo),
    timezone: spec.timezone || 'UTC',
    startDate: spec.startAt?.toISOString(),
    next: state.paused ? [] : info.nextActionTimes.map((time) => time.toISOString()),
    recent: info.recentActions.map(runOf).toReversed(),
    running: info.runningActions.map(({ workflow }) => ({ workflowId: workflow.workflowId, runId: workflow.firstExecutionRunId })),
    paused: state.paused ? readNote(state.note ?? '') : undefined,
    waiting: Number(raw.info?.bufferSize ?? 0),
    missed: { late: info.numActionsMissedCatchupWindow, overlap: info.numActionsSkippedOverlap },
  };
}

/** Temporal gives a cron back as calendars; the orchestrator keeps its text with the action. */
const MEMO = 'weirSchedule';

function cronOf(memo: Record<string, unknown> | undefined): string {
  const kept = memo?.[MEMO];
  const [desired] = (typeof kept === 'string' ? JSON.parse(kept) : []) as [{ cron?: string }?];
  return desired?.cron ?? 'made by hand';
}

function runOf({ scheduledAt, takenAt, action }: ScheduleExecutionResult): ScheduledRun {
  return { workflowId: action.workflow.workflowId, runId: action.workflow.firstExecutionRunId, scheduledFor: scheduledAt.toISOString(), startedAt: takenAt.toISOString() };
}
