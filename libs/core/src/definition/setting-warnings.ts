import { grainMs, canonicalInstant } from '../interval/interval';
import { ticksOf } from './cron';
import type { Definition, Schedule } from './definition';
import { formatDuration } from './duration';
import { ZONES } from './names';
import { isReadInSequence } from './source';

/** Ticks that are looked at: more than a year of daily ones, so that both changes of the clocks are among them. */
const TICKS = 400;

/** Settings that are allowed but leave intervals missing, take them several times, or let rows go that models read; sentences for people. */
export function settingWarnings(definition: Definition): string[] {
  const { schedule, grain, source } = definition;
  if (schedule === undefined || grain === undefined) return retentionWarnings(definition);
  return [...(isReadInSequence(source) ? sequenceWarnings(schedule, grain) : scheduleWarnings(schedule, grain, definition.lookbackGrains)), ...retentionWarnings(definition)];
}

/** Intervals that no tick takes are missed by nobody: what is new is in the next one. */
function sequenceWarnings({ cron }: Schedule, grain: string): string[] {
  const repeats = longestRun(stepsOf(ticksOf(cron, 'UTC', TICKS), grainMs(grain))) + 1;
  return repeats > 1 ? [`ticks of \`${cron}\` come up to ${repeats} times within a grain of ${grain}: the first takes what is new, the others the same again. Use a smaller grain.`] : [];
}

function scheduleWarnings(schedule: Schedule, grain: string, lookbackGrains: number): string[] {
  const length = grainMs(grain);
  const taken = 1 + lookbackGrains;
  const { cron, timezone } = schedule;
  // Without clock changes first: what is missing then is missing all year round.
  const steady = stepsOf(ticksOf(cron, 'UTC', TICKS), length);
  const widest = Math.max(0, ...steady);
  if (widest > taken) {
    const apart = formatDuration(widest * length);
    return [`each scheduled run takes ${counted(taken, grain)}, ticks of \`${cron}\` are up to ${apart} apart: up to ${widest - taken} of ${widest} stay missing until a backfill takes them.`];
  }
  const repeats = longestRun(steady) + 1;
  const again = repeats > 1 ? [`ticks of \`${cron}\` come up to ${repeats} times within a grain of ${grain}: each takes the same interval again.`] : [];
  const ticks = timezone === 'UTC' ? [] : ticksOf(cron, timezone, TICKS);
  const skipped = stepsOf(ticks, length).findIndex((step) => step > taken);
  if (skipped < 0) return again;
  const missing = canonicalInstant(Math.floor((ticks[skipped] ?? 0) / length) * length);
  return [...again, `when the clocks of ${timezone} change, \`${cron}\` leaves out an interval, such as the ${grain} from ${missing}: choose a time away from midnight UTC and from the change, or the time zone UTC.`];
}

/** Grains between one tick and the next, as the last whole grains before them are. */
function stepsOf(ticks: readonly number[], length: number): number[] {
  return ticks.slice(1).map((tick, at) => Math.floor(tick / length) - Math.floor((ticks[at] ?? 0) / length));
}

/** Most steps of nothing in a row. */
function longestRun(steps: readonly number[]): number {
  let [run, longest] = [0, 0];
  for (const step of steps) {
    run = step === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

function counted(grains: number, grain: string): string {
  return grains === 1 ? `one interval of ${grain}` : `${grains} intervals of ${grain}`;
}

function retentionWarnings({ retention, models, source }: Definition): string[] {
  return ZONES.flatMap((zone) => {
    const time = retention[zone];
    if (time === undefined || zone === 'raw') return [];
    const partitioned = new Set([`bronze.${source.dataset}`, ...models.filter(({ scope }) => scope !== 'history').map((model) => `${model.zone}.${model.name}`)]);
    const readers = models.filter(({ scope, inputs }) => scope === 'history' && inputs.some((input) => input.startsWith(`${zone}.`) && partitioned.has(input)));
    return readers.map((model) => `retention.${zone} is ${formatDuration(time)}: \`${model.zone}.${model.name}\` is over history and reads ${zone}, so rows older than that leave it.`);
  });
}
