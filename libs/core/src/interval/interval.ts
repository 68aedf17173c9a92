import { WeirError } from '../errors';

/** A half-open range [start, end) of whole grains; canonical RFC 3339 instants in UTC with seconds, such as 2010-12-01T00:00:00Z. */
export interface Interval {
  readonly start: string;
  readonly end: string;
}

/** Partition key of datasets without a grain, and of history models. */
export const WHOLE = 'all';

/** Longest interval a run may take, in grains: bounds leases, manifests and messages. */
export const MAX_GRAINS = 10_000;

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Length of a grain such as `1d`, `1h` or `15m` in milliseconds; grains divide a day or are whole days. */
export function grainMs(grain: string): number {
  const match = /^([1-9]\d{0,3})([mhd])$/.exec(grain);
  const length = match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : 0;
  if (!match || (length < UNIT_MS.d ? UNIT_MS.d % length !== 0 : length % UNIT_MS.d !== 0)) {
    throw new WeirError({ code: 'INVALID_VALUE', message: `\`${grain}\` is not a grain.`, fix: 'Use minutes, hours or days that divide a day or are whole days, such as 15m, 1h or 1d.' });
  }
  return length;
}

const INSTANT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2})(?::(\d{2})(?::(\d{2})(?:\.0+)?)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** The canonical form of an instant. Accepts 2010-12-01, 2010-12-01T10, 2010-12-01T10:00 and full RFC 3339; without an offset it is UTC. Throws INVALID_INTERVAL. */
export function parseInstant(text: string): string {
  const instant = instantOf(text);
  if (instant !== undefined) return instant;
  throw new WeirError({ code: 'INVALID_INTERVAL', message: `\`${text}\` is not a date or time.`, fix: 'Write 2010-12-01 or 2010-12-01T10:00:00Z.' });
}

/** The same of what may be no instant; undefined then. */
export function instantOf(text: string): string | undefined {
  const [, date, hour = '00', minute = '00', second = '00', offset = 'Z'] = INSTANT.exec(text.trim()) ?? [];
  const ms = Date.parse(`${date}T${hour}:${minute}:${second}${offset}`);
  return date === undefined || Number.isNaN(ms) || hour === '24' || !isCalendarDay(date) ? undefined : canonicalInstant(ms);
}

/** Date.parse rolls 2024-02-30 over to March; a day that does not come back as it was written is not a day. */
function isCalendarDay(date: string): boolean {
  return canonicalInstant(Date.parse(`${date}T00:00:00Z`)).startsWith(date);
}

/** Checks and canonicalises an interval against a grain; throws INVALID_INTERVAL. */
export function parseInterval(start: string, end: string, grain: string): Interval {
  const interval = { start: parseInstant(start), end: parseInstant(end) };
  const length = grainMs(grain);
  const from = Date.parse(interval.start);
  const to = Date.parse(interval.end);
  const shown = `${start}/${end}`;
  if (to <= from) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The interval ${shown} is empty: its end is not after its start.` });
  for (const [text, at] of [[start, from], [end, to]] as const) {
    if (at % length !== 0) {
      const floor = canonicalInstant(at - (at % length));
      throw new WeirError({
        code: 'INVALID_INTERVAL',
        message: `${text} is not on a boundary of the grain ${grain}.`,
        fix: `The boundaries around it are ${floor} and ${canonicalInstant(Date.parse(floor) + length)}.`,
      });
    }
  }
  if ((to - from) / length > MAX_GRAINS) {
    throw new WeirError({ code: 'INVALID_INTERVAL', message: `The interval ${shown} has more than ${MAX_GRAINS} grains of ${grain}.`, fix: 'Split it.' });
  }
  return interval;
}

/** `A/B` as the command line takes it. */
export function parseIntervalText(text: string, grain: string): Interval {
  const [start, end, rest] = text.split('/');
  if (!start || !end || rest !== undefined) {
    throw new WeirError({ code: 'INVALID_INTERVAL', message: `\`${text}\` is not an interval.`, fix: 'Write start/end, such as 2010-12-01/2010-12-02.' });
  }
  return parseInterval(start, end, grain);
}

/** The partitions of an interval: the starts of its grains, ascending; [WHOLE] without an interval. */
export function partitionsOf(interval: Interval | undefined, grain: string | undefined): string[] {
  if (!interval || !grain) return [WHOLE];
  const length = grainMs(grain);
  const partitions: string[] = [];
  for (let at = Date.parse(interval.start); at < Date.parse(interval.end); at += length) partitions.push(canonicalInstant(at));
  return partitions;
}

/** The grain that begins at a canonical instant on its boundary. */
export function grainFrom(start: string, grain: string): Interval {
  return { start, end: canonicalInstant(Date.parse(start) + grainMs(grain)) };
}

/** Short form for people: whole days as dates, everything else to the second. */
export function formatInterval(interval: Interval | undefined): string {
  if (!interval) return 'all';
  const short = (text: string) => text.replace('T00:00:00Z', '');
  return `${short(interval.start)}/${short(interval.end)}`;
}

/** The canonical form of milliseconds since 1970, whole seconds. */
export function canonicalInstant(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
