import { DELETED, quoteIdent, quoteLiteral, type Column } from '@weir/core';

/** Names the partition of a row: a canonical instant, or `all`. */
export const PARTITION_COLUMN: Column = { name: '_weir_partition', type: 'VARCHAR' };

/** Identify a row and the place it came from; bronze and row-shaped models have them. */
export const ROW_COLUMNS: readonly Column[] = [
  { name: '_weir_row_id', type: 'VARCHAR' },
  { name: '_weir_position', type: 'VARCHAR' },
];

/** Whether a row deletes its key; bronze and row-shaped models have it, and no model sees it. */
export const DELETED_COLUMN: Column = { name: DELETED, type: 'BOOLEAN' };

/** A file and those of its partitions that are to be read. */
export interface RelationSegment {
  readonly absolutePath: string;
  readonly partitions: readonly string[];
  /** Every partition in the file is to be read. */
  readonly whole: boolean;
}

/**
 * An SQL relation, in parentheses, of the live rows of segments: exactly `columns` (add PARTITION_COLUMN, ROW_COLUMNS and DELETED_COLUMN where they are
 * wanted), of exactly their types. Segments of an older definition may lack a column, which is then null, or have it with another type, which is cast.
 * A row that does not say whether it deletes does not.
 * Without segments it is an empty relation. `valueFrom` gives other SQL for the value of a column.
 */
export function segmentRelation(segments: readonly RelationSegment[], columns: readonly Column[], valueFrom: (name: string) => string | undefined = () => undefined): string {
  const names = columns.map((column) => `${valueFrom(column.name) ?? valueOf(column)} as ${quoteIdent(column.name)}`);
  const typed = columns.map((column) => `null::${column.type} as ${quoteIdent(column.name)}`);
  const branches = [`select ${typed.join(', ')} where false`];
  const whole = segments.filter((segment) => segment.whole);
  if (whole.length > 0) branches.push(`select * from ${parquet(whole)}`);
  for (const segment of segments) {
    if (segment.whole || segment.partitions.length === 0) continue;
    branches.push(`select * from ${parquet([segment])} where _weir_partition in (${segment.partitions.map(quoteLiteral).join(', ')})`);
  }
  return `(select ${names.join(', ')} from (${branches.join(' union all by name ')}))`;
}

/** As segmentRelation, without the rows that delete their key: what people see of a dataset, whichever it is. */
export function livingRelation(segments: readonly RelationSegment[], columns: readonly Column[]): string {
  const names = columns.map(({ name }) => quoteIdent(name));
  return `(select ${names.join(', ')} from ${segmentRelation(segments, [...columns, DELETED_COLUMN])} where not ${DELETED_COLUMN.name})`;
}

function valueOf({ name, type }: Column): string {
  const value = `${quoteIdent(name)}::${type}`;
  return name === DELETED_COLUMN.name ? `coalesce(${value}, false)` : value;
}

/** Not the columns that folders of days have in their names: a dataset may have got one of that name since. */
function parquet(segments: readonly RelationSegment[]): string {
  return `read_parquet([${segments.map((segment) => quoteLiteral(segment.absolutePath)).join(', ')}], union_by_name = true, hive_partitioning = false)`;
}
