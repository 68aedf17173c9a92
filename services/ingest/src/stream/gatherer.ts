import type { Delivery, LogMessage } from '@weir/connectors';
import { LogGrains } from '@weir/core';
import type { LogRange } from '@weir/rpc';

/** What waits at the most before deliveries are held back, and where they come again. */
const FULL = { records: 40_000, bytes: 16 * 1024 * 1024 };
const ROOM = { records: 20_000, bytes: 8 * 1024 * 1024 };

/** Bounds of a micro-batch: what an rpc can carry with room for keys and headers, and what an engine does in some ten milliseconds. */
export const LARGEST_BATCH = { records: 10_000, bytes: 2.5 * 1024 * 1024 } as const;

/** Records above this are set aside and count as little. */
export const MAX_RECORD_BYTES = 1024 * 1024;

/** Records of one partition that follow each other. */
export interface GatheredPart {
  readonly partition: number;
  readonly records: readonly LogMessage[];
  /** The canonical start of each record's grain. */
  readonly grains: readonly string[];
}

/** A micro-batch on its way: what it holds and which positions it moves. */
export interface Gathered {
  readonly parts: readonly GatheredPart[];
  readonly ranges: readonly LogRange[];
  readonly records: number;
}

interface Queue {
  readonly waiting: Delivery[];
  /** Records of the first delivery that were taken. */
  taken: number;
  /** The offset that the next micro-batch begins with. */
  next: number;
}

/**
 * Joins the deliveries of all partitions of a member into micro-batches: each takes whatever waits, up to its bounds, so that it is small when little comes and large under load.
 * What waits is bounded too: `add` resolves when there is room again.
 */
export class Gatherer {
  private readonly queues = new Map<number, Queue>();
  private readonly grains: LogGrains;
  private readonly held: (() => void)[] = [];
  private readonly hungry: (() => void)[] = [];
  private records = 0;
  private bytes = 0;

  constructor(grain: string) {
    this.grains = new LogGrains(grain);
  }

  /** Records that wait. */
  get waiting(): number {
    return this.records;
  }

  /** Whether a position could be moved. */
  get any(): boolean {
    return [...this.queues.values()].some(({ waiting }) => waiting.length > 0);
  }

  /** Begins a partition at an offset; `greatest` is the greatest timestamp before it, milliseconds. */
  position(partition: number, next: number, greatest: number): void {
    this.queues.set(partition, { waiting: [], taken: 0, next });
    this.grains.continueFrom(partition, greatest);
  }

  /** Forgets all partitions and what waits. */
  clear(): void {
    this.queues.clear();
    this.records = 0;
    this.bytes = 0;
    for (const go of this.held.splice(0)) go();
  }

  /** Resolves when another delivery may come. */
  async add(delivery: Delivery): Promise<void> {
    const queue = this.queues.get(delivery.partition);
    if (!queue) return;
    queue.waiting.push(delivery);
    this.count(delivery.records, 1);
    for (const go of this.hungry.splice(0)) go();
    if (this.records > FULL.records || this.bytes > FULL.bytes) await new Promise<void>((resolve) => this.held.push(resolve));
  }

  /** Resolves when something waits, or at the latest when the signal aborts. */
  async ready(signal: AbortSignal): Promise<void> {
    if (this.any || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.hungry.push(go);
      signal.addEventListener('abort', go, { once: true });
    });
  }

  /** The next micro-batch; undefined when nothing waits. `most` bounds its records. */
  take(most: number = LARGEST_BATCH.records): Gathered | undefined {
    const room = { records: Math.min(most, LARGEST_BATCH.records), bytes: LARGEST_BATCH.bytes };
    const parts: GatheredPart[] = [];
    const ranges: LogRange[] = [];
    for (const [partition, queue] of this.queues) {
      if (queue.waiting.length === 0 || room.records <= 0 || room.bytes <= 0) continue;
      const { next: from } = queue;
      const greatestBeforeFrom = this.grains.greatestOf(partition);
      const records = takeFrom(queue, room);
      const grains = records.map((record) => this.grains.next(partition, Number(record.timestamp)));
      this.count(records, -1);
      if (records.length > 0) parts.push({ partition, records, grains });
      if (queue.next > from) ranges.push({ partition, from, to: queue.next, greatestBeforeFrom, greatestBeforeTo: this.grains.greatestOf(partition) });
    }
    this.rotate();
    if (this.records < ROOM.records && this.bytes < ROOM.bytes) for (const go of this.held.splice(0)) go();
    return ranges.length === 0 ? undefined : { parts, ranges, records: parts.reduce((sum, part) => sum + part.records.length, 0) };
  }

  /** The partition that was looked at first comes last next time, so that none waits behind a busy one. */
  private rotate(): void {
    const [first] = this.queues;
    if (!first) return;
    this.queues.delete(first[0]);
    this.queues.set(...first);
  }

  private count(records: readonly LogMessage[], sign: 1 | -1): void {
    this.records += sign * records.length;
    for (const record of records) this.bytes += sign * sizeOf(record);
  }
}

function takeFrom(queue: Queue, room: { records: number; bytes: number }): LogMessage[] {
  const out: LogMessage[] = [];
  for (let delivery = queue.waiting[0]; delivery; delivery = queue.waiting[0]) {
    while (queue.taken < delivery.records.length && room.records > 0 && room.bytes > 0) {
      const record = delivery.records[queue.taken];
      if (!record) break;
      queue.taken += 1;
      room.records -= 1;
      room.bytes -= sizeOf(record);
      queue.next = Number(record.offset) + 1;
      out.push(record);
    }
    if (queue.taken < delivery.records.length) return out;
    queue.waiting.shift();
    queue.taken = 0;
    queue.next = delivery.next;
  }
  return out;
}

/** Bytes that a record adds to a micro-batch; the fixed part stands for its numbers. */
function sizeOf({ key, value }: LogMessage): number {
  const length = value?.length ?? 0;
  return 24 + (key?.length ?? 0) + (length > MAX_RECORD_BYTES ? 0 : length);
}
