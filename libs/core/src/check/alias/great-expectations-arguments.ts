import { parseInstant } from '../../interval/interval';
import { numberLiteral, quoteIdent } from '../../sql/quote';
import type { Threshold, Unit } from '../check';
import type { Measure } from '../measure';
import { BOUND, COLUMN_LIST, FLAG, VALUE_LIST } from '../primitive/primitive';
import type { ValueType } from '../primitive/type';
import { type Skip, skippedSql } from '../primitive/unique';
import type { AliasCall, Mapped } from './alias';

type Args = AliasCall['args'];

const NUMBER = { type: 'number', description: 'a number.' };
const WHOLE = { type: 'integer', minimum: 0, description: 'a whole number.' };
const SHARE = { type: 'number', minimum: 0, maximum: 1, description: 'a share from 0 to 1.' };
const TEXT = { type: 'string', minLength: 1, description: 'text, in quotes.' };
const STRICT = { strict_min: FLAG, strict_max: FLAG };

/** What Great Expectations calls the types that values are read as, in any case. */
const TYPE_NAMES: Readonly<Record<string, ValueType>> = {
  str: 'string', string: 'string', object: 'string', varchar: 'string', text: 'string', char: 'string', nvarchar: 'string', stringtype: 'string',
  int: 'integer', integer: 'integer', int8: 'integer', int16: 'integer', int32: 'integer', int64: 'integer', smallint: 'integer', bigint: 'integer', integertype: 'integer', longtype: 'integer',
  float: 'number', float32: 'number', float64: 'number', double: 'number', double_precision: 'number', real: 'number', decimal: 'number', numeric: 'number', number: 'number', doubletype: 'number', floattype: 'number', decimaltype: 'number',
  bool: 'boolean', boolean: 'boolean', booleantype: 'boolean',
  date: 'date', datetype: 'date',
  datetime: 'timestamp', datetime64: 'timestamp', timestamp: 'timestamp', timestamptype: 'timestamp',
};

/** Schemas of arguments that several expectations take, and what becomes of them. */
export const GE = {
  number: NUMBER,
  whole: WHOLE,
  text: TEXT,
  flag: FLAG,
  values: VALUE_LIST,
  columns: COLUMN_LIST,
  texts: { type: 'array', minItems: 1, maxItems: 100, items: TEXT, description: 'a list of texts, in quotes.' },
  matchOn: { enum: ['any', 'all'], description: 'Use any (the default) or all.' },
  mostly: { ...SHARE, description: 'the share of values that must be good, from 0 to 1.' },
  bounds: { min_value: BOUND, max_value: BOUND, ...STRICT },
  wholeBounds: { min_value: WHOLE, max_value: WHOLE, ...STRICT },
  shares: { min_value: SHARE, max_value: SHARE, ...STRICT },
  type: { enum: Object.keys(TYPE_NAMES).flatMap((name) => [name, name.toUpperCase(), ...(name.endsWith('type') ? [sparkName(name)] : [])]), description: 'the name of a type, such as INTEGER.' },
  ignoreRowIf: {
    enum: ['both_values_are_missing', 'either_value_is_missing', 'all_values_are_missing', 'any_value_is_missing', 'neither', 'never'],
    description: 'when a row is left out, such as any_value_is_missing.',
  },
  pairs: { type: 'array', minItems: 1, maxItems: 10_000, items: { type: 'array', minItems: 2, maxItems: 2, items: VALUE_LIST['items'], description: 'Write a pair of values.' }, description: 'a list of pairs of values.' },
  quantileRanges: {
    title: 'set of quantiles',
    type: 'object',
    additionalProperties: false,
    required: ['quantiles', 'value_ranges'],
    description: 'a mapping of `quantiles` and `value_ranges`.',
    properties: {
      quantiles: { type: 'array', minItems: 1, maxItems: 100, items: SHARE, description: 'a list of shares, such as [0.05, 0.95].' },
      value_ranges: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        description: 'a list of ranges, such as [[0, 10], [90, 100]].',
        items: { type: 'array', minItems: 2, maxItems: 2, items: { type: ['number', 'string', 'null'], description: 'Write a number, or null for no bound.' }, description: 'Write two bounds.' },
      },
    },
  },
  name: quoteIdent,
  literal: numberLiteral,
  skipOf,
  rowRule: (args: Args, columns: readonly string[], predicate: string): Measure => ({ kind: 'row', predicate, where: skippedSql(columns, skipOf(args)) }),
} as const;

function sparkName(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1, -4)}Type`;
}

function skipOf(args: Args): Skip {
  const ignored = args['ignore_row_if'];
  if (ignored === 'neither' || ignored === 'never') return 'none';
  return ignored === 'either_value_is_missing' || ignored === 'any_value_is_missing' ? 'any' : 'all';
}

export function typesNamed(names: readonly string[]): ValueType[] {
  return [...new Set(names.map((name) => TYPE_NAMES[name.toLowerCase()] ?? 'string'))];
}

/** The share of good ones that is asked for, as the most that may be bad. Values that are null are neither. */
export function mostlyThreshold(args: Args, of: 'values' | 'rows'): Threshold {
  const mostly = typeof args['mostly'] === 'number' ? args['mostly'] : 1;
  if (mostly === 1) return { equal: 0, unit: 'rows', ...(of === 'values' ? { of } : {}) };
  // 100 - 0.07 * 100 is 92.99999999999999.
  return { atMost: Number((100 - mostly * 100).toFixed(10)), unit: 'percent', ...(of === 'values' ? { of } : {}) };
}

/** The bounds of an expectation about one number, in a unit; dates and times are instants. */
export function boundsThreshold(unit: Unit, scale: (bound: number) => number = (bound) => bound): (args: Args) => Threshold {
  return (args) => {
    const bound = (key: string): number | undefined => {
      const value = args[key];
      return typeof value === 'number' ? Number(scale(value).toFixed(10)) : typeof value === 'string' ? instantSeconds(value) : undefined;
    };
    const [min, max] = [bound('min_value'), bound('max_value')];
    return {
      ...(min === undefined ? {} : { [args['strict_min'] === true ? 'greaterThan' : 'atLeast']: min }),
      ...(max === undefined ? {} : { [args['strict_max'] === true ? 'lessThan' : 'atMost']: max }),
      unit: typeof args['min_value'] === 'string' || typeof args['max_value'] === 'string' ? 'instant' : unit,
    };
  };
}

/** Seconds since 1970; NaN, which nothing is within, for text that is no date or time. */
export function instantSeconds(text: string): number {
  try {
    return Date.parse(parseInstant(text)) / 1_000;
  } catch {
    return Number.NaN;
  }
}

export function rangeOf({ args, column }: AliasCall): Measure {
  const { min_value: min, max_value: max, strict_min: exclusiveMin, strict_max: exclusiveMax } = args as { min_value?: number | string; max_value?: number | string; strict_min?: boolean; strict_max?: boolean };
  return { kind: 'range', column, ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }), ...(exclusiveMin ? { exclusiveMin } : {}), ...(exclusiveMax ? { exclusiveMax } : {}) };
}

export function lengthOf({ args, column }: AliasCall): Measure {
  const { min_value: min, max_value: max } = args as { min_value?: number; max_value?: number };
  return { kind: 'length', column, ...(min === undefined ? {} : { min: min + Number(args['strict_min'] === true) }), ...(max === undefined ? {} : { max: max - Number(args['strict_max'] === true) }) };
}

export function quantilesOf({ args, column }: AliasCall): Mapped {
  const { quantiles, value_ranges: ranges } = args['quantile_ranges'] as { quantiles: number[]; value_ranges: (number | string | null)[][] };
  if (quantiles.length !== ranges.length) return { fault: { argument: 'quantile_ranges', message: `There are ${quantiles.length} quantiles and ${ranges.length} ranges.`, fix: 'Give a range for each quantile.' } };
  const bounds = quantiles.map((quantile, n) => ({ quantile, ...(ranges[n]?.[0] == null ? {} : { min: ranges[n][0] }), ...(ranges[n]?.[1] == null ? {} : { max: ranges[n][1] }) }));
  return { measure: { kind: 'quantileRange', column, quantiles: bounds }, threshold: { equal: 0, unit: 'value' } };
}
