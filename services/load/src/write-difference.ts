import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { deliveredColumns, identityColumns, type RowFiles, type StoredColumn, type TableSpec } from '@weir/connectors';
import { quoteIdent, quoteLiteral, type WinnerRule } from '@weir/core';
import { segmentRelation, type Engine, type RelationSegment } from '@weir/engine';
import { differenceSql, sourceColumns } from './difference-sql';
import type { RangedSegment } from './key-ranges';

/** Live segments of a dataset in the partitions that two snapshots do not share, and in those that they do. */
export interface SegmentDifference {
  readonly before: readonly RangedSegment[];
  readonly after: readonly RangedSegment[];
  readonly unchanged: readonly RangedSegment[];
  /** Ids of rows that the table refused and so has not of the older snapshot. */
  readonly refused?: readonly string[] | undefined;
}

/** The rows that take a table from one snapshot to another, as files that Postgres can copy. */
export interface RowDifference {
  readonly upserts: RowFiles;
  readonly deletes: RowFiles;
}

/** How much there is to copy. */
export function bytesOf({ upserts, deletes }: RowDifference): number {
  return upserts.bytes + deletes.bytes;
}

/** Has the engine write the difference into `dir`, its staging folder. Rows go from file to file; none is seen here. */
export async function writeDifference(engine: Engine, spec: TableSpec, winner: WinnerRule, difference: SegmentDifference, dir: string): Promise<RowDifference> {
  const columns = sourceColumns(spec);
  const relation = (segments: readonly RelationSegment[]): string => segmentRelation(segments, columns);
  const unchanged = difference.unchanged.length > 0 ? relation(difference.unchanged) : undefined;
  const sql = differenceSql(spec, { before: relation(difference.before), after: relation(difference.after), unchanged, empty: difference.before.length === 0 && unchanged === undefined, refused: difference.refused }, winner);
  for (const statement of sql.prepare) await engine.run(statement, `${spec.name} difference`);
  const identity = new Set(identityColumns(spec));
  const delivered = deliveredColumns(spec);
  // Tables by key are written in its order: neighbours in the file are neighbours in the index.
  const order = spec.identity.by !== 'row' ? ` order by ${identityColumns(spec).map(quoteIdent).join(', ')}` : '';
  return {
    upserts: await writeRows(engine, `${sql.upserts}${order}`, delivered, join(dir, 'upserts'), `${spec.name} upserts`),
    deletes: await writeRows(engine, sql.deletes, delivered.filter(({ name }) => identity.has(name)), join(dir, 'deletes'), `${spec.name} deletes`),
  };
}

/**
 * One file for each thread of the engine, in a new folder: for one file it would have to hold rows back to keep their order (measured: 4.3 million
 * rows with 256 MB take 470 MB in one file and 143 MB so).
 */
export async function writeRows(engine: Engine, select: string, columns: readonly StoredColumn[], folder: string, name: string): Promise<RowFiles> {
  const [first] = columns;
  const list = columns.map((column) => `${postgresText(column)} as ${quoteIdent(column.name)}`).join(', ');
  // Null is an empty field and an empty text is `""`. A text `\.` alone on its line would end a copy, so the first column is always quoted.
  const quoted = first ? `, force_quote (${quoteIdent(first.name)})` : '';
  const [written] = await engine.rows<{ Count: number }>(`copy (select ${list} from (${select})) to ${quoteLiteral(folder)} (format csv, header false, per_thread_output true${quoted})`, name);
  const paths = (await readdir(folder)).sort().map((file) => join(folder, file));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return { paths, rows: written?.Count ?? 0, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Postgres reads all that the engine writes, save for years before Christ, which it wants without parentheses. */
function postgresText({ name, type }: StoredColumn): string {
  const column = quoteIdent(name);
  return type === 'date' || type.startsWith('timestamp') ? `case when ${column} < date '0001-01-01' then replace(${column}::varchar, ' (BC)', ' BC') else ${column}::varchar end` : column;
}
