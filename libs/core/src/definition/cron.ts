import { Cron } from 'croner';

interface CronField {
  readonly name: string;
  readonly names?: readonly string[];
  readonly fix: string;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly CronField[] = [
  { name: 'minute', fix: 'Use 0-59, *, lists, ranges and steps, such as 5 or */15.' },
  { name: 'hour', fix: 'Use 0-23, *, lists, ranges and steps, such as 2 or 6-18/2.' },
  { name: 'day of the month', fix: 'Use 1-31, *, lists, ranges and steps, such as 1 or 1,15.' },
  { name: 'month', names: MONTHS, fix: 'Use 1-12 or jan-dec, *, lists, ranges and steps, such as jan-jun.' },
  { name: 'day of the week', names: DAYS, fix: 'Use 0-7 or sun-sat, *, lists, ranges and steps, such as mon-fri.' },
];

/** Ticks are looked at from here: a fixed instant, because the core has no clock. */
const FIRST_TICK = '2024-03-01T00:00:00Z';

/** What is wrong with a cron of five fields, naming the field, and what to do; undefined when nothing is. Only what Temporal and cron understand alike is let through. */
export function cronFault(cron: string): { message: string; fix: string } | undefined {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return { message: `\`${cron}\` is not a cron of five fields.`, fix: 'Write minute, hour, day of the month, month and day of the week, such as "0 * * * *" for every full hour.' };
  }
  for (const [index, field] of FIELDS.entries()) {
    const text = fields[index] ?? '';
    if (!isField(text, index, field)) return { message: `The ${field.name} of the cron \`${cron}\` cannot be \`${text}\`.`, fix: field.fix };
  }
  if (fields[2] !== '*' && fields[4] !== '*') {
    return { message: `The cron \`${cron}\` names days of the month and days of the week: some take either, Temporal takes only days that are both.`, fix: 'Leave one of the two *.' };
  }
  return ticksOf(cron, 'UTC', 1).length > 0 ? undefined : { message: `The cron \`${cron}\` names a day that never comes.`, fix: 'Choose a day that its months have.' };
}

function isField(text: string, index: number, { names = [] }: CronField): boolean {
  const value = `(?:\\d{1,2}${names.map((name) => `|${name}`).join('')})`;
  const item = `(?:(?:\\*|${value}-${value})(?:/\\d{1,2})?|${value})`;
  if (!new RegExp(`^${item}(?:,${item})*$`, 'i').test(text)) return false;
  const alone = FIELDS.map((_, at) => (at === index ? text : '*')).join(' ');
  try {
    return Boolean(new Cron(alone, { mode: '5-part', paused: true }));
  } catch {
    return false;
  }
}

/**
 * The first `count` ticks of a valid cron in a time zone from 1 March 2024, in milliseconds since 1970; fewer when it has no more.
 * As Temporal does, it leaves out times that a clock change skips, which croner would move.
 */
export function ticksOf(cron: string, timezone: string, count: number): number[] {
  // An offset is several times cheaper than a zone.
  const schedule = new Cron(cron, { mode: '5-part', paused: true, ...(timezone === 'UTC' ? { utcOffset: 0 } : { timezone }) });
  const ticks: number[] = [];
  for (let next = schedule.nextRun(FIRST_TICK); next && ticks.length < count; next = schedule.nextRun(next)) {
    if (schedule.match(next)) ticks.push(next.getTime());
  }
  return ticks;
}
