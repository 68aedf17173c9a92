import { quoteIdent } from '../../sql/quote';
import { argumentSchema, COLUMN, failingValues, type Primitive, typeOf } from './primitive';

/** Texts that are shorter or longer than they may be, in characters (code points). */
export interface Length {
  readonly kind: 'length';
  readonly column: string;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

const CHARACTERS = { type: 'integer', minimum: 0, description: 'a whole number of characters.' };

export const length: Primitive<Length> = Object.freeze<Primitive<Length>>({
  kind: 'length',
  summary: 'rows whose text has fewer characters than `min` or more than `max`',
  type: 'conformity',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ column: COLUMN, min: CHARACTERS, max: CHARACTERS }, ['column']),
  columnsOf: ({ column }) => [column],
  fault: ({ column, min, max }, columns) => {
    const type = typeOf(columns, column);
    if (type !== 'VARCHAR') return { argument: 'column', message: `\`${column}\` is ${type ?? 'unknown'} and has no length.`, fix: 'Use a column of text.' };
    return min === undefined && max === undefined ? { argument: 'min', message: 'A length has neither `min` nor `max`.', fix: 'Give one of them, or both.' } : undefined;
  },
  measure: ({ column, min, max }) => {
    const characters = `length(${quoteIdent(column)})`;
    return failingValues(column, [...(min === undefined ? [] : [`${characters} >= ${min}`]), ...(max === undefined ? [] : [`${characters} <= ${max}`])].join(' and '));
  },
});
