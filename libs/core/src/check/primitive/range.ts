import type { Column } from '../../definition/definition';
import { boundLiteral } from '../../sql/bound-literal';
import { quoteIdent, quoteLiteral } from '../../sql/quote';
import { shownValue } from '../../yaml/validate-yaml';
import { type ArgumentFault, argumentSchema, BOUND, COLUMN, failingValues, FLAG, type Primitive, typeOf } from './primitive';

/** Values that lie outside bounds: numbers, dates, times (ISO 8601, UTC), or text by its bytes. */
export interface Range {
  readonly kind: 'range';
  readonly column: string;
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
  readonly exclusiveMin?: boolean | undefined;
  readonly exclusiveMax?: boolean | undefined;
}

export const range: Primitive<Range> = Object.freeze<Primitive<Range>>({
  kind: 'range',
  summary: 'rows whose value lies outside `min` and `max`; NaN lies outside of every range',
  type: 'accuracy',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ column: COLUMN, min: BOUND, max: BOUND, exclusiveMin: FLAG, exclusiveMax: FLAG }, ['column']),
  columnsOf: ({ column }) => [column],
  fault: rangeFault,
  measure: ({ column, min, max, exclusiveMin, exclusiveMax }, { columns }) => {
    const type = typeOf(columns, column) ?? 'VARCHAR';
    const name = quoteIdent(column);
    const bounds = [
      ...(min === undefined ? [] : [`${name} ${exclusiveMin ? '>' : '>='} ${rangeLiteral(min, type) ?? 'null'}`]),
      ...(max === undefined ? [] : [`${name} ${exclusiveMax ? '<' : '<='} ${rangeLiteral(max, type) ?? 'null'}`]),
      // For the engine NaN is greater than all numbers.
      ...(type === 'DOUBLE' ? [`not isnan(${name})`] : []),
    ];
    return failingValues(column, bounds.join(' and '));
  },
});

function rangeFault({ column, min, max }: Range, columns: readonly Column[]): ArgumentFault | undefined {
  const type = typeOf(columns, column) ?? 'VARCHAR';
  if (min === undefined && max === undefined) return { argument: 'min', message: 'A range has neither `min` nor `max`.', fix: 'Give one of them, or both.' };
  for (const [argument, value] of [['min', min], ['max', max]] as const) {
    if (value !== undefined && rangeLiteral(value, type) === undefined) return { argument, message: `A bound of \`${column}\` cannot be ${shownValue(value)}: the column is ${type}.`, fix: BOUND_FIX };
  }
  return undefined;
}

export const BOUND_FIX = 'Use a number for numbers, and a date such as "2010-12-01" for dates and times.';

/** A bound as a literal that compares with the type; undefined where it does not. Text compares with text. */
export function rangeLiteral(value: number | string, type: Column['type']): string | undefined {
  return type === 'VARCHAR' ? (typeof value === 'string' ? quoteLiteral(value) : undefined) : boundLiteral(value, type);
}
