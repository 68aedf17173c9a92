import { quoteIdent, quoteLiteral, WeirError, type Column, type ColumnType } from '@weir/core';
import { columnRanges, hasRange, type ColumnRange } from './column-ranges';
import type { Engine } from './engine';
import { writeParquet, type ParquetFile } from './parquet';
import { PARTITION_COLUMN, type RelationSegment } from './relation';

/** Files whose rows are to be written anew. */
export interface DayFiles {
  /** Of the dataset, for spans and errors. */
  readonly name: string;
  readonly segments: readonly RelationSegment[];
  /** Columns by which rows are sorted within their partition, as far as the files have them. */
  readonly order: readonly string[];
  /** Files are closed at about this size. */
  readonly fileBytes: number;
  /** Absolute path below the engine's staging folder, at which nothing is yet. */
  readonly dir: string;
}

/** A file that holds rows of files that were there before. */
export interface RewrittenFile extends ParquetFile {
  readonly ranges: readonly ColumnRange[];
  /** Whether it has a column `date`, in whatever case. */
  readonly hasDate: boolean;
}

/** Columns that have ranges, those of the order first: more would make a catalog large that is read for every load. */
const MAX_RANGES = 8;

/** Files that have the same columns, of the same types, in the same order. */
interface Group {
  readonly columns: readonly Column[];
  readonly segments: RelationSegment[];
}

/**
 * Writes the live rows of files into few sorted ones. Nothing else changes: files with other columns or types than the rest stay apart, because what a reader makes of a column that lacks is
 * the matter of his definition. Throws INTERNAL when a partition has other rows than before, and as the engine does.
 */
export async function rewriteDay(engine: Engine, day: DayFiles): Promise<RewrittenFile[]> {
  const written: RewrittenFile[] = [];
  for (const [n, group] of (await groupsOf(engine, day)).entries()) written.push(...(await rewriteGroup(engine, group, { ...day, dir: `${day.dir}-${n}` })));
  return written;
}

interface SchemaRow {
  readonly file: string;
  readonly columns: readonly string[];
}

async function groupsOf(engine: Engine, { segments, name }: DayFiles): Promise<Group[]> {
  const list = segments.map(({ absolutePath }) => quoteLiteral(absolutePath)).join(', ');
  const stored = await engine.rows<SchemaRow>(`select file_name as file, list(duckdb_type || ' ' || name order by column_id) as columns from parquet_schema([${list}]) where duckdb_type is not null group by file_name`, `${name} columns`);
  const columnsOf = new Map(stored.map(({ file, columns }) => [file, columns]));
  const groups = new Map<string, Group>();
  for (const segment of segments) {
    const columns = columnsOf.get(segment.absolutePath) ?? [];
    const key = columns.join('\n');
    const group = groups.get(key) ?? { columns: columns.map(columnOf), segments: [] };
    group.segments.push(segment);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function columnOf(text: string): Column {
  const blank = text.indexOf(' ');
  return { name: text.slice(blank + 1), type: text.slice(0, blank) as ColumnType };
}

async function rewriteGroup(engine: Engine, { columns, segments }: Group, { name, order, fileBytes, dir }: DayFiles): Promise<RewrittenFile[]> {
  const rows = liveRows(segments);
  const has = (column: string): boolean => columns.some((one) => one.name === column);
  const files = await writeParquet(engine, { select: rows, dir, name, order: order.filter(has), fileBytes });
  await assertSameRows(engine, rows, files, name);
  const ranked = columns.filter(({ name: column }) => order.includes(column)).concat(columns.filter(({ name: column }) => !order.includes(column) && !column.startsWith('_weir_')));
  const ranges = await columnRanges(engine, files.map(({ path }) => path), ranked.filter(({ type }) => hasRange(type)).slice(0, MAX_RANGES), `${name} ranges`);
  const hasDate = columns.some((column) => column.name.toLowerCase() === 'date');
  return files.map((file) => ({ ...file, hasDate, ranges: ranges.get(file.path) ?? [] }));
}

/** All columns as they are stored. */
function liveRows(segments: readonly RelationSegment[]): string {
  const whole = segments.filter((segment) => segment.whole);
  const branches = whole.length > 0 ? [`select * from ${parquet(whole)}`] : [];
  for (const segment of segments) {
    if (!segment.whole) branches.push(`select * from ${parquet([segment])} where ${quoteIdent(PARTITION_COLUMN.name)} in (${segment.partitions.map(quoteLiteral).join(', ')})`);
  }
  return branches.join(' union all ');
}

function parquet(segments: readonly RelationSegment[]): string {
  return `read_parquet([${segments.map(({ absolutePath }) => quoteLiteral(absolutePath)).join(', ')}], hive_partitioning = false)`;
}

/** Whoever takes the old files away must know that the new ones hold all of it. */
async function assertSameRows(engine: Engine, rows: string, files: readonly ParquetFile[], name: string): Promise<void> {
  const before = await engine.rows<{ partition: string; rows: number }>(`select _weir_partition as partition, count(*) as rows from (${rows}) group by all`, `${name} rows`);
  const after = new Map<string, number>();
  for (const { partition, rows: count } of files.flatMap((file) => file.partitions)) after.set(partition, (after.get(partition) ?? 0) + count);
  const lost = before.find(({ partition, rows: count }) => after.get(partition) !== count);
  if (lost === undefined && after.size === before.length) return;
  throw new WeirError({ code: 'INTERNAL', message: `Of ${name} the partition ${lost?.partition ?? 'that nobody asked for'} had ${lost?.rows ?? 0} rows, and ${after.get(lost?.partition ?? '') ?? 0} were written.`, fix: 'Report it: this is a defect of the compaction. Nothing was replaced.' });
}
