import type { SourceSession } from './source-session';
import type { SourceTable } from './source-table';

/** Rows by where they lie: blocks `from` (inclusive) to `to` (exclusive) of the table, and of each of its partitions; undefined where there is no bound. */
export interface BlockRange {
  readonly from: number;
  readonly to: number | undefined;
}

const PART_BYTES = 64 * 1024 * 1024;
/** Parts of a larger table are larger. */
const MOST_PARTS = 10_000;
/** The first that finds a range of blocks without reading the table (Tid Range Scan). */
const TID_RANGES_SINCE = 140_000;

const ONE: readonly BlockRange[] = [{ from: 0, to: undefined }];

interface Storage {
  readonly heap: boolean;
  readonly blocks: number;
  readonly toast: number;
  readonly block_bytes: number;
  readonly server: number;
}

/**
 * Ranges that have each row of a table exactly once, of about 64 MiB each as the table lies on the disk. One range where rows have no place: of views, foreign tables, other storage than
 * Postgres' own, and servers before 14. A partitioned table is read through itself, so that rights and order of columns are its own: a range is the same blocks of each partition.
 */
export async function blockRanges(session: SourceSession, { oid, kind }: Pick<SourceTable, 'oid' | 'kind'>): Promise<readonly BlockRange[]> {
  if (kind !== 'r' && kind !== 'p' && kind !== 'm') return ONE;
  const stored = await session.rows<Storage>(
    `with recursive tree(oid) as (select $1::oid union select i.inhrelid from pg_inherits i join tree on i.inhparent = tree.oid)
     select c.relkind <> 'f' and coalesce(m.amname = 'heap', false) as heap, (pg_relation_size(c.oid) / s.bytes)::float8 as blocks, coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0)::float8 as toast,
       s.bytes::float8 as block_bytes, current_setting('server_version_num')::int as server
     from tree join pg_class c on c.oid = tree.oid left join pg_am m on m.oid = c.relam, (select current_setting('block_size')::int as bytes) s where c.relkind <> 'p'`,
    [oid],
  );
  if (stored.some(({ heap, server }) => !heap || server < TID_RANGES_SINCE)) return ONE;
  const bytes = stored.reduce((sum, { blocks, toast, block_bytes }) => sum + blocks * block_bytes + toast, 0);
  return rangesOf(stored.map(({ blocks }) => blocks), Math.min(MOST_PARTS, Math.ceil(bytes / PART_BYTES)));
}

/** Cuts heaps of these sizes, side by side, into ranges with about as many blocks each. The last one has no end: what comes before the snapshot may lie behind what was counted. */
function rangesOf(sizes: readonly number[], parts: number): BlockRange[] {
  const total = blocksBelow(sizes, Number.POSITIVE_INFINITY);
  const starts = [0];
  for (let part = 1; part < parts; part += 1) {
    const start = firstWith(sizes, (total * part) / parts);
    if (start > (starts.at(-1) ?? 0)) starts.push(start);
  }
  return starts.map((from, at) => ({ from, to: starts[at + 1] }));
}

/** The lowest bound below which so many blocks lie. */
function firstWith(sizes: readonly number[], wanted: number): number {
  let [low, high] = [0, Math.max(...sizes)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (blocksBelow(sizes, middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

function blocksBelow(sizes: readonly number[], bound: number): number {
  return sizes.reduce((sum, size) => sum + Math.min(size, bound), 0);
}

/** The condition of a range; none for all rows. */
export function blockCondition({ from, to }: BlockRange): string[] {
  const bounds = [...(from > 0 ? [`ctid >= '(${from},0)'`] : []), ...(to === undefined ? [] : [`ctid < '(${to},0)'`])];
  return bounds.length === 0 ? [] : [bounds.join(' and ')];
}
