import type { Report } from '../yaml/report';
import type { Retention } from './definition';
import { parseDuration } from './duration';
import { ZONES } from './names';
import { DEFAULTS, FOREVER } from './defaults';

/** Times by zone as pipeline.yaml has them. */
export type RetentionYaml = Partial<Record<(typeof ZONES)[number], string>>;

const DAY_MS = 86_400_000;
const MOST_DAYS = 36_500;

/** The retention with its default for raw; zones that are kept for ever are left out. */
export function resolveRetention(text: RetentionYaml = {}): Retention {
  const times = { raw: DEFAULTS.rawRetention, ...text };
  return Object.fromEntries(ZONES.flatMap((zone) => (times[zone] === undefined || times[zone] === FOREVER ? [] : [[zone, parseDuration(times[zone]) ?? 0]])));
}

/** What a JSON Schema cannot say: at once is no retention, and a life longer than a century is for ever. */
export function checkRetention(text: RetentionYaml = {}, report: Report): void {
  for (const zone of ZONES) {
    const time = text[zone];
    const ms = time === undefined || time === FOREVER ? DAY_MS : (parseDuration(time) ?? 0);
    if (ms === 0 || ms > MOST_DAYS * DAY_MS) report.invalid(['retention', zone], `\`retention.${zone}\` cannot be \`${time}\`.`, `Use a time such as 90d, at most ${MOST_DAYS}d, or ${FOREVER}.`);
  }
}
