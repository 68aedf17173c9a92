import { argumentSchema, COLUMN_LIST, FLAG, type Primitive } from './primitive';

/** How many columns the dataset has; with `names` how many of those are missing, and unless `others` are allowed how many there are besides. */
export interface Columns {
  readonly kind: 'columns';
  readonly names?: readonly string[] | undefined;
  readonly others?: boolean | undefined;
}

export const columns: Primitive<Columns> = Object.freeze<Primitive<Columns>>({
  kind: 'columns',
  summary: 'columns of the dataset; with `names` those that are missing and, unless `others: true`, those that are not named',
  type: 'conformity',
  gives: 'number',
  unit: 'value',
  share: false,
  schema: argumentSchema({ names: COLUMN_LIST, others: FLAG }),
  columnsOf: () => [],
  measure: ({ names, others }, { columns: there }) => {
    const missing = names?.filter((name) => there.every((column) => column.name !== name)).length ?? 0;
    const besides = there.filter(({ name }) => names?.includes(name) !== true).length;
    return { by: 'aggregate', number: String(missing + (others ? 0 : besides)), empty: 'counts' };
  },
});
