import { quoteIdent, quoteLiteral } from '../../sql/quote';
import { argumentSchema, COLUMN, type Primitive, typeOf } from './primitive';

/** Age of the newest event: seconds from the greatest value of a column to the end of the interval, or to now where there is none. A date is its midnight, UTC. */
export interface Freshness {
  readonly kind: 'freshness';
  readonly column: string;
}

export const freshness: Primitive<Freshness> = Object.freeze<Primitive<Freshness>>({
  kind: 'freshness',
  summary: "time from the newest value to the end of the run's interval, to now where there is none; no rows are never fresh",
  type: 'timeliness',
  gives: 'number',
  unit: 'seconds',
  share: false,
  schema: argumentSchema({ column: COLUMN }, ['column']),
  columnsOf: ({ column }) => [column],
  fault: ({ column }, columns) => {
    const type = typeOf(columns, column);
    return type === 'DATE' || type === 'TIMESTAMP' ? undefined : { argument: 'column', message: `\`${column}\` is ${type ?? 'unknown'}, not a time.`, fix: 'Use a column of dates or times.' };
  },
  measure: ({ column }, { until }) => ({ by: 'aggregate', number: `epoch(timestamp ${quoteLiteral(until.slice(0, 19).replace('T', ' '))}) - epoch(max(${quoteIdent(column)}))`, empty: 'fails' }),
});
