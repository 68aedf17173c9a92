/** Whose pause a schedule is under: `operator`, who lifts it with `weir schedules resume`, or `definition`, where pipeline.yaml says so. */
export type PausedBy = 'operator' | 'definition' | 'unknown';

/** A run that a schedule started. */
export interface ScheduledRun {
  readonly workflowId: string;
  readonly runId: string;
  /** RFC 3339; absent for what is only known to be open. */
  readonly scheduledFor?: string | undefined;
  readonly startedAt?: string | undefined;
}

/** A pipeline's schedule as Temporal has it. Times are RFC 3339. */
export interface ScheduleView {
  readonly pipeline: string;
  readonly scheduleId: string;
  readonly cron: string;
  readonly timezone: string;
  /** Before this nothing is due. */
  readonly startDate?: string | undefined;
  /** Soonest first; none while it is paused. */
  readonly next: readonly string[];
  /** Newest first. */
  readonly recent: readonly ScheduledRun[];
  readonly running: readonly ScheduledRun[];
  readonly paused?: { readonly by: PausedBy; readonly reason: string } | undefined;
  /** Ticks whose run waits until the one before has ended. */
  readonly waiting: number;
  /** Ticks that passed without a run: nobody was there in time, or the run before was still open. */
  readonly missed: { readonly late: number; readonly overlap: number };
}

const PREFIX = 'schedule/';

/** The id of a pipeline's schedule. */
export function scheduleIdOf(pipeline: string): string {
  return `${PREFIX}${pipeline}`;
}

/** The pipeline of a schedule id; undefined for schedules that are no pipeline's. */
export function pipelineOf(scheduleId: string): string | undefined {
  return scheduleId.startsWith(PREFIX) ? scheduleId.slice(PREFIX.length) : undefined;
}

/** What a pause's note says: `operator: the source is being repaired`. */
export function readNote(note: string): { by: PausedBy; reason: string } {
  const [, by, reason] = /^(operator|definition): ?([\s\S]*)$/.exec(note) ?? [];
  return by === undefined ? { by: 'unknown', reason: note } : { by: by as PausedBy, reason: reason ?? '' };
}

/** The note of an operator's pause. */
export function operatorNote(reason: string): string {
  return `operator: ${reason}`;
}
