import { formatInterval } from '@weir/core';
import type { BackfillProgress } from '@weir/orchestrator';
import { BackfillStatus, type Backfill } from '@weir/rpc';
import { colour, count } from '../output';
import { lasting } from '../time-words';
import { instant, intervalCount } from './plan-lines';

/** What `weir backfills` prints about one backfill: from its own answer while it is open, from metadata's record once it has ended. */

const BAR = 32;
/** Open intervals and failures that are named. */
const NAMED = 8;

/** Intervals: selected, and what became of them. */
export type Tally = Pick<BackfillProgress, 'selected' | 'succeeded' | 'failed' | 'cancelled' | 'skipped'>;

/** A failed interval as it is listed. */
export interface Failure {
  readonly start: string;
  readonly runId: string;
  readonly code: string;
}

/** Intervals that are behind the backfill. */
export function settled({ succeeded, failed, cancelled, skipped }: Tally): number {
  return succeeded + failed + cancelled + skipped;
}

/** A bar of `width` cells: what is done, what failed, and what is left or was cancelled. */
export function bar(tally: Tally, width = BAR): string {
  const whole = Math.max(1, tally.selected);
  const cells = (intervals: number) => Math.round((intervals / whole) * width);
  const all = Math.min(width, tally.selected === 0 ? width : cells(settled(tally) - tally.cancelled));
  // A single failure among thousands still shows.
  const bad = Math.min(all, tally.failed > 0 ? Math.max(1, cells(tally.failed)) : 0);
  return `${colour.good('━'.repeat(all - bad))}${colour.bad('━'.repeat(bad))}${colour.faint('─'.repeat(width - all))}`;
}

/** `120 of 305 done, 3 failed, 2 skipped`. */
export function tallyWords(tally: Tally): string {
  const { selected, succeeded, failed, cancelled, skipped } = tally;
  const parts = [`${count(succeeded)} of ${intervalCount(selected)} done`];
  if (failed > 0) parts.push(colour.bad(`${count(failed)} failed`));
  if (cancelled > 0) parts.push(`${count(cancelled)} cancelled`);
  if (skipped > 0) parts.push(`${count(skipped)} skipped`);
  return parts.join(', ');
}

/** Everything about an open backfill. `now` is milliseconds since 1970. */
export function progressLines(workflowId: string, progress: BackfillProgress, now: number): string[] {
  const { pipeline, interval, only, order, parallelism, ratePerMinute, open } = progress;
  const how = [`--only ${only}`, `${order} first`, `${parallelism} at a time`, ratePerMinute === undefined ? '' : `at most ${rate(ratePerMinute)}`].filter(Boolean).join(', ');
  const lines = [`${colour.strong(pipeline)} ${formatInterval(interval)}  ${stateWord(progress)}  ${colour.faint(how)}`, colour.faint(workflowId), '', `  ${bar(progress)}  ${tallyWords(progress)}`, `  ${paceWords(progress, now)}`];
  if (progress.hand && progress.state !== 'running') lines.push(`  ${handWords(progress.hand, now)}`);
  if (open.length > 0) lines.push(`  open    ${open.slice(0, NAMED).map(({ start, stage }) => `${instant(start)}${stage ? colour.faint(` ${stage}`) : ''}`).join(', ')}${open.length > NAMED ? ` and ${open.length - NAMED} more` : ''}`);
  return [...lines, ...failureLines(progress.failures, progress.failed)];
}

/** `running` in the colour of its meaning. */
export function stateWord({ state, failed }: Pick<BackfillProgress, 'state' | 'failed'>): string {
  if (state === 'done') return failed > 0 ? colour.bad('done') : colour.good('done');
  return state === 'running' || state === 'planning' || state === 'refreshing' ? colour.name(state) : colour.doubt(state);
}

/** `8 open, 175 queued, 14.2 a minute, about 13 min left, started 8 min ago`. */
export function paceWords({ open, queued, ratePerMinuteNow, remainingMs, startedAt }: Pick<BackfillProgress, 'open' | 'queued' | 'ratePerMinuteNow' | 'remainingMs' | 'startedAt'>, now: number): string {
  const parts = [`${count(open.length)} open`, `${count(queued)} queued`];
  if (ratePerMinuteNow > 0) parts.push(rate(ratePerMinuteNow));
  if (remainingMs !== undefined && queued + open.length > 0) parts.push(`about ${lasting(remainingMs)} left`);
  if (startedAt) parts.push(`started ${lasting(now - Date.parse(startedAt))} ago`);
  return parts.join(', ');
}

function rate(perMinute: number): string {
  return `${perMinute >= 100 ? Math.round(perMinute) : Number(perMinute.toFixed(1))} a minute`;
}

/** `paused 12 min ago by ada: the source is being repaired`. */
export function handWords({ since, reason, by }: { since: string; reason: string; by: string }, now: number, done = 'paused'): string {
  return `${done} ${since ? `${lasting(now - Date.parse(since))} ago` : 'now'}${by ? ` by ${by}` : ''}${reason ? `: ${reason}` : ''}`;
}

/** The newest failures and how to look at one. */
export function failureLines(failures: readonly Failure[], failed: number): string[] {
  const shown = failures.slice(0, NAMED);
  const lines = shown.map(({ start, runId, code }) => `  ${colour.bad('failed')}  ${instant(start)}  ${colour.bad(code)}  ${colour.faint(`weir runs show ${runId}`)}`);
  return failed > shown.length && shown.length > 0 ? [...lines, `          and ${count(failed - shown.length)} more`] : lines;
}

/** `running`, `done`, `cancelled`, … of a record. */
export function recordState({ status }: Backfill): string {
  return status.replace('BACKFILL_STATUS_', '').toLowerCase();
}

/** The same in the colour of its meaning: done is bad where intervals failed. */
export function paintedRecordState(backfill: Backfill): string {
  const word = recordState(backfill);
  if (backfill.status === BackfillStatus.DONE) return backfill.failed > 0 ? colour.bad(word) : colour.good(word);
  if (backfill.status === BackfillStatus.RUNNING) return colour.name(word);
  return backfill.status === BackfillStatus.PAUSED ? colour.doubt(word) : colour.bad(word);
}

/** The words of a record for `only` and `order`. */
export function selectionWords({ only, order, parallelism }: Pick<Backfill, 'only' | 'order' | 'parallelism'>): string {
  return `--only ${only.replace('BACKFILL_ONLY_', '').toLowerCase()}, ${order.replace('BACKFILL_ORDER_', '').toLowerCase()} first, ${parallelism} at a time`;
}

/** Everything about a backfill that has ended, or that does not answer. */
export function recordLines(backfill: Backfill, failures: readonly Failure[], now: number): string[] {
  const { workflowId, pipeline, interval, startedAt, endedAt, reason, failed } = backfill;
  const took = lasting((endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt));
  const lines = [`${colour.strong(pipeline)} ${formatInterval(interval)}  ${paintedRecordState(backfill)}  ${colour.faint(selectionWords(backfill))}`, colour.faint(workflowId), '', `  ${bar(backfill)}  ${tallyWords(backfill)}`, `  ${endedAt ? `took ${took}` : `started ${took} ago`}${reason ? `: ${reason}` : ''}`];
  return [...lines, ...failureLines(failures, failed)];
}
