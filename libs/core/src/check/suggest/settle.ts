import { formatDuration } from '../../definition/duration';
import type { Check, CheckOutcome, Threshold } from '../check';
import { PRIMITIVES } from '../primitives';
import type { AgeProfile } from './profile';
import type { Candidate, SuggestedMeasure } from './propose';

/** A check that a person may accept. */
export interface Proposal {
  /** `<column>.<kind>`: people accept it by that. */
  readonly id: string;
  readonly column: string;
  readonly measure: SuggestedMeasure;
  readonly threshold: Threshold;
  /** What in the data speaks for it, as a sentence. */
  readonly reason: string;
}

/** A check that the data speaks against. */
export interface LeftOut {
  readonly id: string;
  readonly column: string;
  readonly reason: string;
}

/** Percent of the rows that may be null for a rule about nulls to say anything. */
const MOST_NULLS = 50;

/** Percent of the values that may lie outside of a rule. */
const MOST_OUTSIDE = 5;

/** Everything passes it: what was counted is what matters. */
const ANY: Threshold = { atLeast: 0, unit: 'rows' };

/** The check that counts what fails a candidate; it passes whatever it finds. */
export function countingCheck({ id, measure, atMost }: Candidate): Check {
  return checkOf({ id, measure, threshold: atMost === undefined ? { ...ANY, of: 'values' } : { atMost, unit: 'seconds' } });
}

/** A proposal as the check that it would be. */
export function checkOf({ id, measure, threshold }: Pick<Proposal, 'id' | 'measure' | 'threshold'>): Check {
  return { id, severity: 'warning', type: PRIMITIVES[measure.kind].type, measure, threshold };
}

/** What was found besides the counts of one candidate. */
export interface Seen {
  /** Of the grain in which the greatest share of rows fails: percent. */
  readonly worst?: number | undefined;
  readonly age?: AgeProfile | undefined;
}

/** Says how many rows of a candidate may fail, now that those of the data that do are counted: with room, so that data like this passes, each grain by itself. Or why it is left out. */
export function settle(candidate: Candidate, counted: CheckOutcome, { worst, age }: Seen = {}): Proposal | LeftOut {
  const { id, column, measure, atMost } = candidate;
  if (counted.error !== undefined) return { id, column, reason: `It cannot be measured: ${counted.error}` };
  if (measure.kind === 'freshness') return { id, column, measure, threshold: { atMost: atMost ?? 0, unit: 'seconds' }, reason: ageReason(age, atMost ?? 0) };
  const { failed = 0, rows = 0 } = counted;
  const share = rows === 0 ? 0 : (failed * 100) / rows;
  const shares: Shares = { failed, rows, share, worst: Math.max(share, worst ?? 0) };
  const settled = measure.kind === 'nullShare' ? nullsOf(shares) : valuesOf(measure, shares);
  return typeof settled === 'string' ? { id, column, reason: settled } : { id, column, measure, ...settled };
}

/** Nulls are a share of all rows, everything else of those that have values. */
interface Shares {
  readonly failed: number;
  readonly rows: number;
  /** Percent, of all rows and of those of the worst grain. */
  readonly share: number;
  readonly worst: number;
}

/** What looks at values. */
type ValueMeasure = Exclude<SuggestedMeasure, { readonly kind: 'nullShare' | 'freshness' }>;

type Settled = Pick<Proposal, 'threshold' | 'reason'> | string;

const NONE: Threshold = { equal: 0, unit: 'rows' };

function nullsOf({ failed, rows, share, worst }: Shares): Settled {
  if (failed === 0) return { threshold: NONE, reason: `No nulls in ${counts(rows, 'row')}.` };
  const found = `${percent(share)} of ${counts(rows, 'row')} are null${worstText(share, worst)}`;
  if (worst > MOST_NULLS) return `${found}.`;
  const atMost = Math.ceil(worst * 1.2 + 1);
  return { threshold: { atMost, unit: 'percent' }, reason: `${found}; ${atMost} % leaves room.` };
}

function valuesOf(measure: ValueMeasure, { failed, rows, share, worst }: Shares): Settled {
  const facts = factsOf(measure, counts(rows, 'value'));
  if (measure.kind === 'unique' || measure.kind === 'set' || measure.kind === 'length') return failed === 0 ? { threshold: NONE, reason: facts } : `${counts(failed, 'value')} of ${shownCount(rows)} fail it.`;
  if (worst > MOST_OUTSIDE) return `${percent(share)} of ${counts(rows, 'value')} fail it${worstText(share, worst)}.`;
  if (failed === 0 && measure.kind === 'pattern') return { threshold: NONE, reason: facts };
  const atMost = Math.max(1, Math.ceil(worst * 2));
  const fail = failed === 0 ? 'None of them fails it' : `${shownCount(failed)} of them (${percent(share)}${worstText(share, worst)}) ${failed === 1 ? 'fails' : 'fail'} it`;
  return { threshold: { atMost, unit: 'percent', of: 'values' }, reason: `${facts} ${fail}; ${atMost} % may.` };
}

/** Shown where it says something else than the share of all. */
function worstText(share: number, worst: number): string {
  return percent(worst) === percent(share) ? '' : `, ${percent(worst)} in one grain`;
}

/** What the values have in common. */
function factsOf(measure: ValueMeasure, values: string): string {
  switch (measure.kind) {
    case 'unique':
      return `${values}, all different.`;
    case 'range':
      return `The middle 98 % of ${values}, widened by half of their width on either side.`;
    case 'set':
      return `${values}, of which ${measure.values.length} ${measure.values.length === 1 ? 'is' : 'are'} different.`;
    case 'pattern':
      return `${values}, by their name e-mail addresses.`;
    case 'length':
      return `${values}, all of ${counts(measure.min ?? 0, 'character')}.`;
  }
}

function ageReason(age: AgeProfile | undefined, atMost: number): string {
  const minutes = Math.ceil(Math.max(0, age?.oldest ?? 0) / 60);
  const oldest = minutes < 120 ? `${minutes}m` : `${Math.ceil(minutes / 6) / 10}h`;
  return `In each of ${counts(age?.grains ?? 0, 'grain')} the newest value was at most ${oldest} old when the grain ended; ${formatDuration(atMost * 1_000)} leaves room.`;
}

function percent(share: number): string {
  return `${share < 0.1 ? 'less than 0.1' : Number(share.toFixed(1))} %`;
}

function shownCount(number: number): string {
  return number.toLocaleString('en-US');
}

function counts(number: number, noun: string): string {
  return `${shownCount(number)} ${noun}${number === 1 ? '' : 's'}`;
}
