import { colour, count, table } from '../output';
import { clockTime, fromNow } from '../time-words';
import type { ScheduleView, ScheduledRun } from './schedule';

/** Where and when people read. */
export interface Reader {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** IANA name. */
  readonly zone: string;
}

/** `Tue 14:05 (13:05 UTC), in 12 min`. */
export function when(time: string, { now, zone }: Reader): string {
  const at = Date.parse(time);
  return `${clockTime(at, now, zone)}, ${fromNow(at, now)}`;
}

/** `paused by an operator: the source is being repaired`. */
export function pausedWords({ by, reason }: NonNullable<ScheduleView['paused']>): string {
  const whose = { operator: ' by an operator', definition: ' by its definition', unknown: '' }[by];
  return colour.doubt(`paused${whose}${reason ? `: ${reason}` : ''}`);
}

/** `5 * * * * Europe/London`; UTC is not said. */
export function cronWords({ cron, timezone }: Pick<ScheduleView, 'cron' | 'timezone'>): string {
  return timezone === 'UTC' ? cron : `${cron} ${timezone}`;
}

/** All schedules, soonest first and paused ones last, as a table. */
export function scheduleTable(schedules: readonly ScheduleView[], reader: Reader): string {
  const columns = [{ title: 'pipeline' }, { title: 'cron' }, { title: 'next run' }, { title: 'last run' }, { title: 'open', align: 'right' as const }, { title: 'missed', align: 'right' as const }];
  const rows = bySoonest(schedules).map((schedule) => {
    const { pipeline, paused, next, recent, running, missed } = schedule;
    const last = recent[0]?.startedAt;
    return [pipeline, cronWords(schedule), paused ? pausedWords(paused) : next[0] ? when(next[0], reader) : 'none', last ? when(last, reader) : '', count(running.length), count(missed.late + missed.overlap)];
  });
  return table(columns, rows);
}

/** One line a schedule, soonest first, for `weir status`. */
export function nextRunLines(schedules: readonly ScheduleView[], reader: Reader): string[] {
  const width = Math.max(0, ...schedules.map(({ pipeline }) => pipeline.length));
  return bySoonest(schedules).map(({ pipeline, paused, next }) => `  ${pipeline.padEnd(width)}  ${paused ? pausedWords(paused) : next[0] ? when(next[0], reader) : 'no more runs'}`);
}

/** One schedule with its next and last runs; `words` gives how a run stands, such as `succeeded`. */
export function scheduleLines(schedule: ScheduleView, reader: Reader, words: (run: ScheduledRun) => string): string[] {
  const { pipeline, scheduleId, paused, next, startDate, running, recent, waiting, missed } = schedule;
  const state = paused ? pausedWords(paused) : colour.good('active');
  const lines = [`${colour.strong(pipeline)}  ${cronWords(schedule)}  ${state}`, colour.faint(scheduleId), ''];
  if (startDate && Date.parse(startDate) > reader.now) lines.push(`  nothing is due before ${when(startDate, reader)}`);
  lines.push(...next.slice(0, 5).map((time, index) => `  ${index === 0 ? 'next' : '    '}     ${when(time, reader)}`));
  if (waiting > 0) lines.push(`  waiting  ${count(waiting)}: until the run before has ended`);
  if (missed.late > 0) lines.push(`  ${colour.doubt(`missed   ${count(missed.late)}`)}: the platform was not there in time; \`weir backfills plan\` shows the gaps`);
  if (missed.overlap > 0) lines.push(`  ${colour.doubt(`skipped  ${count(missed.overlap)}`)}: earlier runs were still open`);
  const known = new Set(recent.map(({ runId }) => runId));
  const runs = [...running.filter(({ runId }) => !known.has(runId)), ...recent];
  if (runs.length > 0) lines.push('', table(['scheduled for', 'started', 'run', ''].map((title) => ({ title })), runs.map((run) => runRow(run, reader, words))));
  return lines;
}

function runRow(run: ScheduledRun, { now, zone }: Reader, words: (run: ScheduledRun) => string): string[] {
  const at = (time: string | undefined) => (time ? clockTime(Date.parse(time), now, zone) : '');
  return [at(run.scheduledFor), at(run.startedAt), run.runId, words(run)];
}

function bySoonest(schedules: readonly ScheduleView[]): ScheduleView[] {
  const soonest = ({ paused, next }: ScheduleView) => (paused || !next[0] ? Infinity : Date.parse(next[0]));
  // Two that are never due compare as NaN, which must not stand for an order.
  return schedules.toSorted((a, b) => (soonest(a) === soonest(b) ? a.pipeline.localeCompare(b.pipeline) : soonest(a) - soonest(b)));
}
