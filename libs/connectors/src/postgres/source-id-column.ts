import { listed, quoteIdent, WeirError, type PostgresSource } from '@weir/core';
import type { SourceSession } from './source-session';
import type { SourceColumn, SourceTable } from './source-table';

/** A column of whole numbers. */
interface IdColumn {
  readonly name: string;
}

/** By the oid of the type: smallint, integer, bigint. */
const WHOLE_NUMBERS: ReadonlySet<number> = new Set([20, 21, 23]);

/** Throws SOURCE_REFUSED when the table does not have the column, or it is no column of whole numbers. */
export function idColumn(columns: readonly SourceColumn[], { table, cursor = '' }: Pick<PostgresSource, 'table' | 'cursor'>): IdColumn {
  const found = columns.find(({ name }) => name === cursor);
  if (found && WHOLE_NUMBERS.has(found.oid)) return found;
  const numbers = columns.filter(({ oid }) => WHOLE_NUMBERS.has(oid)).map(({ name }) => name);
  throw new WeirError({
    code: 'SOURCE_REFUSED',
    message: found ? `The column ${cursor} of ${table} is ${found.type}, and with \`track: new\` the cursor is an id: a whole number.` : `${table} has no column ${cursor}.`,
    place: table,
    fix: `${numbers.length > 0 ? `Let \`source.cursor\` be a column of ids: ${listed(numbers)}` : 'The table has no column of smallint, integer or bigint'}; or remove \`track\`, and let it be a column of times.`,
  });
}

interface Sequence {
  readonly cache: number;
  readonly increment: number;
  readonly cycles: boolean;
  /** As text; null where the user may not see it, or nothing was handed out yet. */
  readonly last: string | null;
}

/** Sequences that the column owns, and those that its default names. */
const SEQUENCES = `select s.seqcache::float8 as cache, s.seqincrement::float8 as increment, s.seqcycle as cycles,
    case when has_sequence_privilege(s.seqrelid, 'SELECT,USAGE') then pg_sequence_last_value(s.seqrelid)::text end as last
  from pg_sequence s where s.seqrelid in (
    select d.objid from pg_depend d join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = $1 and a.attname = $2 and d.deptype in ('a', 'i')
    union select d.refobjid from pg_attrdef f join pg_attribute a on a.attrelid = f.adrelid and a.attnum = f.adnum join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = f.oid
      where d.refclassid = 'pg_class'::regclass and f.adrelid = $1 and a.attname = $2)`;

/** What is about to be read by its ids. */
export interface AskedIds {
  readonly table: string;
  readonly column: IdColumn;
  /** The position; empty for none. */
  readonly after: string;
}

/**
 * Throws SOURCE_REFUSED where smaller ids may come after larger ones whatever is waited for: views, standbys (which do not see who writes), sequences that hand out several at a time or go down. CURSOR_NULL for rows without an id, and
 * POSITION_LOST when the ids have begun again below the position.
 */
export async function refuseUnordered(session: SourceSession, { oid, name, kind }: Pick<SourceTable, 'oid' | 'name' | 'kind'>, { table, column, after }: AskedIds): Promise<void> {
  if (kind !== 'r' && kind !== 'p') throw refused(table, `${table} is no table: nothing says who writes to what it shows.`, 'Read the table below it.');
  const [server] = await session.rows<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  if (server?.standby === true) throw refused(table, 'The server is a standby, which does not see who writes to its primary.', 'Read from the primary.');
  for (const sequence of await session.rows<Sequence>(SEQUENCES, [oid, column.name])) assertAscending(sequence, { table, column, after });
  const [nameless] = await session.rows<{ any: boolean }>(`select exists (select from ${name} where ${quoteIdent(column.name)} is null) as any`);
  if (nameless?.any === true) throw new WeirError({ code: 'CURSOR_NULL', message: `Rows of ${table} have no ${column.name}, so no interval would ever take them.`, place: table, fix: `Give them one and make ${column.name} NOT NULL.` });
}

function assertAscending({ cache, increment, cycles, last }: Sequence, { table, column: { name }, after }: AskedIds): void {
  const fix = (what: string): string => `${what}; or read the table by a column of times, or whole.`;
  if (cache > 1) throw refused(table, `The sequence of ${table}.${name} gives each session ${cache} ids at a time: smaller ones come after larger ones.`, fix('Set its cache to 1'));
  if (increment < 0 || cycles) throw refused(table, `The sequence of ${table}.${name} ${increment < 0 ? 'goes down' : 'begins again when it is used up'}: new rows have smaller ids.`, fix('Let it go up'));
  if (last === null || after === '' || BigInt(last) >= BigInt(after)) return;
  throw new WeirError({
    code: 'POSITION_LOST',
    message: `The ids of ${table} have begun again: the last that was given is ${last}, and rows up to ${after} were taken.`,
    place: `${table}.${name}`,
    fix: 'Set the sequence above what was taken; or, if these are other rows, let the source begin anew: `weir sources reset`.',
  });
}

function refused(place: string, message: string, fix: string): WeirError {
  return new WeirError({ code: 'SOURCE_REFUSED', message, place, fix });
}
