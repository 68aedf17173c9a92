const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something takes, in the two largest units that say something: `8 s`, `12 min`, `3 h 20 min`, `2 d 5 h`. */
export function lasting(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < MINUTE) return `${Math.round(ms / SECOND) < 60 ? Math.round(ms / SECOND) : 59} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return two(Math.floor(ms / HOUR), 'h', Math.floor((ms % HOUR) / MINUTE), 'min');
  return two(Math.floor(ms / DAY), 'd', Math.floor((ms % DAY) / HOUR), 'h');
}

function two(large: number, unit: string, small: number, part: string): string {
  return small > 0 ? `${large} ${unit} ${small} ${part}` : `${large} ${unit}`;
}

/** The time zone of the terminal. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/**
 * A time as a person in `zone` says it, with UTC behind it where that differs: `14:05`, `Tue 14:05`, `Tue 1 Dec 14:05 (13:05 UTC)`.
 * The day is left out on the day of `now`, the date within six days of it. Both are milliseconds since 1970.
 */
export function clockTime(at: number, now: number, zone: string): string {
  const local = parts(at, zone);
  const utc = parts(at, 'UTC');
  const sameDay = local.date === parts(now, zone).date;
  const near = Math.abs(at - now) < 6 * DAY;
  const day = sameDay ? '' : near ? `${local.weekday} ` : `${local.weekday} ${local.day} ${local.month} `;
  const plain = local.date === utc.date && local.time === utc.time;
  const there = local.date === utc.date ? utc.time : `${utc.weekday} ${utc.time}`;
  return `${day}${local.time}${plain ? ' UTC' : ` (${there} UTC)`}`;
}

interface Parts {
  readonly date: string;
  readonly weekday: string;
  readonly day: string;
  readonly month: string;
  readonly time: string;
}

function parts(at: number, zone: string): Parts {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const found = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const { weekday = '', day = '', month = '', year = '', hour = '', minute = '' } = found;
  return { date: `${year} ${month} ${day}`, weekday, day, month, time: `${hour}:${minute}` };
}

/** `in 12 min`, `8 s ago`. */
export function fromNow(at: number, now: number): string {
  return at >= now ? `in ${lasting(at - now)}` : `${lasting(now - at)} ago`;
}
