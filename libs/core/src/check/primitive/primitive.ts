import type { Column } from '../../definition/definition';
import { quoteIdent } from '../../sql/quote';
import type { JsonSchema } from '../../yaml/validate-yaml';
import type { CheckType, Unit } from '../check';

/** How SQL measures a check. */
export type Measurement =
  /** Counts rows one by one, which sums over any parts of a dataset. `failing`: boolean SQL over the row, never null. `present`: rows that have the values; all of them where it is left out. */
  | { readonly by: 'rows'; readonly failing: string; readonly present?: string | undefined }
  /** An aggregate over all rows that gives one number; null where there is nothing to measure. `text`: an aggregate that shows it to people instead of the number.
   * `empty`: what a dataset without rows is; it passes where it is left out, because nothing in it is wrong. */
  | { readonly by: 'aggregate'; readonly number: string; readonly text?: string | undefined; readonly empty?: 'counts' | 'fails' | undefined }
  /** An aggregate over groups of rows with equal values, of which it sees the size as `n`. Measures with the same columns and `present` share the groups. */
  | { readonly by: 'groups'; readonly columns: readonly string[]; readonly present: string; readonly number: string }
  /** A whole SELECT of one number. */
  | { readonly by: 'query'; readonly query: string }
  /** Nothing: it cannot be measured yet, and passes. */
  | { readonly by: 'nothing'; readonly reason: string };

/** What a measure may look at besides the rows. */
export interface MeasureContext {
  /** The relation of the rows, as SQL. */
  readonly relation: string;
  /** Of the dataset. */
  readonly columns: readonly Column[];
  /** Canonical instant up to which rows were to be there: the end of the interval, or now where there is none. */
  readonly until: string;
  /** Rows of each of the last grains or runs before this one, the newest first. */
  readonly history: readonly number[];
  /** How many of them the rows of this run are worth. */
  readonly grains: number;
  /** Other datasets by the name that contracts give them; those that were never published are not among them. */
  readonly others: ReadonlyMap<string, OtherDataset>;
}

/** An SQL relation of the rows of another dataset, or why it cannot be read. */
export type OtherDataset = { readonly relation: string } | { readonly fault: string };

/** What is wrong with an argument. */
export interface ArgumentFault {
  readonly argument: string;
  readonly message: string;
  readonly fix: string;
}

/** One kind of measure. */
export interface Primitive<Arguments extends { readonly kind: string }> {
  readonly kind: Arguments['kind'];
  /** What its number is, for people. */
  readonly summary: string;
  /** Dimension of its checks unless they say another. */
  readonly type: CheckType;
  /** Whether it counts failing rows, none of which is allowed unless a threshold says otherwise, or gives a number that needs a threshold. */
  readonly gives: 'failing rows' | 'number';
  readonly unit: Unit;
  /** Whether its number has a share: percent of rows, or of values. */
  readonly share: boolean;
  /** JSON Schema of its arguments without `kind`, as contracts write them. */
  readonly schema: ArgumentSchema;
  /** The columns that it names. */
  readonly columnsOf: (measure: Arguments) => readonly string[];
  /** What is wrong with arguments that the schema lets through, now that the types of the columns are known. */
  readonly fault?: ((measure: Arguments, columns: readonly Column[]) => ArgumentFault | undefined) | undefined;
  readonly measure: (measure: Arguments, context: MeasureContext) => Measurement;
}

/** JSON Schema of a mapping of arguments. */
export interface ArgumentSchema extends JsonSchema {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, JsonSchema>>;
}

/** The schema of arguments; those named in `required` must be there. */
export function argumentSchema(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): ArgumentSchema {
  return { title: 'set of arguments', description: 'Write a mapping of arguments.', type: 'object', additionalProperties: false, required, properties };
}

/** Schemas that many primitives share. `description` is the fix that a reader gets. */
export const COLUMN: JsonSchema = { type: 'string', minLength: 1, description: 'the name of a column.' };
export const COLUMN_LIST: JsonSchema = { type: 'array', minItems: 1, maxItems: 100, items: COLUMN, description: 'a list of columns.' };
export const BOUND: JsonSchema = { type: ['number', 'string'], description: 'a number, or a date or time in quotes.' };
export const VALUE_LIST: JsonSchema = { type: 'array', minItems: 1, maxItems: 10_000, items: { type: ['string', 'number', 'boolean'], description: 'Write text, a number, true or false.' }, description: 'a list of values.' };
export const FLAG: JsonSchema = { type: 'boolean', description: 'true or false.' };

/** The type of a column; undefined for one that is not there. */
export function typeOf(columns: readonly Column[], name: string): Column['type'] | undefined {
  return columns.find((column) => column.name === name)?.type;
}

/** SQL that is true for rows in which all columns have values. */
export function presentSql(columns: readonly string[]): string {
  return columns.map((column) => `${quoteIdent(column)} is not null`).join(' and ');
}

/** A measure of rows whose one column has a value that `ok` is not true for. */
export function failingValues(column: string, ok: string): Measurement {
  const present = `${quoteIdent(column)} is not null`;
  return { by: 'rows', present, failing: `(${present} and not (${ok}))` };
}
