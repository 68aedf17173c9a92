import type { Column } from '../definition/definition';
import { type SqlInspector, isSqlProblem } from '../definition/sql-inspector';
import type { ErrorCode } from '../errors';
import { quoteQualified } from '../sql/quote';
import { columnTypeOf, isNumeric } from './column-type';

/** What is wrong with an SQL text of a contract. */
export interface SqlFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fix?: string;
}

/** The dataset that a rule or check is about. */
export interface SqlSubject {
  /** Such as `bronze.orders`. */
  readonly qualified: string;
  readonly columns: readonly Column[];
}

/**
 * What is wrong with a row predicate; undefined when it is one boolean expression over the row's own columns.
 * Later stages put it between parentheses, so it must neither close them nor hide them behind a comment: what parses between both kinds of brackets does not.
 */
export async function predicateFault(predicate: string, subject: SqlSubject, sql: SqlInspector): Promise<SqlFault | undefined> {
  const from = `from ${quoteQualified(...subject.qualified.split('.'))}`;
  for (const [open, close] of [['(', ')'], ['[', ']']] as const) {
    const parsed = await sql.inspect(`select ${open}${predicate}${close} ${from}`);
    if (isSqlProblem(parsed)) return { code: parsed.code, message: parsed.message };
    if (!parsed.rowShaped || parsed.inputs.some((input) => input !== subject.qualified)) {
      return { code: 'FORBIDDEN_SQL', message: 'A row rule may use the columns of its row only.', fix: 'Leave out aggregates, windows and sub-selects; what needs several rows is a dataset check (type: sql).' };
    }
  }
  const described = await sql.describe(`select (${predicate}) as passed ${from}`, new Map([[subject.qualified, subject.columns]]));
  if (isSqlProblem(described)) return { code: described.code, message: described.message };
  const [type, ...others] = described.map((column) => column.type.toUpperCase());
  if (type === 'BOOLEAN' && others.length === 0) return undefined;
  return { code: 'INVALID_VALUE', message: `A row rule must be true or false; this one is ${type ?? 'nothing'}.`, fix: 'Write a comparison, such as unit_price >= 0.' };
}

/** What is wrong with the query of a check; undefined when it gives one number from its own dataset. */
export async function queryFault(query: string, subject: SqlSubject, sql: SqlInspector): Promise<SqlFault | undefined> {
  const bound = query.replaceAll('${dataset}', quoteQualified(...subject.qualified.split('.')));
  const parsed = await sql.inspect(bound);
  if (isSqlProblem(parsed)) return { code: parsed.code, message: parsed.message };
  const strange = parsed.inputs.find((input) => input !== subject.qualified);
  if (strange !== undefined) return { code: 'UNKNOWN_DATASET', message: `The query of a check may read its own dataset only, not \`${strange}\`.`, fix: 'Name it as ${object}.' };
  if (parsed.inputs.length === 0) return { code: 'INVALID_VALUE', message: 'The query of a check does not read its dataset.', fix: 'Name it as ${object} after FROM.' };
  // Later stages put it between parentheses, which a comment at its end would hide.
  const wrapped = await sql.inspect(`select (${bound})::double as n`);
  if (isSqlProblem(wrapped)) return { code: wrapped.code, message: wrapped.message, fix: 'Leave out a comment at the end.' };
  const described = await sql.describe(bound, new Map([[subject.qualified, subject.columns]]));
  if (isSqlProblem(described)) return { code: described.code, message: described.message };
  const [first, ...others] = described;
  const type = first && columnTypeOf(first.type);
  if (type && isNumeric(type) && others.length === 0) return undefined;
  return { code: 'INVALID_VALUE', message: `The query of a check must give one number; this one gives ${described.map((column) => column.type).join(', ')}.`, fix: 'Select one number, such as count(*).' };
}
