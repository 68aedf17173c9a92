import { readLog, type LogRecord, type TimedOffset, type TopicLog } from '@weir/connectors';
import { grainMs, LogGrains, sideBySide } from '@weir/core';
import type { LogRange } from '@weir/rpc';

/** Grains that one plan touches at most. */
export const MOST_GRAINS = 500;
/** Partitions that are looked at side by side: an answer may be a batch of 1 MiB. */
const CONCURRENT = 8;
/** A broker gives at least one whole batch. */
const ONE_BATCH = 1;

/** Offsets [from, to) of a partition, after records whose greatest timestamp was `greatest`, milliseconds; 0 without any. */
export type OpenRange = Pick<LogRange, 'partition' | 'from' | 'to'> & { readonly greatest: number };

/** Where records of another grain begin. */
export interface GrainBegin {
  /** Milliseconds. */
  readonly start: number;
  readonly offset: number;
  /** Of the record there, or of one before it in the same grain, milliseconds. */
  readonly timestamp: number;
}

/** The grains of a range in the order of its records, by LogGrains' rule. */
export interface RangeGrains {
  readonly range: OpenRange;
  readonly grains: readonly GrainBegin[];
  /** Of the first record, milliseconds; undefined when nothing is known to be there. */
  readonly first: number | undefined;
}

/**
 * Finds the grains that ranges touch, at most MOST_GRAINS + 1 of each, by asking for times, which costs the same however many records there are. What Kafka answers may be a record
 * that no reader sees (a marker of a transaction has the broker's clock, which says nothing about its records), so each answer is looked at; from one that nobody sees on, the records are read.
 */
export async function grainsOfRanges(log: TopicLog, ranges: readonly OpenRange[], grain: string, signal: AbortSignal): Promise<RangeGrains[]> {
  const walks = ranges.map((range) => new RangeWalk(log, range, grain, signal));
  await sideBySide(walks, CONCURRENT, (walk) => walk.begin());
  for (let open = walks.filter(({ asks }) => asks !== undefined); open.length > 0; open = open.filter(({ asks }) => asks !== undefined)) {
    const found = await log.firstFrom(new Map(open.map(({ range, asks = 0 }) => [range.partition, asks])));
    await sideBySide(open, CONCURRENT, (walk) => walk.take(found.get(walk.range.partition)));
  }
  return walks.map(({ range, grains, first }) => ({ range, grains, first }));
}

/** Walks over the grains of one range. */
class RangeWalk {
  readonly grains: GrainBegin[] = [];
  first: number | undefined;
  /** The time to ask for next, milliseconds; undefined when all is known. */
  asks: number | undefined;
  private readonly order: LogGrains;
  private readonly length: number;

  constructor(
    private readonly log: TopicLog,
    readonly range: OpenRange,
    grain: string,
    private readonly signal: AbortSignal,
  ) {
    this.length = grainMs(grain);
    this.order = new LogGrains(grain);
    this.order.continueFrom(range.partition, range.greatest);
  }

  /** Looks at the first batch: its record says how old the range is, and which grain begins it where nothing came before. */
  async begin(): Promise<void> {
    const { from, greatest } = this.range;
    const { record, timestamp } = await this.firstAt(from);
    this.first = record?.timestamp ?? timestamp ?? greatest;
    if (record) this.askBehind(record);
    else await this.readFrom(from);
  }

  /** Takes the first record from the time that was asked for. */
  async take(found: TimedOffset | undefined): Promise<void> {
    const last = this.grains.at(-1)?.offset ?? this.range.from;
    this.asks = undefined;
    if (!found || found.offset >= this.range.to) return;
    const record = found.offset > last ? (await this.firstAt(found.offset)).record : undefined;
    if (record?.offset === found.offset) this.askBehind(record);
    else await this.readFrom(last);
  }

  /** Takes a record that begins a grain, and asks for the next one. */
  private askBehind(record: LogRecord): void {
    const begun = this.grains.length;
    this.pass(record);
    const last = this.grains.at(-1);
    if (last && this.grains.length > begun && this.grains.length <= MOST_GRAINS) this.asks = last.start + this.length;
  }

  /** The rest of the range, record by record. */
  private async readFrom(offset: number): Promise<void> {
    for await (const { records } of readLog(this.log, { ...this.range, from: offset }, this.signal)) {
      for (const record of records.flatMap((some) => [...some])) this.pass(record);
      if (this.grains.length > MOST_GRAINS) return;
    }
  }

  private pass({ offset, timestamp }: LogRecord): void {
    const { partition } = this.range;
    const start = Date.parse(this.order.next(partition, timestamp));
    const last = this.grains.at(-1);
    const begin = { start, offset: last?.start === start ? last.offset : offset, timestamp: this.order.greatestOf(partition) };
    if (last?.start === start) this.grains.pop();
    this.grains.push(begin);
  }

  /** The first record from an offset on that readers see, in what the broker gives at once; and the time of what is there, seen or not: a marker of a transaction, or records of one that was aborted. */
  private async firstAt(offset: number): Promise<{ record: LogRecord | undefined; timestamp: number | undefined }> {
    const { partition, to } = this.range;
    const fetched = await this.log.fetch(partition, offset, ONE_BATCH);
    const batches = (fetched?.messages ?? []).filter((batch) => Number(batch.offset) >= offset);
    const records = batches.map((batch) => batch.records.within(offset, to)).find(({ length }) => length > 0);
    return { record: records?.record(0), timestamp: batches[0]?.timestamp };
  }
}
