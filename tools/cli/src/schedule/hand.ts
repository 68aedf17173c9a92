import { WeirError } from '@weir/core';
import type { Temporal } from '../temporal';
import { fromTemporal } from '../temporal-failure';
import { readSchedule } from './read-schedules';
import { operatorNote, scheduleIdOf, type ScheduleView } from './schedule';

/** Pauses a schedule in an operator's name; a pause of an operator gets the new reason. Throws NOT_POSSIBLE without a schedule, and where the definition pauses it already. */
export async function pauseSchedule(temporal: Temporal, pipeline: string, reason: string): Promise<ScheduleView> {
  const { paused } = await readSchedule(temporal, pipeline);
  if (paused?.by === 'definition') throw new WeirError({ code: 'NOT_POSSIBLE', place: pipeline, message: `The definition of ${pipeline} pauses its schedule already: ${paused.reason}`, fix: 'Nothing; to resume it, take `schedule.paused` out of pipeline.yaml and run `weir apply`.' });
  await temporal.asking.schedule
    .getHandle(scheduleIdOf(pipeline))
    .pause(operatorNote(reason))
    .catch((error: unknown) => {
      throw fromTemporal(error, scheduleIdOf(pipeline));
    });
  return readSchedule(temporal, pipeline);
}

/** Lifts an operator's pause and clears its note. Throws NOT_POSSIBLE without a schedule, when it is not paused, and where its definition pauses it. */
export async function resumeSchedule(temporal: Temporal, pipeline: string): Promise<void> {
  const { paused } = await readSchedule(temporal, pipeline);
  if (!paused) throw new WeirError({ code: 'NOT_POSSIBLE', place: pipeline, message: `The schedule of ${pipeline} is not paused.`, fix: 'Nothing; `weir schedules show` says when it runs next.' });
  if (paused.by === 'definition') throw new WeirError({ code: 'NOT_POSSIBLE', place: pipeline, message: `The definition of ${pipeline} pauses its schedule: ${paused.reason}`, fix: 'Take `schedule.paused` out of pipeline.yaml and run `weir apply`.' });
  await unpause(temporal, scheduleIdOf(pipeline)).catch((error: unknown) => {
    throw fromTemporal(error, scheduleIdOf(pipeline));
  });
}

/** Temporal's own unpause needs a note, which would then stand beside a schedule that is not paused; so the state is written, and all else as it is. */
async function unpause({ asking, namespace }: Temporal, scheduleId: string): Promise<void> {
  const { workflowService } = asking.connection;
  const { schedule, conflictToken } = await workflowService.describeSchedule({ namespace, scheduleId });
  await workflowService.updateSchedule({ namespace, scheduleId, conflictToken, schedule: { ...schedule, state: { ...schedule?.state, paused: false, notes: '' } } });
}
