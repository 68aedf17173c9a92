import type { Interval, Take } from '@weir/core';
import { rowsOf, type Queryable } from './rows';

/** A row of metadata.take. */
export interface TakeRow {
  partition: string;
  interval_end: string;
  source: string;
  from_position: string;
  to_position: string;
  newest: string;
  left_files: number;
  more: boolean;
}

const COLUMNS = 'partition, interval_end, source, from_position, to_position, newest, left_files, more';

/** SQL of the interval up to which takes no longer say where a pipeline's source stands; empty where it was never reset. */
export function resetUpTo(pipeline: string): string {
  return `coalesce((select r.partition from metadata.source_reset r where r.pipeline = ${pipeline}), '')`;
}

const NEWEST = `select ${COLUMNS} from metadata.take where pipeline = $1 order by partition desc limit 1`;

/** The newest take of a pipeline, whether its source was reset since or not; undefined before the first. */
export async function newestTake(db: Queryable, pipeline: string): Promise<Take | undefined> {
  const [row] = await rowsOf<TakeRow>(db, NEWEST, [pipeline]);
  return row && takeOf(row);
}

const LAST = `select ${COLUMNS} from metadata.take where pipeline = $1 and ($2 = '' or source = $2) and partition > ${resetUpTo('$1')} order by partition desc limit 1`;

/** The take after which a pipeline, or one of its sources, goes on; undefined before the first, and after a reset. */
export async function lastTake(db: Queryable, pipeline: string, source = ''): Promise<Take | undefined> {
  const [row] = await rowsOf<TakeRow>(db, LAST, [pipeline, source]);
  return row && takeOf(row);
}

const IN_INTERVAL = `select ${COLUMNS} from metadata.take where pipeline = $1 and partition >= $2 and partition < $3 order by partition`;

/** What the intervals of a range took, oldest first. */
export async function takesIn(db: Queryable, pipeline: string, { start, end }: Interval): Promise<Take[]> {
  return (await rowsOf<TakeRow>(db, IN_INTERVAL, [pipeline, start, end])).map(takeOf);
}

const BEHIND = `select ${COLUMNS} from metadata.take where pipeline = $1 and interval_end > $2 order by partition limit 1`;

/** The first take whose interval ends after a time: it has what would have been of that time. */
export async function takeBehind(db: Queryable, pipeline: string, instant: string): Promise<Take | undefined> {
  const [row] = await rowsOf<TakeRow>(db, BEHIND, [pipeline, instant]);
  return row && takeOf(row);
}

const INSERT = `
  insert into metadata.take (pipeline, ${COLUMNS}, snapshot)
  select $1, t.*, $2 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::boolean[]) as t`;

export async function insertTakes(db: Queryable, pipeline: string, takes: readonly Take[], snapshot: number): Promise<void> {
  const column = <Key extends keyof Take>(key: Key): Take[Key][] => takes.map((take) => take[key]);
  await rowsOf(db, INSERT, [pipeline, snapshot, column('partition'), column('end'), column('source'), column('from'), column('to'), column('newest'), column('left'), column('more')]);
}

export function takeOf(row: TakeRow): Take {
  return { partition: row.partition, end: row.interval_end, source: row.source, from: row.from_position, to: row.to_position, newest: row.newest, left: row.left_files, more: row.more };
}
