import { isWeirError } from '../errors';
import { grainMs, parseInstant } from '../interval/interval';
import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import { cronFault } from './cron';
import type { PipelineMode, Schedule } from './definition';
import { formatDuration, parseDuration } from './duration';
import { DEFAULTS, MAX_LOOKBACK_GRAINS } from './defaults';
import { timezoneFault } from './timezone';

/** The keys of pipeline.yaml that say when runs start and what they take, as the schema leaves them. */
export interface ScheduleYaml {
  mode?: PipelineMode;
  grain?: string;
  lookback?: string;
  schedule?: boolean | string | ScheduleSettings;
  source?: { readonly track?: 'new' };
}

interface ScheduleSettings {
  cron?: string;
  timezone?: string;
  startDate?: string;
  catchup?: boolean;
  maxActiveRuns?: number;
  dependsOnPast?: boolean;
  paused?: string;
}

const MINUTE_MS = 60_000;
const MICRO_BATCH_MS = { least: MINUTE_MS, most: 5 * MINUTE_MS };

/** The schedule with its defaults; undefined for pipelines that only people start. Values with problems are left as they are. */
export function resolveSchedule(text: ScheduleYaml): Schedule | undefined {
  const settings = settingsOf(text);
  if (!settings) return undefined;
  const { startDate, paused } = settings;
  return {
    cron: settings.cron?.trim().split(/\s+/).join(' ') ?? defaultCron(text),
    timezone: settings.timezone ?? DEFAULTS.timezone,
    ...(startDate === undefined ? {} : { startDate: instantOf(startDate) ?? startDate }),
    catchup: settings.catchup ?? DEFAULTS.catchup,
    maxActiveRuns: settings.maxActiveRuns ?? DEFAULTS.maxActiveRuns,
    dependsOnPast: settings.dependsOnPast ?? DEFAULTS.dependsOnPast,
    ...(paused === undefined ? {} : { paused }),
  };
}

/** The lookback in grains; 0 where it has problems. */
export function resolveLookback({ lookback, grain }: ScheduleYaml): number {
  const [length, reach] = [grain === undefined ? undefined : lengthOf(grain), parseDuration(lookback ?? '0s')];
  return length === undefined || reach === undefined ? 0 : Math.floor(reach / length);
}

/** What a JSON Schema cannot say about mode, lookback and schedule. */
export function checkSchedule(text: ScheduleYaml, report: Report): void {
  const { mode, grain } = text;
  const length = grain === undefined ? undefined : lengthOf(grain);
  if (mode === 'micro_batch' && grain === undefined) {
    report.add('MISSING_KEY', ['mode'], 'A pipeline of mode `micro_batch` needs a grain.', 'Add a grain of 1m to 5m, such as `grain: 5m`.');
  } else if (mode === 'micro_batch' && length !== undefined && (length < MICRO_BATCH_MS.least || length > MICRO_BATCH_MS.most)) {
    report.invalid(['grain'], `A pipeline of mode \`micro_batch\` cannot have a grain of ${grain}.`, 'Use a grain of 1m to 5m, or leave `mode` out.');
  }
  checkLookback(text, length, report);
  const settings = settingsOf(text);
  if (!settings) return;
  const at = (key: keyof ScheduleSettings): YamlPath => (typeof text.schedule === 'object' ? ['schedule', key] : ['schedule']);
  const fault = settings.cron === undefined ? undefined : cronFault(settings.cron);
  if (fault) report.invalid(at('cron'), fault.message, fault.fix);
  const zone = settings.timezone === undefined ? undefined : timezoneFault(settings.timezone);
  if (zone) report.invalid(at('timezone'), zone.message, zone.fix);
  if (settings.startDate !== undefined && instantOf(settings.startDate) === undefined) {
    report.invalid(at('startDate'), `\`schedule.startDate\` cannot be \`${settings.startDate}\`: it is not a date or time.`, 'Write 2010-12-01 or 2010-12-01T10:00:00Z.');
  }
  for (const key of ['catchup', 'dependsOnPast'] as const) {
    if (settings[key] && grain === undefined) report.invalid(at(key), `\`schedule.${key}\` needs a grain: without intervals no run is missing.`, `Add a grain such as \`grain: 1d\`, or remove \`${key}\`.`);
  }
  if (settings.catchup && grain !== undefined && settings.startDate === undefined) {
    report.add('MISSING_KEY', at('catchup'), '`schedule.catchup` needs a startDate: nothing else says how far back runs are missing.', 'Add `startDate`, such as 2010-12-01.');
  }
}

function checkLookback(text: ScheduleYaml, length: number | undefined, report: Report): void {
  const { lookback, grain } = text;
  if (lookback === undefined) return;
  const refuse = (message: string, fix: string) => report.invalid(['lookback'], message, fix);
  const reach = parseDuration(lookback) ?? 0;
  if (grain === undefined) refuse('`lookback` needs a grain: without intervals every run takes everything.', 'Add a grain such as `grain: 1d`, or remove `lookback`.');
  else if (text.source?.track) refuse('`lookback` takes intervals again, and with `track: new` each takes what it had taken.', 'Remove `lookback`: what comes late is in the next interval.');
  else if (!settingsOf(text)) refuse('`lookback` needs a schedule: other runs take the interval that they are given.', 'Add a schedule, or remove `lookback`.');
  else if (length !== undefined && (reach === 0 || reach % length !== 0)) {
    refuse(`\`lookback\` cannot be \`${lookback}\`: it is not a whole number of grains of ${grain}.`, `Use a multiple of ${grain}, such as ${formatDuration(Math.max(1, Math.ceil(reach / length)) * length)}.`);
  } else if (length !== undefined && reach / length > MAX_LOOKBACK_GRAINS) {
    refuse(`\`lookback\` cannot be \`${lookback}\`: the most is ${MAX_LOOKBACK_GRAINS} grains, ${formatDuration(MAX_LOOKBACK_GRAINS * length)}.`, 'Use a shorter time, and a backfill for what is older.');
  }
}

/** Undefined without a schedule; micro-batches always have one unless they say `schedule: false`. */
function settingsOf({ mode, schedule = mode === 'micro_batch' }: ScheduleYaml): ScheduleSettings | undefined {
  if (schedule === false) return undefined;
  return schedule === true ? {} : typeof schedule === 'string' ? { cron: schedule } : schedule;
}

/** Micro-batches run every grain, all else every hour. */
function defaultCron({ mode, grain }: ScheduleYaml): string {
  const minutes = (mode === 'micro_batch' && grain !== undefined ? (lengthOf(grain) ?? 0) : 0) / MINUTE_MS;
  return minutes < 1 ? DEFAULTS.cron : minutes === 1 ? '* * * * *' : `*/${minutes} * * * *`;
}

/** Undefined for what is no grain: that has a problem of its own. */
function lengthOf(grain: string): number | undefined {
  return orNothing(() => grainMs(grain));
}

function instantOf(text: string): string | undefined {
  return orNothing(() => parseInstant(text));
}

function orNothing<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (isWeirError(error)) return undefined;
    throw error;
  }
}
