import { isNumeric } from '../../contract/column-type';
import type { MeasureOf } from '../measure';
import { isKnown, type KnownRules } from './known-rules';
import type { ColumnProfile, DatasetProfile } from './profile';
import { EMAIL_PATTERN, FEW_VALUES } from './profile-sql';

/** Fewer rows say nothing about what values are usual. */
export const MIN_ROWS = 20;

/** A column has few values where they are no more than this share of its rows. */
const FEW_SHARE = 0.01;

/** How much wider than its quantiles a range is, on either side: a part of the distance between them. */
const HEADROOM = 0.5;

export type SuggestedMeasure = MeasureOf<'nullShare' | 'unique' | 'range' | 'set' | 'pattern' | 'length' | 'freshness'>;

/** A check that a profile speaks for; how many rows may fail is settled by measuring it. */
export interface Candidate {
  /** `<column>.<kind>`. */
  readonly id: string;
  readonly column: string;
  readonly measure: SuggestedMeasure;
  /** Of freshness: seconds. */
  readonly atMost?: number | undefined;
}

/** Whether a column's name says that it identifies something. */
export function isIdLike(name: string): boolean {
  return /(^|_)(id|no|nr|number|key|code|uuid|guid|ref|reference)$/.test(name);
}

/** The checks that a profile speaks for and nobody has stated, in the order of the columns. */
export function proposeChecks({ rows, columns, age }: DatasetProfile, known: KnownRules): Candidate[] {
  if (rows === 0) return [];
  const candidates = columns.flatMap((column) => measuresOf(column, rows).map((measure) => ({ id: `${column.name}.${measure.kind}`, column: column.name, measure })));
  const fresh = candidates.filter(({ column, measure }) => !isKnown(known, measure.kind, column));
  return age && age.grains >= MIN_GRAINS && !isKnown(known, 'freshness', age.column) ? [...fresh, freshnessOf(age)] : fresh;
}

const MIN_GRAINS = 3;

function measuresOf(profile: ColumnProfile, rows: number): SuggestedMeasure[] {
  const { name: column, nulls, distinct, emails } = profile;
  const present = rows - nulls;
  const measures: SuggestedMeasure[] = [{ kind: 'nullShare', column }];
  // The estimate of different values may be off by half; measuring tells.
  if (isIdLike(column) && present > 1 && distinct * 2 > present) measures.push({ kind: 'unique', columns: [column] });
  if (present < MIN_ROWS) return measures;
  const range = rangeOf(profile);
  if (range) measures.push(range);
  if (isFew(profile, present)) measures.push({ kind: 'set', column, values: profile.values ?? [] });
  else if (emails !== undefined && emails * 2 > present) measures.push({ kind: 'pattern', column, patterns: [EMAIL_PATTERN] });
  else if (isOfOneLength(profile)) measures.push({ kind: 'length', column, min: profile.shortest, max: profile.longest });
  return measures;
}

function isFew({ values }: ColumnProfile, present: number): boolean {
  // A contract can hold no NUL.
  return values !== undefined && values.length > 0 && values.length <= FEW_VALUES && values.length <= present * FEW_SHARE && values.every((value) => !value.includes('\0'));
}

/** Codes are often of one length; text that is empty everywhere is not. */
function isOfOneLength({ shortest, longest, distinct }: ColumnProfile): boolean {
  return shortest !== undefined && shortest === longest && shortest > 0 && distinct > 1;
}

/** Numbers that identify go on for ever, and those that hardly differ have no width. */
function rangeOf({ name, type, low, high, min: least, max: greatest }: ColumnProfile): MeasureOf<'range'> | undefined {
  if (!isNumeric(type) || isIdLike(name) || low === undefined || high === undefined || high <= low || !Number.isFinite(high - low)) return undefined;
  const step = 10 ** (Math.floor(Math.log10(high - low)) - 1);
  const room = (high - low) * HEADROOM;
  const min = rounded(Math.floor(quiet((low - room) / step)) * step, type);
  const max = rounded(Math.ceil(quiet((high + room) / step)) * step, type);
  // Where nothing was negative, or nothing positive, zero is the bound that people mean.
  const bounds = { min: Number(least) >= 0 && min < 0 ? 0 : min, max: Number(greatest) <= 0 && max > 0 ? 0 : max };
  return Number.isFinite(bounds.min) && Number.isFinite(bounds.max) ? { kind: 'range', column: name, ...bounds } : undefined;
}

function rounded(number: number, type: ColumnProfile['type']): number {
  return (type === 'BIGINT' ? Math.round(quiet(number)) : quiet(number)) + 0;
}

/** A number without the noise of floating arithmetic: 14.8 and not 14.800000000000002. */
function quiet(number: number): number {
  return Number(number.toPrecision(12));
}

/** Twice the age of the grain in which the newest value was oldest, in whole hours or minutes. */
function freshnessOf({ column, oldest }: NonNullable<DatasetProfile['age']>): Candidate {
  const unit = oldest > 3_600 ? 3_600 : 60;
  return { id: `${column}.freshness`, column, measure: { kind: 'freshness', column }, atMost: Math.max(unit, Math.ceil((oldest * 2) / unit) * unit) };
}
