import type { Check } from '../check/check';
import { compileCheck } from '../check/compile-check';
import type { Measure, MeasureOf } from '../check/measure';
import type { ArgumentFault, MeasureContext, Primitive } from '../check/primitive/primitive';
import { PRIMITIVES } from '../check/primitives';
import type { Column } from '../definition/definition';
import { type SqlInspector, isSqlProblem } from '../definition/sql-inspector';
import type { ErrorFields } from '../errors';
import { quoteQualified } from '../sql/quote';
import { suggest } from '../suggest';
import type { Report } from '../yaml/report';
import type { YamlPath } from '../yaml/yaml-text';
import { isNumeric } from './column-type';
import { type PlacedCheck, unknownColumn } from './parse-quality';
import { type SqlSubject, predicateFault, queryFault } from './verify-sql';

/** Looks up the columns of a dataset that a check refers to, or says why it cannot be read. */
export type FindDataset = (reference: string) => Promise<readonly Column[] | ErrorFields>;

/** What checks are held against. */
export interface ChecksContext {
  readonly subject: SqlSubject;
  readonly sql: SqlInspector;
  readonly find: FindDataset;
}

/** Holds the checks of a dataset against its columns, and their SQL against the engine's parser; reports what is wrong at its place. */
export async function compileChecks(checks: readonly PlacedCheck[], context: ChecksContext, report: Report): Promise<Check[]> {
  for (const placed of checks) {
    const fault = await faultOf(placed.check, context);
    if (fault) report.add(fault.code ?? 'INVALID_VALUE', placeOf(placed, fault), `The check \`${placed.check.id}\`: ${fault.message}`, fault.fix);
  }
  return checks.map(({ check }) => check);
}

type CheckFault = Pick<ArgumentFault, 'argument' | 'message'> & Partial<Pick<ErrorFields, 'code' | 'fix'>>;

/** A missing key has the place of what it is missing from. */
function placeOf({ path, argumentsPath, check }: PlacedCheck, { argument }: CheckFault): YamlPath {
  return check.measure.kind === 'sql' && argumentsPath === path ? [...path, 'query'] : [...argumentsPath, argument];
}

async function faultOf(check: Check, { subject, sql, find }: ChecksContext): Promise<CheckFault | undefined> {
  const { measure } = check;
  const unknown = unknownColumn(check, subject.columns.map(({ name }) => name), subject.qualified);
  if (unknown) return unknown;
  const { fault } = PRIMITIVES[measure.kind] as unknown as Pick<Primitive<Measure>, 'fault'>;
  const wrong = fault?.(measure, subject.columns) ?? instantFault(check, subject.columns);
  if (wrong) return wrong;
  if (measure.kind === 'sql') return withArgument('query', await queryFault(measure.query, subject, sql));
  if (measure.kind === 'row') return withArgument('predicate', (await predicateFault(measure.predicate, subject, sql)) ?? (measure.where === undefined ? undefined : await predicateFault(measure.where, subject, sql)));
  if (measure.kind === 'reference') return referenceFault(measure, subject, await find(measure.dataset));
  return withArgument('', await boundFault(check, subject, sql));
}

function withArgument(argument: string, fault: Omit<CheckFault, 'argument'> | undefined): CheckFault | undefined {
  return fault && { argument, ...fault };
}

/** Bounds that are dates need a number that is one, and the other way round. */
function instantFault({ measure, threshold }: Check, columns: readonly Column[]): CheckFault | undefined {
  if (measure.kind !== 'statistic') return undefined;
  const type = columns.find(({ name }) => name === measure.column)?.type;
  const temporal = type === 'DATE' || type === 'TIMESTAMP';
  if (temporal === (threshold.unit === 'instant')) return undefined;
  return { argument: 'column', message: `\`${measure.column}\` is ${type ?? 'unknown'}, and the bounds are ${temporal ? 'numbers' : 'dates or times'}.`, fix: temporal ? 'Write dates or times in quotes, such as "2010-12-01".' : 'Write numbers.' };
}

/** The engine finds what is wrong with a pattern when it binds the SQL. */
async function boundFault(check: Check, { qualified, columns }: SqlSubject, sql: SqlInspector): Promise<Omit<CheckFault, 'argument'> | undefined> {
  const relation = quoteQualified(...qualified.split('.'));
  const context: MeasureContext = { relation, columns, until: '2000-01-01T00:00:00Z', history: [], grains: 1, others: new Map() };
  const { measurement } = compileCheck(check, context);
  const expression = measurement.by === 'rows' ? measurement.failing : measurement.by === 'aggregate' ? measurement.number : undefined;
  if (expression === undefined) return undefined;
  const described = await sql.describe(`select ${expression} as n from ${relation}`, new Map([[qualified, columns]]));
  return isSqlProblem(described) ? { code: described.code, message: described.message } : undefined;
}

function referenceFault({ columns, dataset, in: there }: MeasureOf<'reference'>, subject: SqlSubject, found: readonly Column[] | ErrorFields): CheckFault | undefined {
  if (dataset === subject.qualified) return { argument: 'dataset', message: 'A dataset has all of its own values.', fix: 'Name another dataset.' };
  if ('code' in found) return { argument: 'dataset', ...found };
  for (const [n, name] of there.entries()) {
    const other = found.find((column) => column.name === name);
    const own = subject.columns.find((column) => column.name === columns[n]);
    if (!other) return { argument: 'in', message: `\`${name}\` is not a column of ${dataset}.`, fix: suggest(name, found.map((column) => column.name)) };
    if (own && own.type !== other.type && !(isNumeric(own.type) && isNumeric(other.type))) return { argument: 'in', message: `\`${own.name}\` is ${own.type} and ${dataset}.${name} is ${other.type}: they do not compare.`, fix: 'Name columns of one type.' };
  }
  return undefined;
}
