import { type Interval, canonicalInstant, grainMs, parseInstant } from './interval';

/**
 * What a run takes that was scheduled for `at` (RFC 3339, fractions of a second allowed): the last whole grain before it, and `lookbackGrains` more before that one.
 * Grains count in UTC whatever the schedule's time zone, so clock changes neither skip nor double one. The lookback stops at `startDate`, before which nothing is due.
 * Throws INVALID_INTERVAL when `at` is no instant, INVALID_VALUE when `grain` is none.
 */
export function scheduledInterval(at: string, grain: string, lookbackGrains: number, startDate?: string): Interval {
  const length = grainMs(grain);
  const tick = Date.parse(parseInstant(at.replace(/\.\d+/, '')));
  const end = Math.floor(tick / length) * length;
  const first = startDate === undefined ? -Infinity : Math.ceil(Date.parse(startDate) / length) * length;
  const start = Math.min(end - length, Math.max(end - length * (1 + lookbackGrains), first));
  return { start: canonicalInstant(start), end: canonicalInstant(end) };
}
