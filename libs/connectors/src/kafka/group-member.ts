import { setTimeout as pause } from 'node:timers/promises';
import { isWeirError, toWeirError, WeirError } from '@weir/core';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { registerCodecs } from './codecs';
import type { LogRecords } from './log-records';
import type { FetchedBatch } from './record-batch';

/** Bounds of the group's protocol: a member that is gone is noticed after the first, a member that joins waits for the others at most the second. */
const SESSION_MS = 10_000;
const REBALANCE_MS = 20_000;
const HEARTBEAT_MS = 1_000;
/** How long the broker holds a fetch that finds nothing; also how soon partitions are fetched after they were positioned. */
const FETCH_WAIT_MS = 100;
const FETCH_BYTES = 8 * 1024 * 1024;
const FETCH_BYTES_PER_PARTITION = 1024 * 1024;
/** Partitions whose records are handed over side by side; handing over only queues them. */
const CONCURRENT_PARTITIONS = 64;
const COMMIT_EVERY_MS = 1_000;
const LEAVE_MS = 8_000;

/** Records of one partition in the order of their offsets. */
export interface Delivery {
  readonly partition: number;
  /** May be none: what lay between two offsets may be gone or of no use. */
  readonly records: readonly LogRecords[];
  /** Offset after the last one, markers of transactions included. */
  readonly next: number;
  /** Offset after the newest record in the partition that may be read. */
  readonly end: number;
}

/** What a member of a consumer group works with. */
export interface GroupMemberOptions {
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topic: string;
  /**
   * Gives the next offset of each partition that the member has from now on; whatever was delivered before and is not committed has to be forgotten, others may have it.
   * Called again after each change of the group, and after `restart`.
   */
  readonly position: (partitions: readonly number[]) => Promise<ReadonlyMap<number, number>>;
  /** The member has no partition until `position` is asked again. */
  readonly revoked: () => void;
  /** Takes a delivery; resolves once another one may come. */
  readonly deliver: (delivery: Delivery) => Promise<void>;
  readonly log: { warn(context: object, message: string): void };
}

/**
 * One member of a Kafka consumer group whose positions are kept elsewhere: Kafka says which partitions, `position` from where. Offsets in Kafka are for tools that show lag.
 *
 *   joined → paused → position → seek → resumed → deliver … → rebalancing → revoked → joined
 *
 * kafkajs goes on from its own idea of an offset when a stored one is out of range; each delivery is therefore held against the offset that is due.
 */
export class GroupMember {
  private readonly consumer: Consumer;
  /** Offset that is due next, of the partitions that have a position. */
  private readonly due = new Map<number, number>();
  private readonly committed = new Map<number, number>();
  private assigned: readonly number[] = [];
  private generation = 0;
  private ended = new AbortController();
  private failure: Error | undefined;

  constructor(private readonly options: GroupMemberOptions) {
    const { kafka, groupId } = options;
    registerCodecs();
    this.consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: HEARTBEAT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytes: FETCH_BYTES,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
      allowAutoTopicCreation: false,
      readUncommitted: false,
    });
  }

  /** Partitions that have a position, ascending. */
  partitions(): number[] {
    return [...this.due.keys()].sort((one, other) => one - other);
  }

  /** Consumes until the signal aborts, then leaves the group. Throws what `position` throws, POSITION_LOST, and what kafkajs cannot recover from. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.ended.abort();
    if (signal.aborted) return;
    signal.addEventListener('abort', stop, { once: true });
    const { consumer, options } = this;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => this.join(payload.memberAssignment[options.topic] ?? []));
    consumer.on(consumer.events.REBALANCING, () => this.forget());
    consumer.on(consumer.events.START_BATCH_PROCESS, ({ payload }) => this.passOver(payload));
    consumer.on(consumer.events.CRASH, ({ payload }) => (payload.restart ? this.forget() : this.fail(payload.error)));
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [options.topic], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, partitionsConsumedConcurrently: CONCURRENT_PARTITIONS, eachBatch: (payload) => this.handOver(payload) });
      while (!this.ended.signal.aborted) {
        await pause(COMMIT_EVERY_MS, undefined, { signal: this.ended.signal }).catch(() => undefined);
        await this.commitOffsets();
      }
    } finally {
      signal.removeEventListener('abort', stop);
      this.ended.abort();
      this.forget();
      await Promise.race([consumer.disconnect().catch(() => undefined), pause(LEAVE_MS, undefined, { ref: false })]);
    }
    if (this.failure) throw this.failure;
  }

  /** What was delivered from here on is void: asks for the positions again and goes on from there. */
  restart(): void {
    if (this.assigned.length > 0) this.join(this.assigned);
  }

  /** Remembers the committed positions for tools that ask Kafka; sent once a second. */
  passed(next: ReadonlyMap<number, number>): void {
    for (const [partition, offset] of next) this.committed.set(partition, offset);
  }

  /** Runs synchronously in kafkajs' own step, so that nothing is fetched before the position is known. */
  private join(partitions: readonly number[]): void {
    this.forget();
    this.assigned = partitions;
    const { topic } = this.options;
    if (partitions.length > 0) this.consumer.pause([{ topic, partitions: [...partitions] }]);
    const generation = this.generation;
    this.options.position(partitions).then(
      (positions) => this.begin(generation, positions),
      (error: unknown) => generation === this.generation && this.fail(error),
    );
  }

  private begin(generation: number, positions: ReadonlyMap<number, number>): void {
    if (generation !== this.generation || this.ended.signal.aborted) return;
    const { topic } = this.options;
    for (const [partition, offset] of positions) {
      this.due.set(partition, offset);
      this.consumer.seek({ topic, partition, offset: String(offset) });
    }
    if (positions.size > 0) this.consumer.resume([{ topic, partitions: [...positions.keys()] }]);
  }

  private forget(): void {
    this.generation += 1;
    this.due.clear();
    this.committed.clear();
    this.options.revoked();
  }

  private async handOver(payload: EachBatchPayload): Promise<void> {
    const { generation } = this;
    const { batch } = payload;
    const { partition } = batch;
    const due = this.due.get(partition);
    if (due === undefined || this.ended.signal.aborted) return;
    // The type leaves it out; without it a jump of kafkajs would look like a gap in the log.
    const fetched = Number((batch as { fetchedOffset?: string }).fetchedOffset ?? due);
    if (fetched !== due) return this.fail(lost(this.options.topic, partition, due, `it was fetched from ${fetched}`));
    const last = batch.lastOffset();
    const next = Number(last) + 1;
    const records = (batch.messages as unknown as readonly FetchedBatch[]).map((fetchedBatch) => fetchedBatch.records.within(due, next));
    const delivery = { partition, records, next, end: Number(batch.highWatermark) };
    this.due.set(partition, delivery.next);
    const waiting = new AbortController();
    const taken = this.options.deliver(delivery).finally(() => waiting.abort());
    // Kafka must go on hearing of a member that waits.
    while (!waiting.signal.aborted && !this.ended.signal.aborted && generation === this.generation) {
      await Promise.race([taken, pause(HEARTBEAT_MS, undefined, { signal: waiting.signal }).catch(() => undefined)]);
      await payload.heartbeat();
    }
    if (generation === this.generation) payload.resolveOffset(last);
  }

  /** Batches of nothing but markers come by here only. */
  private passOver({ partition, batchSize, firstOffset, lastOffset, highWatermark }: { partition: number; batchSize: number; firstOffset: string; lastOffset: string; highWatermark: string }): void {
    if (batchSize > 0 || !this.due.has(partition) || firstOffset === null) return;
    const next = Number(lastOffset) + 1;
    this.due.set(partition, next);
    void this.options.deliver({ partition, records: [], next, end: Number(highWatermark) });
  }

  private async commitOffsets(): Promise<void> {
    const offsets = [...this.committed].map(([partition, offset]) => ({ topic: this.options.topic, partition, offset: String(offset) }));
    this.committed.clear();
    if (offsets.length === 0 || this.ended.signal.aborted) return;
    // Lag tools may be a second late; nothing of ours reads them.
    await this.consumer.commitOffsets(offsets).catch((error: unknown) => this.options.log.warn({ error }, 'Kafka did not take the offsets.'));
  }

  private fail(error: unknown): void {
    this.failure ??= isWeirError(error) || error instanceof Error ? error : toWeirError(error);
    this.ended.abort();
  }
}

/** POSITION_LOST for a partition whose stored position cannot be read. */
export function lost(topic: string, partition: number, position: number, why: string): WeirError {
  return new WeirError({ code: 'POSITION_LOST', message: `The position ${position} in ${topic}:${partition} cannot be read any more: ${why}.`, place: `${topic}:${partition}:${position}` });
}
