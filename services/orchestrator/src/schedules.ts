import { grainMs, type Definition } from '@weir/core';
import { LIVE_PRIORITY } from './workflows/agreement';

/** A Temporal Schedule as it should be; what differs from it is brought there. Pausing is apart from it: operators pause as well. */
export interface DesiredSchedule {
  readonly scheduleId: string;
  /** Five fields. */
  readonly cron: string;
  /** In which Temporal reads the cron. */
  readonly timezone: string;
  /** No tick before it; undefined: from the time at which the schedule is made. */
  readonly startAt?: string | undefined;
  readonly overlap: 'BUFFER_ONE' | 'BUFFER_ALL' | 'ALLOW_ALL' | 'SKIP';
  /** How late a tick may still start its run after the Temporal server was away. */
  readonly catchupWindowMs: number;
  readonly workflowType: string;
  /** Temporal appends the scheduled time. */
  readonly workflowId: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Live work goes before that of backfills, and pipelines take turns. */
  readonly priority?: { readonly priorityKey: number; readonly fairnessKey: string } | undefined;
}

/** What Temporal has: `fingerprint` as we left it with the action, whoever paused it. */
export interface PresentSchedule {
  readonly fingerprint: string | undefined;
  readonly paused: boolean;
  readonly note: string;
}

export type ScheduleChange = 'created' | 'changed' | 'paused' | 'resumed' | 'removed' | 'unchanged';

/** What to do with a schedule, and how it is to be paused then; `note` says why it is. */
export interface Reconciliation {
  readonly change: ScheduleChange;
  readonly paused: boolean;
  readonly note: string;
}

/** Notes of pauses that the definition asks for begin with this; every other pause is a person's. */
const BY_DEFINITION = 'definition: ';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Where a pipeline's schedule is found. */
export function scheduleIdOf(pipeline: string): string {
  return `schedule/${pipeline}`;
}

/** The schedule that a definition asks for; undefined when it asks for none. */
export function desiredSchedule({ name, grain, schedule }: Definition): DesiredSchedule | undefined {
  if (!schedule) return undefined;
  const { cron, timezone, startDate, catchup, maxActiveRuns } = schedule;
  const oneByOne = catchup ? 'BUFFER_ALL' : 'BUFFER_ONE';
  return {
    scheduleId: scheduleIdOf(name),
    cron,
    timezone: tickingZone(cron, timezone),
    // The first run takes the grain that begins with the start date, so it is due when that grain is over.
    startAt: startDate === undefined ? undefined : new Date(Date.parse(startDate) + (grain ? grainMs(grain) : 0)).toISOString(),
    overlap: maxActiveRuns > 1 ? 'ALLOW_ALL' : oneByOne,
    catchupWindowMs: catchup ? 365 * DAY_MS : MINUTE_MS,
    workflowType: 'pipelineRun',
    workflowId: `run/${name}/scheduled`,
    input: { pipeline: name, kind: 'scheduled' },
    priority: { priorityKey: LIVE_PRIORITY, fairnessKey: name },
  };
}

/**
 * The zone in which Temporal is to read a cron. In the night in which clocks go back it runs an hour that comes twice only once, and a
 * pipeline that runs every hour would miss one: a cron without hours and days means the same in UTC, where no hour comes twice.
 */
function tickingZone(cron: string, timezone: string): string {
  const everyHour = /^\S+( \*){4}$/.test(cron.trim().replace(/\s+/g, ' '));
  return everyHour && SEASONS.every((day) => countsWholeHours(timezone, day)) ? 'UTC' : timezone;
}

const SEASONS = [new Date('2026-01-01T00:00:00Z'), new Date('2026-07-01T00:00:00Z')];

function countsWholeHours(timeZone: string, day: Date): boolean {
  const offset = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(day).find(({ type }) => type === 'timeZoneName');
  return /^GMT([+-]\d{2}:00)?$/.test(offset?.value ?? '');
}

/** The platform's own: retention and garbage, at a quiet hour. */
export const HOUSEKEEPING: DesiredSchedule = {
  scheduleId: 'weir/housekeeping',
  cron: '17 3 * * *',
  timezone: 'UTC',
  overlap: 'SKIP',
  catchupWindowMs: DAY_MS,
  workflowType: 'housekeeping',
  workflowId: 'weir/housekeeping',
  input: {},
};

/** The same for small files, before the garbage is collected that it leaves. */
export const COMPACTION: DesiredSchedule = {
  scheduleId: 'weir/compaction',
  cron: '47 1 * * *',
  timezone: 'UTC',
  overlap: 'SKIP',
  catchupWindowMs: DAY_MS,
  workflowType: 'compaction',
  workflowId: 'weir/compaction',
  input: {},
};

/** Tells two desired schedules apart; kept with the schedule, because Temporal gives a cron back as calendars. */
export function fingerprint(desired: DesiredSchedule, taskQueue: string): string {
  return JSON.stringify([desired, taskQueue]);
}

/**
 * What brings a schedule from what is present to what is desired. `pausedBecause` is the definition's reason. A pause that a
 * person made stays, with its note, whatever the definition says; undefined when there is nothing and nothing is asked for.
 */
export function reconciliation(wanted: string | undefined, pausedBecause: string | undefined, present: PresentSchedule | undefined): Reconciliation | undefined {
  const note = pausedBecause === undefined ? '' : `${BY_DEFINITION}${pausedBecause}`;
  const asked = { paused: note !== '', note };
  if (wanted === undefined) return present && { ...asked, change: 'removed' };
  if (!present) return { ...asked, change: 'created' };
  const { paused, note: was } = present;
  const pausing = paused && !was.startsWith(BY_DEFINITION) ? { paused, note: was } : asked;
  if (pausing.paused !== paused) return { ...pausing, change: pausing.paused ? 'paused' : 'resumed' };
  const same = present.fingerprint === wanted && (!paused || was === pausing.note);
  return { ...pausing, change: same ? 'unchanged' : 'changed' };
}
