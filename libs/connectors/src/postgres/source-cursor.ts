import { listed, quoteIdent, WeirError, type Interval } from '@weir/core';
import type { SourceSession } from './source-session';
import type { SourceColumn, SourceTable } from './source-table';

/** The column that says which interval a row is of. */
export interface Cursor {
  /** As it is called. */
  readonly name: string;
  readonly type: CursorType;
}

export type CursorType = 'timestamptz' | 'timestamp' | 'date';

/** By the oid of the type. */
const TYPES: Readonly<Record<number, CursorType>> = { 1184: 'timestamptz', 1114: 'timestamp', 1082: 'date' };

/** Throws SOURCE_REFUSED when the table does not have the column, or it is no column of times. */
export function cursorOf(columns: readonly SourceColumn[], name: string, table: string): Cursor {
  const found = columns.find((column) => column.name === name);
  const type = found && TYPES[found.oid];
  if (type) return { name, type };
  const times = columns.filter(({ oid }) => TYPES[oid] !== undefined).map((column) => column.name);
  throw new WeirError({
    code: 'SOURCE_REFUSED',
    message: found ? `The column ${name} of ${table} is ${found.type}, which is no time.` : `${table} has no column ${name}.`,
    place: table,
    fix: times.length > 0 ? `Let \`source.cursor\` be a column of timestamptz, timestamp or date: ${listed(times)}.` : 'Remove the grain and `source.cursor`: the table has no column of timestamptz, timestamp or date.',
  });
}

/** The rows of an interval: from its start to before its end. Times without a zone, and days, are UTC; a day is its midnight. */
export function intervalCondition({ name, type }: Cursor, { start, end }: Interval): string {
  const column = quoteIdent(name);
  return `${column} >= ${boundary(type, start)} and ${column} < ${boundary(type, end)}`;
}

/** Of the column's own type, so that its index serves. */
function boundary(type: CursorType, instant: string): string {
  switch (type) {
    case 'timestamptz':
      return `timestamptz '${instant}'`;
    case 'timestamp':
      return `timestamp '${instant.replace('Z', '')}'`;
    case 'date':
      return `date '${firstDayFrom(instant)}'`;
  }
}

const DAY_MS = 86_400_000;

/** The first day whose midnight is not before an instant. */
function firstDayFrom(instant: string): string {
  return new Date(Math.ceil(Date.parse(instant) / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}

/** Rows that are counted for the message. */
const MOST_COUNTED = 1_000;

/**
 * Throws CURSOR_NULL when a table has rows that no interval will ever have, because their cursor is null or infinite. It takes an index's time where there is an index, and otherwise as long as
 * reading an interval: without an index that looks at every row, too.
 */
export async function refuseTimeless(session: SourceSession, { name: table }: Pick<SourceTable, 'name'>, { name }: Cursor, place: string): Promise<void> {
  const column = quoteIdent(name);
  const [found] = await session.rows<{ count: number }>(`select count(*)::int as count from (select from ${table} where ${column} is null or ${column} in ('infinity', '-infinity') limit ${MOST_COUNTED + 1}) timeless`);
  const count = found?.count ?? 0;
  if (count === 0) return;
  throw new WeirError({
    code: 'CURSOR_NULL',
    message: `${count > MOST_COUNTED ? `More than ${MOST_COUNTED} rows` : count === 1 ? 'A row' : `${count} rows`} of ${place} ${count === 1 ? 'has' : 'have'} no time in ${name} (null or infinity), so no interval has them.`,
    place,
    fix: `Give them a time and make ${name} NOT NULL; choose a cursor that every row has; name a view without them as \`source.table\`; or read the table whole, without grain and cursor.`,
  });
}
