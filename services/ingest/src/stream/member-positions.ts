import { lost, type TopicLog } from '@weir/connectors';
import type { KafkaSource } from '@weir/core';
import type { Clients, StoredPosition, StreamContext } from '@weir/rpc';

/** What positions are kept by. */
export interface PositionKeeper {
  readonly load: Pick<Clients['load'], 'openPositions' | 'loadBatch'>;
  readonly log: TopicLog;
  readonly source: KafkaSource;
  readonly context: StreamContext;
  readonly signal: AbortSignal;
  /** Go on at the start of the log where a position was removed from it. */
  readonly skipLost: boolean;
  readonly commitId: () => string;
}

/** Where a member begins in one partition. */
export interface MemberPosition {
  readonly next: number;
  readonly greatestTimestamp: number;
  /** Offset after the newest record. */
  readonly end: number;
}

/**
 * The positions of partitions as the destination has them; those without one begin where the source says, and keep that. Throws POSITION_LOST for one that the log no longer has,
 * unless it is to be skipped: then the destination's position moves to the start of the log, in a commit without rows.
 */
export async function memberPositions(keeper: PositionKeeper, partitions: readonly number[]): Promise<Map<number, MemberPosition>> {
  const { log, source, skipLost } = keeper;
  const [cluster, bounds, starts] = await Promise.all([log.cluster(), log.bounds(), log.startOffsets(source.start)]);
  const start = partitions.map((partition) => ({ partition, next: starts.get(partition) ?? 0, greatestTimestamp: 0 }));
  const stored = await openPositions(keeper, cluster, start);
  const found = new Map<number, MemberPosition>();
  for (const partition of partitions) {
    const position = stored.get(partition);
    const { start: from, end } = bounds.get(partition) ?? { start: 0, end: 0 };
    if (!position) continue;
    if (position.next >= from && position.next <= end) found.set(partition, { ...position, end });
    else if (skipLost) found.set(partition, { ...(await skip(keeper, cluster, { partition, ...position }, from)), end });
    else throw lost(source.topic, partition, position.next, position.next < from ? `the log begins at ${from} now` : `the log ends at ${end}, so it is another one`);
  }
  return found;
}

type StoredAt = Omit<MemberPosition, 'end'>;

async function openPositions({ load, context, source, signal }: PositionKeeper, cluster: string, start: { partition: number; next: number; greatestTimestamp: number }[]): Promise<Map<number, StoredAt>> {
  const { positions } = await load.openPositions({ context, cluster, topic: source.topic, start }, { signal });
  return new Map(positions.flatMap(({ position }: StoredPosition) => (position ? [[position.partition, { next: position.next, greatestTimestamp: position.greatestTimestamp }] as const] : [])));
}

async function skip(keeper: PositionKeeper, cluster: string, { partition, next, greatestTimestamp }: StoredAt & { partition: number }, to: number): Promise<StoredAt> {
  const { load, context, source, signal } = keeper;
  const range = { partition, from: next, to, greatestBeforeFrom: greatestTimestamp, greatestBeforeTo: greatestTimestamp };
  await load.loadBatch({ context: { ...context, commitId: keeper.commitId() }, cluster, topic: source.topic, ranges: [range], tables: [], accounts: undefined, grains: [] }, { signal });
  return { next: to, greatestTimestamp };
}
