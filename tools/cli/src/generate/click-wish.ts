import { WeirError } from '@weir/core';
import { clickOptions, type ClickOptions } from '@weir/generate';

/** What people say of the clicks that they want, as the command line has it. */
export interface ClickWords {
  readonly rate?: string | undefined;
  readonly seconds?: string | undefined;
  readonly count?: string | undefined;
  readonly seed?: string | undefined;
  readonly site?: string | undefined;
  readonly duplicates?: string | undefined;
  readonly updates?: string | undefined;
  readonly deletes?: string | undefined;
  readonly disorder?: string | undefined;
  readonly disorderSeconds?: string | undefined;
  readonly late?: string | undefined;
  readonly bad?: string | undefined;
}

const NUMBERS = ['rate', 'seed', 'duplicates', 'updates', 'deletes', 'disorder', 'disorderSeconds', 'late', 'bad'] as const;
const SECONDS = '60';
const MAX_RECORDS = 1_000_000_000;

/** The clicks that are meant, from `startMs` on, and how many. Without --site they are of a site of their own. Throws INVALID_VALUE. */
export function clickWish(words: ClickWords, startMs: number): { readonly options: ClickOptions; readonly count: number } {
  const given = Object.fromEntries(NUMBERS.flatMap((name) => (words[name] === undefined ? [] : [[name, numberOf(words[name], name)]])));
  const options = checked({ site: words.site ?? `shop-${startMs.toString(36)}`, ...given, startMs });
  if (words.count !== undefined && words.seconds !== undefined) throw wrong('count', 'Both --count and --seconds are given.', 'Keep one of the two.');
  const count = words.count === undefined ? Math.round(options.rate * numberOf(words.seconds ?? SECONDS, 'seconds')) : numberOf(words.count, 'count');
  if (!Number.isInteger(count) || count < 1 || count > MAX_RECORDS) throw wrong(words.count === undefined ? 'seconds' : 'count', `${count} is not a number of records.`, 'Ask for at least one record, and a billion at most.');
  return { options, count };
}

function checked(given: Parameters<typeof clickOptions>[0]): ClickOptions {
  try {
    return clickOptions(given);
  } catch (error) {
    throw error instanceof RangeError ? new WeirError({ code: 'INVALID_VALUE', message: error.message, fix: '`weir generate clickstream --help` shows what each option takes.' }) : error;
  }
}

/** The number of an option. Throws INVALID_VALUE. */
export function numberOf(text: string, name: string): number {
  const number = /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number)) throw wrong(name, `\`${text}\` is not a number.`, 'Write it with digits, such as 1000 or 0.05.');
  return number;
}

function wrong(name: string, message: string, fix: string): WeirError {
  return new WeirError({ code: 'INVALID_VALUE', place: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`, message, fix });
}
