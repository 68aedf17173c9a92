import type { Delivery, LogRecords } from '@weir/connectors';
import { LogGrains } from '@weir/core';
import type { LogRange, RecordRange } from '@weir/rpc';

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
  readonly records: readonly LogRecords[];
  /** Offsets of these records that follow each other and are of one grain. */
  readonly ranges: readonly RecordRange[];
}

/** A micro-batch on its way: what it holds and which positions it moves. */
export interface Gathered {
  readonly parts: readonly GatheredPart[];
  readonly ranges: readonly LogRange[];
  readonly records: number;
}

/** Which grains the records of a micro-batch are of; offsets that the topic does not have are of that around them. */
export function grainsOf({ parts }: Pick<Gathered, 'parts'>): RecordRange[] {
  const grains: RecordRange[] = [];
  for (const range of parts.flatMap(({ ranges }) => ranges)) {
    const last = grains.at(-1);
    if (last && last.partition === range.partition && last.grain === range.grain) last.count = range.offset + range.count - last.offset;
    else grains.push({ ...range });
  }
  return grains;
}

/** A delivery of which some may have been taken. */
interface Waiting {
  readonly records: LogRecords[];
  readonly next: number;
}

interface Queue {
  readonly waiting: Waiting[];
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
    this.queues.set(partition, { waiting: [], next });
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
    queue.waiting.push({ records: [...delivery.records], next: delivery.next });
    for (const records of delivery.records) this.count(records);
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
    const allowed = Math.min(most, LARGEST_BATCH.records);
    const room = { records: allowed, bytes: LARGEST_BATCH.bytes };
    const parts: GatheredPart[] = [];
    const ranges: LogRange[] = [];
    for (const [partition, queue] of this.queues) {
      if (queue.waiting.length === 0 || room.records <= 0 || room.bytes <= 0) continue;
      const { next: from } = queue;
      const greatestBeforeFrom = this.grains.greatestOf(partition);
      const records = takeFrom(queue, room);
      if (records.length > 0) parts.push({ partition, records, ranges: this.rangesOf(partition, records) });
      if (queue.next > from) ranges.push({ partition, from, to: queue.next, greatestBeforeFrom, greatestBeforeTo: this.grains.greatestOf(partition) });
    }
    const taken = allowed - room.records;
    this.records -= taken;
    this.bytes -= LARGEST_BATCH.bytes - room.bytes;
    this.rotate();
    if (this.records < ROOM.records && this.bytes < ROOM.bytes) for (const go of this.held.splice(0)) go();
    return ranges.length === 0 ? undefined : { parts, ranges, records: taken };
  }

  /** The partition that was looked at first comes last next time, so that none waits behind a busy one. */
  private rotate(): void {
    const [first] = this.queues;
    if (!first) return;
    this.queues.delete(first[0]);
    this.queues.set(...first);
  }

  /** A new range wherever an offset is missing or the grain changes. */
  private rangesOf(partition: number, parts: readonly LogRecords[]): RecordRange[] {
    const ranges: RecordRange[] = [];
    let open: RecordRange | undefined;
    for (const records of parts) {
      for (let index = 0; index < records.length; index++) {
        const offset = records.offset(index);
        const grain = this.grains.next(partition, records.timestamp(index));
        if (open && open.grain === grain && open.offset + open.count === offset) open.count += 1;
        else ranges.push((open = { partition, offset, count: 1, grain }));
      }
    }
    return ranges;
  }

  private count(records: LogRecords): void {
    this.records += records.length;
    for (let index = 0; index < records.length; index++) this.bytes += sizeOf(records, index);
  }
}

function takeFrom(queue: Queue, room: { records: number; bytes: number }): LogRecords[] {
  const out: LogRecords[] = [];
  for (let delivery = queue.waiting[0]; delivery; delivery = queue.waiting[0]) {
    for (let records = delivery.records[0]; records; records = delivery.records[0]) {
      const fits = fitting(records, room);
      if (fits > 0) {
        out.push(records.slice(0, fits));
        queue.next = records.offset(fits - 1) + 1;
      }
      if (fits < records.length) {
        delivery.records[0] = records.slice(fits, records.length);
        return out;
      }
      delivery.records.shift();
    }
    queue.waiting.shift();
    queue.next = delivery.next;
  }
  return out;
}

/** How many of the first records have room; it is taken. */
function fitting(records: LogRecords, room: { records: number; bytes: number }): number {
  let index = 0;
  for (; index < records.length && room.records > 0 && room.bytes > 0; index++) {
    room.records -= 1;
    room.bytes -= sizeOf(records, index);
  }
  return index;
}

/** Bytes that a record adds to a micro-batch; the fixed part stands for its numbers. */
function sizeOf(records: LogRecords, index: number): number {
  const length = records.valueLength(index);
  return 24 + Math.max(0, records.keyLength(index)) + (length > MAX_RECORD_BYTES ? 0 : Math.max(0, length));
}
