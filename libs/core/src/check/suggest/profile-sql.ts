import { isNumeric } from '../../contract/column-type';
import type { Column } from '../../definition/definition';
import { quoteIdent, quoteLiteral } from '../../sql/quote';
import type { ColumnProfile } from './profile';

/** Most rows that quantiles are taken of: the engine holds all their values in memory. */
export const SAMPLE_ROWS = 2_000_000;

/** Most values of a column that has few. */
export const FEW_VALUES = 20;

/** What the estimate of different values may say of a column that has few: it is off by half at times. */
const FEW_ESTIMATED = 3 * FEW_VALUES;

/** Longest text that may be one of few values. */
const LONGEST_VALUE = 100;

export const EMAIL_PATTERN = '^[\\w\\.-]+@[\\w\\.-]+\\.\\w+$';

/** Whether a column's name speaks of e-mail addresses. */
export function isEmailLike({ name, type }: Column): boolean {
  return type === 'VARCHAR' && /e_?mail/.test(name);
}

/** One row of numbers for all columns, in one scan: `rows`, and for the n-th column `present<n>`, `distinct<n>` and what its type has besides. */
export function profileSql(relation: string, columns: readonly Column[]): string {
  return `select ${['count(*) as rows', ...columns.flatMap(aggregatesOf)].join(', ')} from ${relation}`;
}

function aggregatesOf(column: Column, n: number): string[] {
  const name = quoteIdent(column.name);
  const finite = column.type === 'DOUBLE' ? ` filter (where isfinite(${name}))` : '';
  const ordered = isOrdered(column) ? [`min(${name})${finite}::VARCHAR as min${n}`, `max(${name})${finite}::VARCHAR as max${n}`] : [];
  const lengths = column.type === 'VARCHAR' ? [`min(length(${name})) as shortest${n}`, `max(length(${name})) as longest${n}`] : [];
  const emails = isEmailLike(column) ? [`count(*) filter (where regexp_matches(${name}, ${quoteLiteral(EMAIL_PATTERN)})) as emails${n}`] : [];
  return [`count(${name}) as present${n}`, `approx_count_distinct(${name}) as distinct${n}`, ...ordered, ...lengths, ...emails];
}

function isOrdered({ type }: Column): boolean {
  return isNumeric(type) || type === 'DATE' || type === 'TIMESTAMP';
}

/** The profiles that a row of `profileSql` gives; quantiles and values are asked for by themselves. */
export function readProfile(row: Readonly<Record<string, unknown>>, columns: readonly Column[]): { readonly rows: number; readonly columns: readonly ColumnProfile[] } {
  const rows = Number(row['rows'] ?? 0);
  const numberAt = (key: string): number | undefined => (typeof row[key] === 'number' ? row[key] : undefined);
  const textAt = (key: string): string | undefined => (typeof row[key] === 'string' ? row[key] : undefined);
  const profiles = columns.map(({ name, type }, n): ColumnProfile => ({
    name, type, nulls: rows - (numberAt(`present${n}`) ?? 0), distinct: numberAt(`distinct${n}`) ?? 0, min: textAt(`min${n}`), max: textAt(`max${n}`),
    shortest: numberAt(`shortest${n}`), longest: numberAt(`longest${n}`), emails: numberAt(`emails${n}`),
  }));
  return { rows, columns: profiles };
}

/** The rows that quantiles are taken of: all of them, or of many those whose hash says so. So the same rows are taken whatever their order. */
export function sampleSql(relation: string, columns: readonly Column[], rows: number): string {
  const every = Math.ceil(rows / SAMPLE_ROWS);
  const names = columns.map(({ name }) => quoteIdent(name)).join(', ');
  return `select ${names} from ${relation}${every <= 1 ? '' : ` where hash(${names}) % ${every} = 0`}`;
}

/** Quantiles of a column of numbers, as one row `low`, `high`; undefined for other columns. */
export function quantilesSql(relation: string, { name, type }: Column): string | undefined {
  if (!isNumeric(type)) return undefined;
  const number = `${quoteIdent(name)}::DOUBLE`;
  const of = (share: number): string => `quantile_disc(${number}, ${share}) filter (where isfinite(${number}))`;
  return `select ${of(0.01)} as low, ${of(0.99)} as high from ${relation}`;
}

/** The values of a column that seems to have few, as rows `value`: one more than few where it has more. Undefined for other columns. */
export function valuesSql(relation: string, { name, type, distinct, longest = 0 }: ColumnProfile): string | undefined {
  if (type !== 'VARCHAR' || distinct === 0 || distinct > FEW_ESTIMATED || longest > LONGEST_VALUE) return undefined;
  const column = quoteIdent(name);
  return `select distinct ${column} as value from ${relation} where ${column} is not null order by 1 limit ${FEW_VALUES + 1}`;
}

/** How old the newest value of a time column was at the end of each grain, as one row `oldest` in seconds and `grains`. `partition` is the column that has the start of a row's grain. */
export function ageSql(relation: string, column: string, partition: string, grainSeconds: number): string {
  const end = `epoch(${quoteIdent(partition)}::TIMESTAMP) + ${grainSeconds}`;
  const grains = `select ${end} - epoch(max(${quoteIdent(column)})) as age from ${relation} where ${quoteIdent(partition)} <> 'all' group by ${quoteIdent(partition)}`;
  return `select max(age) as oldest, count(age) as grains from (${grains})`;
}
