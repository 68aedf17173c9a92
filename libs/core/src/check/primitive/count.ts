import { argumentSchema, type Primitive } from './primitive';

/** Rows of the dataset. */
export interface Count {
  readonly kind: 'count';
}

export const count: Primitive<Count> = Object.freeze<Primitive<Count>>({
  kind: 'count',
  summary: 'rows of the dataset',
  type: 'coverage',
  gives: 'number',
  unit: 'rows',
  share: false,
  schema: argumentSchema({}),
  columnsOf: () => [],
  measure: () => ({ by: 'aggregate', number: 'count(*)', empty: 'counts' }),
});
