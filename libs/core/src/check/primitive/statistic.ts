import { isNumeric } from '../../contract/column-type';
import type { Column } from '../../definition/definition';
import { quoteIdent } from '../../sql/quote';
import { argumentSchema, COLUMN, type ArgumentFault, type Primitive, typeOf } from './primitive';

const STATISTICS = ['min', 'max', 'mean', 'median', 'stdev', 'sum'] as const;

/** One number about the values of a column; of dates and times seconds since 1970. `stdev` is that of a sample. */
export interface Statistic {
  readonly kind: 'statistic';
  readonly column: string;
  readonly statistic: (typeof STATISTICS)[number];
}

export const statistic: Primitive<Statistic> = Object.freeze<Primitive<Statistic>>({
  kind: 'statistic',
  summary: `one of ${STATISTICS.join(', ')} of the values`,
  type: 'accuracy',
  gives: 'number',
  unit: 'value',
  share: false,
  schema: argumentSchema({ column: COLUMN, statistic: { enum: STATISTICS, description: `one of ${STATISTICS.join(', ')}.` } }, ['column', 'statistic']),
  columnsOf: ({ column }) => [column],
  fault: statisticFault,
  measure: ({ column, statistic: wanted }, { columns }) => {
    const name = quoteIdent(column);
    const type = typeOf(columns, column);
    if (type === 'DATE' || type === 'TIMESTAMP') return { by: 'aggregate', number: `epoch(${wanted}(${name}))` };
    const sql: Record<Statistic['statistic'], string> = { min: `min(${name})`, max: `max(${name})`, mean: `avg(${name})`, median: `median(${name}::DOUBLE)`, stdev: `stddev_samp(${name})`, sum: `sum(${name})` };
    return { by: 'aggregate', number: sql[wanted] };
  },
});

function statisticFault({ column, statistic: wanted }: Statistic, columns: readonly Column[]): ArgumentFault | undefined {
  const type = typeOf(columns, column);
  if (type === undefined || isNumeric(type)) return undefined;
  if (type !== 'DATE' && type !== 'TIMESTAMP') return { argument: 'column', message: `\`${column}\` is ${type}: it has no ${wanted}.`, fix: 'Use a column of numbers.' };
  return wanted === 'min' || wanted === 'max' ? undefined : { argument: 'column', message: `\`${column}\` is ${type}: it has no ${wanted}.`, fix: 'Use min or max, or a column of numbers.' };
}
