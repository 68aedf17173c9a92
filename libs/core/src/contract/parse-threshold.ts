import { instantSeconds } from '../check/alias/great-expectations-arguments';
import type { Threshold, Unit } from '../check/check';
import type { PrimitiveFacts } from '../check/primitives';
import type { ErrorCode } from '../errors';
import { OPERATORS } from './odcs-schema';

type Operator = keyof typeof OPERATORS;

const OPERATOR_NAMES = Object.keys(OPERATORS) as Operator[];

/** What is wrong with a threshold, and at which key: '' for the whole. */
export interface ThresholdFault {
  readonly code: ErrorCode;
  readonly at: string;
  readonly message: string;
  readonly fix: string;
}

/** Operators of the standard with their numbers; dates and times in quotes are instants. */
export type OperatorWords = Partial<Record<Operator, unknown>>;

/** The threshold that operators state, or what is wrong with them; without any of them that is a fault too. */
export function thresholdOf(words: OperatorWords, unit: Unit): { threshold: Threshold } | { fault: ThresholdFault } {
  const given = OPERATOR_NAMES.filter((operator) => words[operator] !== undefined);
  if (given.length === 0) {
    return { fault: { code: 'MISSING_KEY', at: '', message: 'A quality rule does not say what the number must be.', fix: `Add one of ${OPERATOR_NAMES.join(', ')}.` } };
  }
  const dated = given.some((operator) => [words[operator]].flat().some((value) => typeof value === 'string'));
  const bounds = given.map((operator): [Operator, number | number[]] => [operator, numbersOf(words[operator])]);
  for (const [operator, value] of bounds) {
    if ([value].flat().some(Number.isNaN)) return { fault: { code: 'INVALID_VALUE', at: operator, message: `\`${operator}\` has a text that is no date or time.`, fix: 'Write a number, or a date such as "2010-12-01".' } };
    const [least = 0, most = 0] = Array.isArray(value) ? value : [];
    if (least > most) return { fault: { code: 'INVALID_VALUE', at: operator, message: `\`${operator}\` has its greater number first.`, fix: 'Write the smaller number first.' } };
  }
  return { threshold: { ...Object.fromEntries(bounds.map(([operator, value]) => [OPERATORS[operator], value])), unit: dated ? 'instant' : unit } };
}

/** What is wrong with a threshold for the number that a primitive gives; `name` is what the contract calls it. */
export function thresholdFault(threshold: Threshold, { share, unit }: Pick<PrimitiveFacts, 'share' | 'unit'>, name: string): ThresholdFault | undefined {
  const { unit: asked, of: _of, ...bounds } = threshold;
  const numbers = Object.values(bounds).flatMap((value): readonly number[] => (value === undefined ? [] : typeof value === 'number' ? [value] : value));
  if (numbers.length === 0) return { code: 'MISSING_KEY', at: '', message: `\`${name}\` does not say what the number must be.`, fix: 'Give a bound.' };
  if (numbers.some(Number.isNaN)) return { code: 'INVALID_VALUE', at: '', message: `A bound of \`${name}\` is no number, date or time.`, fix: 'Write a number, or a date such as "2010-12-01".' };
  if (asked === 'percent' && !share) return { code: 'INVALID_VALUE', at: 'unit', message: `\`percent\` does not apply to ${name === 'sql' ? 'a query' : `\`${name}\``}.`, fix: 'Remove `unit`.' };
  if (asked === 'instant' && unit !== 'value') return { code: 'INVALID_VALUE', at: '', message: `The number of \`${name}\` is no date or time.`, fix: 'Write a number.' };
  return undefined;
}

function numbersOf(value: unknown): number | number[] {
  if (Array.isArray(value)) return value.map((one) => Number(numbersOf(one)));
  return typeof value === 'string' ? instantSeconds(value) : Number(value);
}
