import type { Threshold } from './check';

/** What a threshold counts; `value` for a number of its own, such as that of a query. */
export type Unit = 'rows' | 'percent' | 'value';

interface Bound {
  readonly holds: (actual: number) => boolean;
  /** With a space for the unit at its end. */
  readonly text: string;
}

/** Whether a number is within all bounds of a threshold. */
export function withinThreshold(actual: number, threshold: Threshold): boolean {
  return bounds(threshold).every((bound) => bound.holds(actual));
}

/** As people say it: `at most 30 %`, `at least 1 row`. */
export function formatThreshold(threshold: Threshold, unit: Unit): string {
  const texts = bounds(threshold).map((bound) => bound.text);
  if (texts.length === 0) return 'any number';
  return texts.join(' and ') + unitText(unit, texts.length === 1 && ` ${texts[0]}`.endsWith(' 1'));
}

/** As people read it: `24.9 %`, `1,338 rows`. As many decimals as it takes not to look like a number on the other side of the threshold. */
export function formatActual(actual: number, threshold: Threshold, unit: Unit): string {
  const within = withinThreshold(actual, threshold);
  for (let decimals = 1; decimals <= 6; decimals++) {
    const shown = Number(actual.toFixed(decimals));
    if (withinThreshold(shown, threshold) === within) return number(shown) + unitText(unit, shown === 1);
  }
  return number(actual) + unitText(unit, actual === 1);
}

function bounds(threshold: Threshold): Bound[] {
  const { equal, notEqual, greaterThan, atLeast, lessThan, atMost, between, notBetween } = threshold;
  const found: (Bound | undefined)[] = [
    bound(equal, (n) => (actual) => actual === n, 'exactly'),
    bound(notEqual, (n) => (actual) => actual !== n, 'not'),
    bound(greaterThan, (n) => (actual) => actual > n, 'more than'),
    bound(atLeast, (n) => (actual) => actual >= n, 'at least'),
    bound(lessThan, (n) => (actual) => actual < n, 'less than'),
    bound(atMost, (n) => (actual) => actual <= n, 'at most'),
    between && { holds: (actual) => actual >= between[0] && actual <= between[1], text: `between ${number(between[0])} and ${number(between[1])}` },
    notBetween && { holds: (actual) => actual < notBetween[0] || actual > notBetween[1], text: `not between ${number(notBetween[0])} and ${number(notBetween[1])}` },
  ];
  return found.filter((one) => one !== undefined);
}

function bound(value: number | undefined, holds: (value: number) => (actual: number) => boolean, words: string): Bound | undefined {
  return value === undefined ? undefined : { holds: holds(value), text: `${words} ${number(value)}` };
}

function unitText(unit: Unit, one: boolean): string {
  if (unit === 'value') return '';
  if (unit === 'percent') return ' %';
  return one ? ' row' : ' rows';
}

/** Thousands apart by commas, written out here because the machine's locale must not change it. */
function number(value: number): string {
  const [whole = '', decimals] = String(value).split('.');
  if (whole.includes('e')) return String(value);
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}
