import { quoteIdent, WeirError, type PostgresSource } from '@weir/core';
import type { RawPart } from '../raw-part';
import type { PostgresReadOptions } from './source';
import type { PostgresSourceConnection } from './source-connection';
import { copyRows } from './source-copy';
import { type AskedIds, idColumn, refuseUnordered } from './source-id-column';
import { SourceSession } from './source-session';
import { beginSnapshot } from './source-snapshot';
import { findTable, readColumns, selectList, type SourceTable } from './source-table';
import { endOfWriters } from './source-writers';

/** Rows with ids above `from` (all, where it is empty) up to and with `to`; none where both are the same. Decimal text: ids are larger than numbers are exact. */
export interface IdRange {
  readonly from: string;
  readonly to: string;
}

/** What is new of a table. */
export interface NewIds {
  readonly range: IdRange;
  /** Whether more rows wait: too many for one range, or behind a transaction that is open. */
  readonly more: boolean;
}

/** What of a table one reading takes at most. */
export interface IdBounds {
  readonly rows: number;
  /** As the table lies on the disk; one part is always taken. */
  readonly bytes: number;
  /** How long transactions that write to the table are waited for. */
  readonly waitMs: number;
}

export interface IdReadOptions extends PostgresReadOptions {
  readonly bounds: IdBounds;
}

/** The bytes of a part. */
const PART_BYTES = 64 * 1024 * 1024;
/** Where the server has no statistics. */
const UNKNOWN_ROW_BYTES = 1_024;
const MOST_DIGITS = /^-?\d{1,19}$/;

type IdSource = Pick<PostgresSource, 'table' | 'cursor'>;

/**
 * Reads a table by its ids, all ranges of one snapshot. Which ids are new is decided before the snapshot is taken: up to the greatest that is visible, once every transaction has ended that could still bring a smaller one.
 * Throws SOURCE_REFUSED (also for tables whose ids come in no order), POSITION_LOST when ids begin again, CURSOR_NULL, and what readPostgres throws. To be closed.
 */
export class IdReader {
  private whole = true;

  private constructor(
    private readonly session: SourceSession,
    private readonly source: IdSource,
    private readonly read: { readonly table: SourceTable; readonly list: string; readonly column: string; readonly rowBytes: number },
    private readonly bounds: IdBounds,
    private readonly settled: SettledIds,
  ) {}

  /** `after`: the position, where something new is to be found; undefined where only ranges are read again. */
  static async open(source: IdSource, connection: PostgresSourceConnection, after: string | undefined, options: IdReadOptions): Promise<IdReader> {
    const session = await SourceSession.open(connection, options);
    try {
      const found = await findTable(session, source.table);
      const id = idColumn(await readColumns(session, found), source);
      const settled = after === undefined ? NOTHING : await settledIds(session, found, { table: source.table, column: id, after }, options);
      await beginSnapshot(session, found, options.timeoutMs);
      const table = { ...found, columns: await readColumns(session, found) };
      return new IdReader(session, source, { table, list: selectList(table.columns, options.arrays), column: quoteIdent(idColumn(table.columns, source).name), rowBytes: await rowBytesOf(session, found.oid) }, options.bounds, settled);
    } catch (error) {
      session.drop();
      throw error;
    }
  }

  /** What is new behind a position, empty for none, as far as the bounds reach. */
  async newIds(after: string): Promise<NewIds> {
    const { to, open } = this.settled;
    if (to === undefined || !(await this.lies(after, to))) return { range: { from: after, to: after }, more: open };
    const most = Math.max(this.partRows(), Math.min(this.bounds.rows, Math.floor(this.bounds.bytes / this.read.rowBytes)));
    const end = await this.idBehind(after, to, most);
    return { range: { from: after, to: end ?? to }, more: open || (end !== undefined && (await this.lies(end, to))) };
  }

  /** The rows of a range in the order of their ids, in parts of about 64 MiB. Each has to be read to its end before the next one is asked for. */
  async *parts({ from, to }: IdRange, partition: string): AsyncGenerator<RawPart, undefined> {
    if (from === to) return;
    const { table, list, column } = this.read;
    this.whole = false;
    let number = 1;
    for (let at: string | undefined = from; at !== undefined; number += 1) {
      const end: string | undefined = await this.idBehind(at, to, this.partRows());
      const bytes = await copyRows(this.session, `select ${list} from ${table.name} source where ${this.within(at, end ?? to)} order by source.${column}`);
      let read = bytes === undefined;
      if (bytes) yield { name: `${this.source.table} ${this.source.cursor} ${from || 'start'}-${to} part ${String(number).padStart(6, '0')}`, partition, bytes: toTheEnd(bytes, () => (read = true)) };
      if (!read) throw new WeirError({ code: 'INTERNAL', message: `The next part was asked for before one of ${this.source.table} was read to its end.` });
      at = end;
    }
    this.whole = true;
  }

  async close(): Promise<void> {
    if (this.whole) await this.session.end();
    else this.session.drop();
  }

  private partRows(): number {
    return Math.max(1_000, Math.floor(PART_BYTES / this.read.rowBytes));
  }

  /** The id of the n-th row of a range; undefined where it has not so many, or that is its end. */
  private async idBehind(from: string, to: string, rows: number): Promise<string | undefined> {
    const { table, column } = this.read;
    const sql = `select ${column}::text as id from (select ${column} from ${table.name} where ${this.within(from, to)} order by ${column} offset ${rows - 1} limit 1) behind`;
    const [found] = await this.session.rows<{ id: string }>(sql);
    return found === undefined || found.id === to ? undefined : found.id;
  }

  private async lies(from: string, to: string): Promise<boolean> {
    const [found] = await this.session.rows<{ any: boolean }>(`select exists (select from ${this.read.table.name} where ${this.within(from, to)}) as any`);
    return found?.any === true;
  }

  private within(from: string, to: string): string {
    const { column } = this.read;
    return `${from === '' ? '' : `${column} > ${literal(from)} and `}${column} <= ${literal(to)}`;
  }
}

/** How far a table can be read now. */
interface SettledIds {
  /** Up to it nothing can come any more; undefined where nothing is new, or nothing is sure yet. */
  readonly to: string | undefined;
  /** Whether a transaction is open that may bring smaller ids than those that are visible. */
  readonly open: boolean;
}

const NOTHING: SettledIds = { to: undefined, open: false };

async function settledIds(session: SourceSession, table: Pick<SourceTable, 'oid' | 'name' | 'kind'>, asked: AskedIds, { bounds, signal }: IdReadOptions): Promise<SettledIds> {
  await refuseUnordered(session, table, asked);
  // Before the writers are looked at: an id that is smaller than a visible one was handed out before it.
  const [greatest] = await session.rows<{ id: string | null }>(`select max(${quoteIdent(asked.column.name)})::text as id from ${table.name}`);
  const to = greatest?.id ?? undefined;
  if (to === undefined || (asked.after !== '' && BigInt(to) <= BigInt(asked.after))) return NOTHING;
  return (await endOfWriters(session, table.oid, bounds.waitMs, signal)) ? { to, open: false } : { to: undefined, open: true };
}

const ROW_BYTES = `with recursive tree(oid) as (select $1::oid union select i.inhrelid from pg_inherits i join tree on i.inhparent = tree.oid)
  select (sum(pg_table_size(c.oid)) / nullif(sum(greatest(c.reltuples, 0)), 0))::float8 as bytes from tree join pg_class c using (oid) where c.relkind <> 'p'`;

async function rowBytesOf(session: SourceSession, oid: number): Promise<number> {
  const [found] = await session.rows<{ bytes: number | null }>(ROW_BYTES, [oid]);
  return Math.max(1, found?.bytes ?? UNKNOWN_ROW_BYTES);
}

/** COPY takes no parameters. Of the widest type, so that the index of any whole number serves. */
function literal(id: string): string {
  if (!MOST_DIGITS.test(id)) throw new WeirError({ code: 'INVALID_VALUE', message: `\`${id.slice(0, 100)}\` is no id.` });
  return `'${id}'::int8`;
}

async function* toTheEnd(bytes: AsyncIterable<Buffer>, ended: () => void): AsyncGenerator<Buffer> {
  yield* bytes;
  ended();
}
