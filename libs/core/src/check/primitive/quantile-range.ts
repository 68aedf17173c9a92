import type { Column } from '../../definition/definition';
import { numberLiteral, quoteIdent } from '../../sql/quote';
import { shownValue } from '../../yaml/validate-yaml';
import { type ArgumentFault, argumentSchema, BOUND, COLUMN, type Primitive, typeOf } from './primitive';
import { BOUND_FIX, rangeLiteral } from './range';

/** Quantiles of a column that lie outside their bounds. A quantile is the least value that has at least that share of the values at or below it. */
export interface QuantileRange {
  readonly kind: 'quantileRange';
  readonly column: string;
  readonly quantiles: readonly QuantileBounds[];
}

export interface QuantileBounds {
  /** From 0 to 1. */
  readonly quantile: number;
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
}

const QUANTILES = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  description: 'a list such as [{quantile: 0.99, max: 100}].',
  items: {
    title: 'quantile',
    type: 'object',
    additionalProperties: false,
    required: ['quantile'],
    properties: { quantile: { type: 'number', minimum: 0, maximum: 1, description: 'a number from 0 to 1.' }, min: BOUND, max: BOUND },
    description: 'Write a mapping such as {quantile: 0.99, max: 100}.',
  },
};

export const quantileRange: Primitive<QuantileRange> = Object.freeze<Primitive<QuantileRange>>({
  kind: 'quantileRange',
  summary: 'quantiles of the column that lie outside their bounds',
  type: 'accuracy',
  gives: 'failing rows',
  unit: 'value',
  share: false,
  schema: argumentSchema({ column: COLUMN, quantiles: QUANTILES }, ['column', 'quantiles']),
  columnsOf: ({ column }) => [column],
  fault: quantileFault,
  measure: ({ column, quantiles }, { columns }) => {
    const type = typeOf(columns, column) ?? 'DOUBLE';
    const values = `quantile_disc(${quoteIdent(column)}, [${quantiles.map(({ quantile }) => numberLiteral(quantile)).join(', ')}])`;
    const outside = quantiles.map(({ min, max }, n) => {
      const bounds = [...(min === undefined ? [] : [`${values}[${n + 1}] < ${rangeLiteral(min, type) ?? 'null'}`]), ...(max === undefined ? [] : [`${values}[${n + 1}] > ${rangeLiteral(max, type) ?? 'null'}`])];
      return `(${bounds.join(' or ') || 'false'})::INTEGER`;
    });
    const shown = quantiles.map(({ quantile }, n) => `'${quantile}: ', ${values}[${n + 1}]::VARCHAR`).join(`, ', ', `);
    return { by: 'aggregate', number: `case when ${values} is not null then ${outside.join(' + ')} end`, text: `concat(${shown})` };
  },
});

function quantileFault({ column, quantiles }: QuantileRange, columns: readonly Column[]): ArgumentFault | undefined {
  const type = typeOf(columns, column);
  if (type === 'BOOLEAN' || type === 'VARCHAR') return { argument: 'column', message: `\`${column}\` is ${type}: its quantiles say nothing.`, fix: 'Use a column of numbers, dates or times.' };
  for (const { min, max } of quantiles) {
    const wrong = [min, max].find((bound) => bound !== undefined && type !== undefined && rangeLiteral(bound, type) === undefined);
    if (wrong !== undefined) return { argument: 'quantiles', message: `A bound of \`${column}\` cannot be ${shownValue(wrong)}: the column is ${type ?? 'unknown'}.`, fix: BOUND_FIX };
  }
  return undefined;
}
