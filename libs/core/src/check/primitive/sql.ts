import { argumentSchema, type Primitive } from './primitive';

/** The number that one SELECT over `${dataset}` gives. */
export interface Sql {
  readonly kind: 'sql';
  readonly query: string;
}

export const sql: Primitive<Sql> = Object.freeze<Primitive<Sql>>({
  kind: 'sql',
  summary: 'the number that a SELECT over `${object}` gives',
  type: 'accuracy',
  gives: 'number',
  unit: 'value',
  share: false,
  schema: argumentSchema({ query: { type: 'string', minLength: 1, description: 'one SELECT over ${object} that gives one number.' } }, ['query']),
  columnsOf: () => [],
  measure: ({ query }, { relation }) => ({ by: 'query', query: query.replaceAll('${dataset}', () => relation) }),
});
