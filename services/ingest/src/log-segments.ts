import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as giveWay } from 'node:timers/promises';
import type { LogRecord, LogRecords } from '@weir/connectors';
import { formatLogSegment, quoteLiteral } from '@weir/core';
import type { AppendedValue, Engine } from '@weir/engine';
import { rawPath, type Lake, type Segment } from '@weir/lake';
import { MAX_RECORD_BYTES } from './stream/gatherer';

/** A segment is closed at whichever comes first: bounds the memory of the engine, and what a reader takes at once. */
const MOST_RECORDS = 500_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** Rows that are handed to the engine at once, which takes the thread that streams run on for some milliseconds. */
const MOST_PENDING = 2_048;
/** Rows per row group: bounds what a writer holds in memory. */
const ROW_GROUP_ROWS = 30_720;

const TABLE = 'create or replace temp table records (kafka_offset BIGINT, kafka_timestamp BIGINT, key BLOB, value BLOB, headers VARCHAR, poison VARCHAR)';

/** Where segments go. */
export interface SegmentTarget {
  readonly engine: Engine;
  readonly lake: Lake;
  readonly pipeline: string;
  /** Bare name of the raw dataset. */
  readonly dataset: string;
  readonly topic: string;
  /** Absolute path of the engine's staging folder. */
  readonly dir: string;
}

/** Records of one grain in one partition that wait to become a segment. */
interface OpenSegment {
  readonly partition: number;
  readonly grain: string;
  readonly first: number;
  next: number;
  rows: number;
  bytes: number;
}

/**
 * Writes records as they came into Parquet segments, each of one grain of one partition, in the order of offsets. The same records give the same segments, however they were fetched.
 * Throws what the engine and the lake throw.
 */
export class LogSegments {
  readonly written: Segment[] = [];
  private open: OpenSegment | undefined;
  private pending: AppendedValue[][] = [];

  constructor(private readonly target: SegmentTarget) {}

  /** Takes records of a partition that follow those of it that were given before, and the grain of each. */
  async add(partition: number, parts: readonly LogRecords[], grainOf: (offset: number, timestamp: number) => string): Promise<void> {
    for (const record of each(parts)) {
      const { offset, timestamp } = record;
      const grain = grainOf(offset, timestamp);
      if (this.open && !fits(this.open, partition, grain)) await this.close();
      this.open ??= await this.begin(partition, grain, offset);
      const row = rowOf(record);
      this.pending.push(row);
      this.open.next = offset + 1;
      this.open.rows += 1;
      this.open.bytes += bytesOf(row);
      if (this.pending.length === MOST_PENDING) await this.flush();
    }
    await this.flush();
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await this.flush();
    const { open, target } = this;
    this.open = undefined;
    if (!open) return;
    const file = join(target.dir, `segment-${this.written.length}.parquet`);
    await target.engine.run(`copy records to ${quoteLiteral(file)} (format parquet, compression zstd, row_group_size ${ROW_GROUP_ROWS})`, 'raw segment');
    const { path, bytes, sha256 } = await target.lake.adoptByContent(file, (hash) => rawPath(target.pipeline, target.dataset, hash, 'parquet'));
    // The same content may have been there already; then the file was left.
    await rm(file, { force: true });
    this.written.push({ path, bytes, sha256, rows: open.rows, partitions: [open.grain], source: formatLogSegment({ topic: target.topic, partition: open.partition, from: open.first, to: open.next }) });
  }

  private async begin(partition: number, grain: string, first: number): Promise<OpenSegment> {
    await this.target.engine.run(TABLE, 'records');
    return { partition, grain, first, next: first, rows: 0, bytes: 0 };
  }

  private async flush(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    if (pending.length === 0) return;
    await this.target.engine.append('records', pending);
    // Nothing else gives way: the engine appends without leaving the thread, and pages of records may be there already.
    await giveWay();
  }
}

function* each(parts: readonly LogRecords[]): Generator<LogRecord, void, undefined> {
  for (const records of parts) yield* records;
}

function fits({ partition, grain, rows, bytes }: OpenSegment, nextPartition: number, nextGrain: string): boolean {
  return partition === nextPartition && grain === nextGrain && rows < MOST_RECORDS && bytes < MOST_BYTES;
}

/** In the order of TABLE. */
function rowOf({ offset, timestamp, key, value, headers, poison }: LogRecord): AppendedValue[] {
  const reason = poison?.reason ?? ((value?.length ?? 0) > MAX_RECORD_BYTES ? 'too_large' : null);
  return [offset, timestamp, key, poison ? (poison.bytes ?? null) : value, headersText(headers), reason];
}

function bytesOf([, , key, value, headers]: readonly AppendedValue[]): number {
  return lengthOf(key) + lengthOf(value) + lengthOf(headers);
}

function lengthOf(value: AppendedValue | undefined): number {
  return typeof value === 'number' || !value ? 0 : value.length;
}

/** JSON: names to base64, to null, or to a list of these for a name that stands more than once; null without headers. */
function headersText(headers: LogRecord['headers']): string | null {
  const entries = Object.entries(headers);
  if (entries.length === 0) return null;
  return JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? value.map(base64) : base64(value)])));
}

function base64(value: Buffer | string | null | undefined): string | null {
  return value === null || value === undefined ? null : Buffer.from(value).toString('base64');
}
