import { WeirError } from '../../errors';
import { quoteIdent } from '../../sql/quote';
import { argumentSchema, COLUMN_LIST, presentSql, type Primitive } from './primitive';

/** Rows whose values do not occur in another dataset. */
export interface Reference {
  readonly kind: 'reference';
  readonly columns: readonly string[];
  /** Qualified by its zone, or by its pipeline where it is another one's: `silver.customers`, `shop.customers`. */
  readonly dataset: string;
  /** The columns there, in the same order. */
  readonly in: readonly string[];
}

export const reference: Primitive<Reference> = Object.freeze<Primitive<Reference>>({
  kind: 'reference',
  summary: 'rows whose values in `columns` do not occur in the columns `in` of another `dataset`',
  type: 'consistency',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema({ columns: COLUMN_LIST, dataset: { type: 'string', minLength: 1, description: 'a dataset such as silver.customers, or shop.customers of another pipeline.' }, in: COLUMN_LIST }, ['columns', 'dataset', 'in']),
  columnsOf: ({ columns }) => columns,
  fault: ({ columns, in: there }) => (columns.length === there.length ? undefined : { argument: 'in', message: `\`in\` names ${there.length} columns and \`columns\` ${columns.length}.`, fix: 'Name as many on both sides.' }),
  measure: ({ columns, dataset, in: there }, { others }) => {
    const other = others.get(dataset);
    if (!other) return { by: 'nothing', reason: `${dataset} was never published` };
    if ('fault' in other) throw new WeirError({ code: 'UNKNOWN_DATASET', place: dataset, message: other.fault });
    const present = presentSql(columns);
    const [own, far] = [columns.map(quoteIdent).join(', '), there.map(quoteIdent).join(', ')];
    // One value for all columns: a list of rows cannot be a sub-select's.
    const [mine, theirs] = columns.length === 1 ? [own, far] : [`row(${own})`, `row(${far})`];
    return { by: 'rows', present, failing: `(${present} and ${mine} not in (select ${theirs} from ${other.relation} where ${presentSql(there)}))` };
  },
});
