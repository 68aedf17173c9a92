import { quoteLiteral, WeirError } from '@weir/core';
import type { ClientBase, Pool } from 'pg';

/** A topic as a stream reads it. The same name in another cluster, or a topic that was made anew there, has positions of its own. */
export interface StreamSource {
  readonly pipeline: string;
  /** Of the Kafka cluster, as it names itself. */
  readonly cluster: string;
  readonly topic: string;
}

/** Where one partition stands. */
export interface StreamPosition {
  readonly partition: number;
  /** Offset of the next record to read. */
  readonly next: number;
  /** The greatest timestamp of the records before it, milliseconds; 0 when there are none. */
  readonly greatestTimestamp: number;
}

/** A position as the destination has it. */
export interface StoredPosition extends StreamPosition {
  /** The offset at which the stream began. */
  readonly start: number;
}

/** What a micro-batch moves of one partition: [from, to). */
export interface PositionRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** The greatest timestamp of the records before `to`, milliseconds. */
  readonly greatestTimestamp: number;
}

// The rows are few and change with every commit: room in their pages keeps the updates off the index.
export const createPositions = `
  create table if not exists weir.position (
    pipeline text not null, cluster text not null, topic text not null, log_partition integer not null, next bigint not null, greatest_timestamp bigint not null,
    start bigint not null, commit_id uuid, updated_at timestamptz not null default now(),
    primary key (pipeline, cluster, topic, log_partition)) with (fillfactor = 20);
  comment on table weir.position is 'Where each stream stands in each partition of its topic. A micro-batch commits only if it begins there, and moves it.';`;

/** Gives the partitions that have no position yet the one to begin at, and reads all, by partition. */
export async function openPositions(pool: Pool, source: StreamSource, start: readonly StreamPosition[]): Promise<StoredPosition[]> {
  const { pipeline, cluster, topic } = source;
  if (start.length > 0) {
    await pool.query(
      `insert into weir.position (pipeline, cluster, topic, log_partition, next, greatest_timestamp, start)
       select $1, $2, $3, s.log_partition, s.next, s.greatest, s.next from unnest($4::integer[], $5::bigint[], $6::bigint[]) as s (log_partition, next, greatest)
       on conflict do nothing`,
      [pipeline, cluster, topic, start.map(({ partition }) => partition), start.map(({ next }) => next), start.map(({ greatestTimestamp }) => greatestTimestamp)],
    );
  }
  return readPositions(pool, source);
}

export async function readPositions(client: Pool | ClientBase, { pipeline, cluster, topic }: StreamSource): Promise<StoredPosition[]> {
  const found = await client.query<Record<'log_partition' | 'next' | 'greatest_timestamp' | 'start', string | number>>(
    'select log_partition, next, greatest_timestamp, start from weir.position where pipeline = $1 and cluster = $2 and topic = $3 order by log_partition',
    [pipeline, cluster, topic],
  );
  return found.rows.map((row) => ({ partition: Number(row.log_partition), next: Number(row.next), greatestTimestamp: Number(row.greatest_timestamp), start: Number(row.start) }));
}

/**
 * Moves positions from where a micro-batch begins; its count of rows must be that of the ranges, or the transaction must roll back. This condition is
 * what makes a repeated micro-batch harmless and a late consumer powerless.
 */
export const PREPARE_CLAIM = `
  prepare weir_claim (text, text, text, integer[], bigint[], bigint[], bigint[], uuid) as
  update weir.position p set next = v.upto, greatest_timestamp = v.greatest, commit_id = $8, updated_at = now()
  from unnest($4, $5, $6, $7) as v (log_partition, beginning, upto, greatest)
  where p.pipeline = $1 and p.cluster = $2 and p.topic = $3 and p.log_partition = v.log_partition and p.next = v.beginning`;

/** The claim of a micro-batch's ranges. */
export function executeClaim({ pipeline, cluster, topic }: StreamSource, ranges: readonly PositionRange[], commitId: string): string {
  const numbers = (of: (range: PositionRange) => number): string => `'{${ranges.map(of).join()}}'`;
  const columns = [numbers(({ partition }) => partition), numbers(({ from }) => from), numbers(({ to }) => to), numbers(({ greatestTimestamp }) => greatestTimestamp)];
  return `execute weir_claim (${[pipeline, cluster, topic].map(quoteLiteral).join(', ')}, ${columns.join(', ')}, ${quoteLiteral(commitId)})`;
}

/** POSITION_MOVED for the first range that does not begin where the destination stands. */
export function positionMoved({ topic }: StreamSource, ranges: readonly PositionRange[], stored: readonly StoredPosition[]): WeirError {
  const standing = new Map(stored.map(({ partition, next }) => [partition, next]));
  const moved = ranges.filter(({ partition, from }) => standing.get(partition) !== from);
  const sentences = moved.map(({ partition, from }) => {
    const next = standing.get(partition);
    return `Partition ${partition} of ${topic} ${next === undefined ? 'has no position' : `stands at ${next}`} in the destination, and the micro-batch begins at ${from}.`;
  });
  const [first] = moved;
  return new WeirError({ code: 'POSITION_MOVED', message: sentences[0] ?? `Positions of ${topic} moved while the micro-batch was committed.`, place: first ? `${topic}:${first.partition}` : topic, samples: sentences });
}
