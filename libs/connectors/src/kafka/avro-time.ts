import type { JsonWriter } from './json-writer';
import { UnreadableValue } from './unreadable-value';

const QUOTE = 0x22;
const DASH = 0x2d;
const COLON = 0x3a;
const POINT = 0x2e;
const DAY_SECONDS = 86_400;
/** Years of more than six digits have no form in ISO 8601 as JavaScript and others write it. */
const MAX_DAYS = 365_000_000;

/** A unit of time below a second: how many there are in one, and their digits. */
export interface Fraction {
  readonly perSecond: number;
  readonly digits: number;
}

export const MILLIS: Fraction = { perSecond: 1e3, digits: 3 };
export const MICROS: Fraction = { perSecond: 1e6, digits: 6 };
export const NANOS: Fraction = { perSecond: 1e9, digits: 9 };

/** "yyyy-mm-dd" from days since 1970-01-01. */
export function writeDate(out: JsonWriter, days: number): void {
  out.byte(QUOTE);
  writeDay(out, days);
  out.byte(QUOTE);
}

/** ISO 8601 from a count of fractions since 1970-01-01T00:00:00; `zone` is what stands at its end. */
export function writeTimestamp(out: JsonWriter, value: number | bigint, fraction: Fraction, zone: string): void {
  const [seconds, rest] = divide(value, fraction.perSecond);
  const days = Math.floor(seconds / DAY_SECONDS);
  out.byte(QUOTE);
  writeDay(out, days);
  out.byte(0x54);
  writeClock(out, seconds - days * DAY_SECONDS, rest, fraction);
  out.ascii(zone);
  out.byte(QUOTE);
}

/** "hh:mm:ss" and its fraction from a count of fractions since midnight. */
export function writeTime(out: JsonWriter, value: number | bigint, fraction: Fraction): void {
  const [seconds, rest] = divide(value, fraction.perSecond);
  if (seconds < 0 || seconds >= DAY_SECONDS) throw new UnreadableValue();
  out.byte(QUOTE);
  writeClock(out, seconds, rest, fraction);
  out.byte(QUOTE);
}

/** Whole seconds, rounded down, and the fractions above them. */
function divide(value: number | bigint, perSecond: number): [seconds: number, rest: number] {
  if (typeof value === 'number') {
    const seconds = Math.floor(value / perSecond);
    return [seconds, value - seconds * perSecond];
  }
  const per = BigInt(perSecond);
  const rest = ((value % per) + per) % per;
  return [Number((value - rest) / per), Number(rest)];
}

function writeClock(out: JsonWriter, seconds: number, rest: number, { digits }: Fraction): void {
  out.digits(Math.floor(seconds / 3600), 2);
  out.byte(COLON);
  out.digits(Math.floor(seconds / 60) % 60, 2);
  out.byte(COLON);
  out.digits(seconds % 60, 2);
  out.byte(POINT);
  out.digits(rest, digits);
}

/** Howard Hinnant's civil_from_days: eras of 400 years that begin on the first of March. */
function writeDay(out: JsonWriter, days: number): void {
  if (Math.abs(days) > MAX_DAYS) throw new UnreadableValue();
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  writeYear(out, yearOfEra + era * 400 + (month <= 2 ? 1 : 0));
  out.byte(DASH);
  out.digits(month, 2);
  out.byte(DASH);
  out.digits(dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1, 2);
}

/** Four digits; six and a sign before the year 0 and after 9999, as ISO 8601 has it for dates that both sides agree on. */
function writeYear(out: JsonWriter, year: number): void {
  if (year >= 0 && year <= 9999) return out.digits(year, 4);
  out.ascii(year < 0 ? '-' : '+');
  out.digits(Math.abs(year), 6);
}
