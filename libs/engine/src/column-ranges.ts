import { quoteIdent, quoteLiteral, type Column } from '@weir/core';
import type { Engine } from './engine';

/** Between which values the rows of a file lie in a column; none of them is null there. */
export interface ColumnRange {
  readonly column: string;
  readonly type: string;
  /** Texts of whole numbers: of decimals without their point, of dates days and of timestamps microseconds since 1970. Texts as they are, ordered by their bytes. */
  readonly low: string;
  readonly high: string;
}

/** Longer texts are bounds of nothing. */
const MAX_TEXT_BYTES = 256;

/** What the query gives of a file: bounds as text, `known` false where they do not hold for every row. */
type BoundsRow = Readonly<Record<string, string | boolean | null>> & { readonly filename: string };

/** Whether ranges of a type are worth telling. */
export function hasRange(type: string): boolean {
  return comparable('value', type) !== undefined;
}

/** The ranges of these columns in Parquet files, by path, all in one statement. A file may lack a column, which is then null, or have it with another type, which is cast; what is not known is left out. */
export async function columnRanges(engine: Engine, paths: readonly string[], columns: readonly Column[], name: string): Promise<Map<string, ColumnRange[]>> {
  const told = columns.filter(({ type }) => hasRange(type));
  if (paths.length === 0 || told.length === 0) return new Map();
  const rows = await engine.rows<BoundsRow>(boundsSql(told, paths), name);
  return new Map(rows.map((row) => [row.filename, told.flatMap((column, at) => rangeOf(row, at, column) ?? [])]));
}

function boundsSql(columns: readonly Column[], paths: readonly string[]): string {
  const typed = columns.map(({ name, type }) => `null::${type} as ${quoteIdent(name)}`).join(', ');
  const bounds = columns.flatMap(({ name, type }, at) => {
    const value = comparable(`${quoteIdent(name)}::${type}`, type);
    return value === undefined ? [] : [`min(${value})::VARCHAR as low${at}`, `max(${value})::VARCHAR as high${at}`, `count(${value}) = count(*) as known${at}`];
  });
  const rows = `select ${typed}, null::VARCHAR as filename where false union all by name select * from read_parquet([${paths.map(quoteLiteral).join(', ')}], union_by_name = true, filename = true, hive_partitioning = false)`;
  return `select filename, ${bounds.join(', ')} from (${rows}) group by filename`;
}

/** An expression that orders as the column does and whose text is exact; undefined for types whose order is not worth telling. */
function comparable(column: string, type: string): string | undefined {
  if (type === 'VARCHAR') return `case when strlen(${column}) <= ${MAX_TEXT_BYTES} then ${column} end`;
  if (type === 'DATE') return `case when isfinite(${column}) then ${column} - date '1970-01-01' end`;
  if (type === 'TIMESTAMP') return `case when isfinite(${column}) then epoch_us(${column}) end`;
  return type === 'BIGINT' || type.startsWith('DECIMAL') ? column : undefined;
}

function rangeOf(row: BoundsRow, at: number, { name, type }: Column): ColumnRange | undefined {
  const [low, high] = [row[`low${at}`], row[`high${at}`]];
  if (row[`known${at}`] !== true || typeof low !== 'string' || typeof high !== 'string') return undefined;
  const text = (bound: string): string => (type.startsWith('DECIMAL') ? BigInt(bound.replace('.', '')).toString() : bound);
  return { column: name, type, low: text(low), high: text(high) };
}
