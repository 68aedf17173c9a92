import { canonicalInstant } from '../interval/interval';
import type { Threshold, Unit } from './check';

interface Bound {
  readonly holds: (actual: number) => boolean;
  /** Before the unit. */
  readonly text: string;
}

/** Whether a number is within all bounds of a threshold. */
export function withinThreshold(actual: number, threshold: Threshold): boolean {
  return bounds(threshold).every((bound) => bound.holds(actual));
}

/** As people say it: `at most 30 %`, `at least 1 row`, `at most 2h`. */
export function formatThreshold(threshold: Threshold): string {
  const texts = bounds(threshold).map((bound) => bound.text);
  if (texts.length === 0) return 'any number';
  return texts.join(' and ') + unitText(threshold, texts.length === 1 && ` ${texts[0]}`.endsWith(' 1'));
}

/** As people read it: `24.9 %`, `1,338 rows`. As many decimals as it takes not to look like a number on the other side of the threshold. */
export function formatActual(actual: number, threshold: Threshold): string {
  const { unit } = threshold;
  if (!Number.isFinite(actual)) return String(actual);
  if (unit === 'seconds' || unit === 'instant') return shown(actual, unit);
  const within = withinThreshold(actual, threshold);
  for (let decimals = 1; decimals <= 6; decimals++) {
    const rounded = Number(actual.toFixed(decimals));
    if (withinThreshold(rounded, threshold) === within) return shown(rounded, unit) + unitText(threshold, rounded === 1);
  }
  return shown(actual, unit) + unitText(threshold, actual === 1);
}

function bounds(threshold: Threshold): Bound[] {
  const { equal, notEqual, greaterThan, atLeast, lessThan, atMost, between, notBetween, unit } = threshold;
  const number = (value: number): string => shown(value, unit);
  const bound = (value: number | undefined, holds: (value: number) => (actual: number) => boolean, words: string): Bound | undefined =>
    value === undefined ? undefined : { holds: holds(value), text: `${words} ${number(value)}` };
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

function unitText({ unit, of }: Threshold, one: boolean): string {
  if (unit === 'percent') return of === 'values' ? ' % of values' : ' %';
  if (unit !== 'rows') return '';
  return one ? ' row' : ' rows';
}

function shown(value: number, unit: Unit): string {
  if (unit === 'seconds') return age(value);
  return unit === 'instant' && Math.abs(value) < LAST_INSTANT ? canonicalInstant(value * 1_000) : grouped(value);
}

/** 9999-12-31, seconds since 1970. */
const LAST_INSTANT = 253_402_300_799;

/** Days to seconds, the first two parts that are not 0: `1d 2h`, `5m`, `0.5s`; before zero where the newest event is ahead. */
function age(seconds: number): string {
  if (!Number.isFinite(seconds)) return String(seconds);
  const whole = Math.floor(Math.abs(seconds));
  const parts = [`${Math.floor(whole / 86_400)}d`, `${Math.floor(whole / 3_600) % 24}h`, `${Math.floor(whole / 60) % 60}m`, `${whole % 60}s`].filter((part) => !/^0[dhms]$/.test(part));
  const text = parts.length > 0 ? parts.slice(0, 2).join(' ') : `${Number(Math.abs(seconds).toFixed(3))}s`;
  return seconds < 0 ? `-${text}` : text;
}

/** Thousands apart by commas, written out here because the machine's locale must not change it. */
function grouped(value: number): string {
  const [whole = '', decimals] = String(value).split('.');
  if (!/^-?\d+$/.test(whole) || decimals?.includes('e')) return String(value);
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return decimals === undefined ? text : `${text}.${decimals}`;
}
