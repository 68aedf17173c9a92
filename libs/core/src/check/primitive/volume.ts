import { argumentSchema, type Primitive } from './primitive';

/** Rows of this run beside those of earlier ones: 1 is as many as the median of them. */
export interface Volume {
  readonly kind: 'volume';
  /** How many earlier grains are looked at. */
  readonly last: number;
  /** With fewer of them nothing is judged. */
  readonly atLeast: number;
}

/** Most earlier grains that a check looks at. */
export const MOST_HISTORY = 365;

const DEFAULT_LAST = 7;
const DEFAULT_AT_LEAST = 3;

export const volume: Primitive<Volume> = Object.freeze<Primitive<Volume>>({
  kind: 'volume',
  summary: `rows of a grain beside the median of the \`last\` (${DEFAULT_LAST}) before it; not judged with fewer than \`atLeast\` (${DEFAULT_AT_LEAST}) of them`,
  type: 'coverage',
  gives: 'number',
  unit: 'value',
  share: false,
  schema: argumentSchema({
    last: { type: 'integer', minimum: 1, maximum: MOST_HISTORY, default: DEFAULT_LAST, description: 'how many earlier grains count.' },
    atLeast: { type: 'integer', minimum: 1, maximum: MOST_HISTORY, default: DEFAULT_AT_LEAST, description: 'how many earlier grains there must be.' },
  }),
  columnsOf: () => [],
  fault: ({ last, atLeast }) => (atLeast > last ? { argument: 'atLeast', message: `\`atLeast\` is ${atLeast}, and only ${last} earlier grains are looked at.`, fix: 'Make `last` as many.' } : undefined),
  measure: ({ last, atLeast }, { history, grains }) => {
    const earlier = history.slice(0, last);
    if (earlier.length < atLeast) return { by: 'nothing', reason: `no history yet: ${earlier.length} of ${atLeast}` };
    // No rows are as many as there were when there were none; any rows are more than any multiple of that.
    return { by: 'aggregate', number: `case when count(*) = 0 and ${median(earlier)} = 0 then 1 else count(*)::DOUBLE / ${Math.max(1, grains)} / ${median(earlier)} end`, empty: 'counts' };
  },
});

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
