/** What to generate. Shares go from 0 to 1; together they leave room for new clicks. */
export interface ClickOptions {
  readonly seed: number;
  /** The site that all clicks are of; no two runs into one topic should share it, since ids begin with it. */
  readonly site: string;
  /** When the first click is received, milliseconds since 1970; the others follow at `rate`. */
  readonly startMs: number;
  /** Records a second. */
  readonly rate: number;
  /** Share of records that repeat a click as it was. */
  readonly duplicates: number;
  /** Share of records that are a new version of a click. */
  readonly updates: number;
  /** Share of records that take a click back. */
  readonly deletes: number;
  /** Share of clicks that happened up to `disorderSeconds` before they are received, and of updates that come after a newer version. */
  readonly disorder: number;
  readonly disorderSeconds: number;
  /** Share of clicks that are received an hour to a day after they happened. */
  readonly late: number;
  /** Share of records that no reader can take, or that a rule of examples/clickstream refuses. */
  readonly bad: number;
}

/** What applies where nothing is said. */
export const CLICK_DEFAULTS = { seed: 1, site: 'shop', rate: 1_000, duplicates: 0.02, updates: 0.05, deletes: 0.005, disorder: 0.1, disorderSeconds: 10, late: 0.01, bad: 0.01 } as const;

/** Above this new clicks become rare, and finding one for a version takes long. */
const MOST_OTHERS = 0.9;

/** The options with their defaults. Throws a RangeError for what cannot be. */
export function clickOptions(given: Partial<ClickOptions> & Pick<ClickOptions, 'startMs'>): ClickOptions {
  const options: ClickOptions = { ...CLICK_DEFAULTS, ...given };
  for (const name of ['duplicates', 'updates', 'deletes', 'disorder', 'late', 'bad'] as const) {
    if (!(options[name] >= 0 && options[name] <= 1)) throw new RangeError(`\`${name}\` is a share from 0 to 1, not ${options[name]}.`);
  }
  const { duplicates, updates, deletes, bad, disorderSeconds, rate, startMs, site } = options;
  if (!(duplicates + updates + deletes + bad <= MOST_OTHERS)) throw new RangeError(`duplicates, updates, deletes and bad are more than ${MOST_OTHERS} together.`);
  if (!(rate > 0 && rate <= 1_000_000)) throw new RangeError(`\`rate\` is a number of records a second up to 1,000,000, not ${rate}.`);
  if (!(disorderSeconds >= 0 && disorderSeconds <= 3_000)) throw new RangeError(`\`disorderSeconds\` goes from 0 to 3000, not ${disorderSeconds}.`);
  if (!Number.isSafeInteger(startMs)) throw new RangeError('`startMs` is no time in milliseconds.');
  if (!/^[\w-]{1,40}$/.test(site)) throw new RangeError(`\`site\` is letters, digits, _ and -, at most 40 of them, not ${site}.`);
  return options;
}
