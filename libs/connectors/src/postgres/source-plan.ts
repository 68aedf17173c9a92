import { grainFrom, quoteIdent, WeirError, WHOLE, type PostgresSource } from '@weir/core';
import { blockCondition, blockRanges, type BlockRange } from './source-blocks';
import { cursorOf, intervalCondition, refuseTimeless } from './source-cursor';
import type { SourceSession } from './source-session';
import { selectList, type SourceTable } from './source-table';

/** What to read of a table. */
export interface PostgresSlice {
  /** Starts of grains, ascending; WHOLE alone where there are no intervals. */
  readonly partitions: readonly string[];
  /** Undefined where there are no intervals. */
  readonly grain: string | undefined;
}

/** A source, and the columns whose arrays are to be JSON. */
interface Asked extends Pick<PostgresSource, 'table' | 'cursor'> {
  readonly arrays: ReadonlySet<string> | undefined;
}

/** A part before it is read. */
export interface PlannedPart {
  readonly name: string;
  readonly partition: string;
  /** The SELECT that gives its rows. */
  readonly select: string;
}

/** The parts of a slice, in the order in which they are read: ranges of blocks of the whole table, or its grains. Throws SOURCE_REFUSED for a cursor that is none, CURSOR_NULL, INVALID_VALUE. */
export async function planParts(session: SourceSession, source: Asked, table: SourceTable, { partitions, grain }: PostgresSlice): Promise<PlannedPart[]> {
  const from = `select ${selectList(table.columns, source.arrays)} from ${table.name} source`;
  if (source.cursor === undefined && grain === undefined) {
    const ranges = await blockRanges(session, table);
    return ranges.map((range) => ({ name: rangeName(source.table, range), partition: WHOLE, select: [from, ...blockCondition(range)].join(' where ') }));
  }
  if (source.cursor === undefined || grain === undefined) throw new WeirError({ code: 'INVALID_VALUE', message: `${source.table} has a cursor or intervals, not both.`, place: source.table });
  const cursor = cursorOf(table.columns, source.cursor, source.table);
  await refuseTimeless(session, table, cursor, source.table);
  return partitions.map((partition) => ({ name: `${source.table} ${partition}`, partition, select: `${from} where ${intervalCondition(cursor, grainFrom(partition, grain))} order by source.${quoteIdent(cursor.name)}` }));
}

/** In the order of names as in that of blocks. */
function rangeName(table: string, { from, to }: BlockRange): string {
  if (from === 0 && to === undefined) return table;
  return `${table} blocks ${padded(from)}-${to === undefined ? 'end' : padded(to - 1)}`;
}

function padded(block: number): string {
  return String(block).padStart(10, '0');
}
