import { isNumeric } from '../../contract/column-type';
import type { Column } from '../../definition/definition';
import { quoteIdent } from '../../sql/quote';
import { valueLiteral } from '../../sql/value-literal';
import { shownValue } from '../../yaml/validate-yaml';
import { type ArgumentFault, argumentSchema, COLUMN, type Primitive, typeOf } from './primitive';
import { SKIP, type Skip, skippedSql } from './unique';

const OPERATORS = ['=', '!=', '<', '<=', '>', '>=', 'in'] as const;

/** Rows in which two columns do not stand to each other as they should. */
export interface Pair {
  readonly kind: 'pair';
  readonly columns: readonly [string, string];
  readonly operator: (typeof OPERATORS)[number];
  /** Of `in`: pairs of values. */
  readonly values?: readonly (readonly [string | number | boolean, string | number | boolean])[] | undefined;
  /** A row that is not left out and has a null fails. */
  readonly skip?: Skip | undefined;
}

const VALUE = { type: ['string', 'number', 'boolean'], description: 'Write text, a number, true or false.' };

export const pair: Primitive<Pair> = Object.freeze<Primitive<Pair>>({
  kind: 'pair',
  summary: 'rows in which `columns: [a, b]` are not a `operator` b',
  type: 'consistency',
  gives: 'failing rows',
  unit: 'rows',
  share: true,
  schema: argumentSchema(
    {
      columns: { type: 'array', minItems: 2, maxItems: 2, items: COLUMN, description: 'two columns, such as [shipped_at, ordered_at].' },
      operator: { enum: OPERATORS, description: `one of ${OPERATORS.join(', ')}.` },
      values: { type: 'array', minItems: 1, maxItems: 10_000, items: { type: 'array', minItems: 2, maxItems: 2, items: VALUE, description: 'Write a pair of values.' }, description: 'pairs of values, such as [[AT, EUR], [GB, GBP]].' },
      skip: SKIP,
    },
    ['columns', 'operator'],
  ),
  columnsOf: ({ columns }) => columns,
  fault: pairFault,
  measure: ({ columns: [a, b], operator, values = [], skip = 'any' }, { columns }) => {
    const present = skippedSql([a, b], skip);
    const holds = operator === 'in' ? pairsSql([a, b], values, columns) : `${quoteIdent(a)} ${operator} ${quoteIdent(b)}`;
    return { by: 'rows', present, failing: `(${present} and not coalesce(${holds}, false))` };
  },
});

function pairsSql([a, b]: readonly [string, string], values: NonNullable<Pair['values']>, columns: readonly Column[]): string {
  const equals = (name: string, value: string | number | boolean): string => `${quoteIdent(name)} = ${valueLiteral(value, typeOf(columns, name) ?? 'VARCHAR') ?? 'null'}`;
  return `(${values.map(([one, other]) => `(${equals(a, one)} and ${equals(b, other)})`).join(' or ') || 'false'})`;
}

function pairFault({ columns: names, operator, values }: Pair, columns: readonly Column[]): ArgumentFault | undefined {
  const [a, b] = names.map((name) => typeOf(columns, name) ?? 'VARCHAR');
  if ((operator === 'in') !== (values !== undefined)) return { argument: operator === 'in' ? 'operator' : 'values', message: '`values` and the operator `in` go together.', fix: operator === 'in' ? 'Add `values`.' : 'Use the operator in.' };
  if (operator !== 'in' && family(a) !== family(b)) return { argument: 'columns', message: `\`${names[0]}\` is ${a} and \`${names[1]}\` is ${b}: they do not compare.`, fix: 'Use columns of one kind, or a row rule with a cast.' };
  for (const [n, name] of names.entries()) {
    const strange = values?.map((both) => both[n] ?? '').find((value) => valueLiteral(value, typeOf(columns, name) ?? 'VARCHAR') === undefined);
    if (strange !== undefined) return { argument: 'values', message: `No value of \`${name}\` can be ${shownValue(strange)}: the column is ${typeOf(columns, name) ?? 'unknown'}.`, fix: 'Remove the pair.' };
  }
  return undefined;
}

function family(type: Column['type'] | undefined): string {
  if (type === undefined || isNumeric(type)) return 'number';
  return type === 'DATE' || type === 'TIMESTAMP' ? 'time' : type;
}
