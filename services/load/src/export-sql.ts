import { identityColumns } from '@weir/connectors';
import { quoteIdent, quoteLiteral, WHOLE, type Column } from '@weir/core';
import { ROW_GROUP_ROWS } from '@weir/engine';
import { same } from './difference-sql';
import type { TableLayout } from './export-layout';

/** The first level of zstd takes two thirds of the engine's default, for files of the same size. Pages stay those of the first version, which every reader knows. */
const PARQUET: Readonly<Record<TableLayout['compression'], string>> = { none: 'compression uncompressed', gzip: 'compression gzip', zstd: 'compression zstd, compression_level 1' };

/** Days in one statement: as many files are open for each thread of the engine. */
export const DAYS_AT_ONCE = 32;

/** SQL of the day of a row, `yyyy-mm-dd`; WHOLE in a table that has no days. Partitions are canonical instants. */
function daySql({ partitionedBy }: TableLayout, row: string): string {
  return partitionedBy === null ? quoteLiteral(WHOLE) : `left(${row}._weir_partition, 10)`;
}

/**
 * How many rows of each day are not what they were, and how many are gone from it; days in which all is as it was are left out. Over `after_rows` and `before_rows` of differenceSql. A row that is the
 * same, but lies in another day now, is gone from one and new in the other.
 */
export function changedDaysSql(layout: TableLayout): string {
  const identity = identityColumns(layout.spec).map(quoteIdent);
  const [newer, older] = [daySql(layout, 'a'), daySql(layout, 'b')];
  return `select day, sum(written)::BIGINT as rows, sum(gone)::BIGINT as deleted from (
    select ${newer} as day, count(*) as written, 0 as gone from after_rows a anti join before_rows b on ${same([...identity, '_weir_content'], 'a', 'b')} and ${newer} = ${older} group by all
    union all select ${older} as day, 0 as written, count(*) as gone from before_rows b anti join after_rows a on ${same(identity, 'b', 'a')} and ${newer} = ${older} group by all
  ) group by day order by day`;
}

/** How many rows each day has; days without any are left out. */
export function countedDaysSql(layout: TableLayout): string {
  return `select ${daySql(layout, 'r')} as day, count(*) as rows from after_rows r group by all order by all`;
}

/** Writes the rows of some days, which are ascending, into a folder that is not there: in folders `<partitionedBy>=<day>`, or where the table has no days directly in it. Without days it writes one file without rows. */
export function copyDaysSql(layout: TableLayout, days: readonly string[], folder: string): string {
  const { partitionedBy } = layout;
  const [first, last] = [days[0], days.at(-1)];
  // The engine leaves out parts of segments by the bounds, which it does not by the list.
  const bounds = partitionedBy === null || first === undefined || last === undefined ? '' : ` and r._weir_partition >= ${quoteLiteral(first)} and r._weir_partition < ${quoteLiteral(`${last}~`)}`;
  const wanted = first === undefined ? 'false' : `${daySql(layout, 'r')} in (${days.map(quoteLiteral).join(', ')})${bounds}`;
  const parted = partitionedBy !== null && first !== undefined;
  const values = [valuesSql(layout), ...(parted ? [`${daySql(layout, 'r')} as ${quoteIdent(partitionedBy)}`] : [])];
  // One file for each thread: for one file the engine would have to hold rows back to keep their order.
  const placed = parted ? `partition_by (${quoteIdent(partitionedBy)})` : 'per_thread_output true';
  return `copy (select ${values.join(', ')} from after_rows r where ${wanted}) to ${quoteLiteral(folder)} (${formatSql(layout)}, ${placed})`;
}

function valuesSql({ columns, format }: TableLayout): string {
  if (format !== 'ndjson') return columns.map(({ name }) => `r.${quoteIdent(name)}`).join(', ');
  return `to_json(struct_pack(${columns.map((column) => `${quoteIdent(column.name)} := ${jsonSql(column)}`).join(', ')})) as line`;
}

/** Digits that every reader of JSON keeps of a number: many take it for a double. */
const JSON_DIGITS = 15;

function jsonSql({ name, type }: Column): string {
  const value = `r.${quoteIdent(name)}`;
  // JSON has no number for what is none.
  if (type === 'DOUBLE') return `case when isnan(${value}) then to_json('NaN') when isinf(${value}) then to_json(if(${value} > 0, 'Infinity', '-Infinity')) else to_json(${value}) end`;
  const digits = Number(/^DECIMAL\((\d+),/.exec(type)?.[1] ?? 0);
  return digits > JSON_DIGITS ? `${value}::VARCHAR` : value;
}

function formatSql({ format, compression }: TableLayout): string {
  switch (format) {
    case 'parquet':
      return `format parquet, ${PARQUET[compression]}, row_group_size ${ROW_GROUP_ROWS}`;
    case 'csv':
      return `format csv, header true, compression ${compression}`;
    case 'ndjson':
      // The engine's own JSON has no partitions. JSON has no such characters, so that nothing is quoted.
      return `format csv, header false, delimiter e'\\x1f', quote e'\\x01', escape e'\\x01', compression ${compression}`;
  }
}

/** What a file of the layout is called after its name. */
export function extensionOf({ format, compression }: Pick<TableLayout, 'format' | 'compression'>): string {
  if (format === 'parquet') return 'parquet';
  return `${format}${{ none: '', gzip: '.gz', zstd: '.zst' }[compression]}`;
}
