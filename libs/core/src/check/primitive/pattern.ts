import { quoteIdent, quoteLiteral } from '../../sql/quote';
import { argumentSchema, COLUMN, failingValues, FLAG, type Primitive } from './primitive';

/** Values whose text does not match patterns, or with `not` those whose text does. */
export interface Pattern {
  readonly kind: 'pattern';
  readonly column: string;
  readonly patterns: readonly string[];
  /** `like`: SQL LIKE patterns for the whole text; otherwise regular expressions (RE2) that match anywhere in it. */
  readonly syntax?: 'like' | undefined;
  /** `all`: every pattern must match; otherwise one is enough. */
  readonly match?: 'all' | undefined;
  /** None of the patterns may match. */
  readonly not?: boolean | undefined;
}

export const pattern: Primitive<Pattern> = Object.freeze<Primitive<Pattern>>({
  kind: 'pattern',
  summary: 'rows whose value matches none of `patterns` (with `match: all` not all of them); with `not: true` rows whose value matches one',
  type: 'conformity',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema(
    {
      column: COLUMN,
      patterns: { type: 'array', minItems: 1, maxItems: 100, items: { type: 'string', minLength: 1, description: 'a pattern.' }, description: 'a list of regular expressions, in quotes.' },
      syntax: { enum: ['like'], description: 'like: for SQL LIKE patterns.' },
      match: { enum: ['all'], description: 'all: when every pattern has to match.' },
      not: FLAG,
    },
    ['column', 'patterns'],
  ),
  columnsOf: ({ column }) => [column],
  measure: ({ column, patterns, syntax, match, not }) => {
    const text = `${quoteIdent(column)}::VARCHAR`;
    const tests = patterns.map((one) => (syntax === 'like' ? `${text} like ${quoteLiteral(one)}` : `regexp_matches(${text}, ${quoteLiteral(one)})`));
    const joined = `(${tests.join(match === 'all' ? ' and ' : ' or ')})`;
    return failingValues(column, not ? `not ${joined}` : joined);
  },
});
