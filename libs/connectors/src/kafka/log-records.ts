import type { IHeaders } from 'kafkajs';
import type { BatchFault } from './batch-fault';
import { RecordReader } from './record-reader';

/** Why records of a batch could not be read. */
export interface Poison {
  readonly reason: BatchFault;
  /** On the first record of a batch: the batch as the log has it, header and compressed records, at most its first 1 MiB. */
  readonly bytes: Buffer | undefined;
}

/** A record by itself, for where few are looked at. */
export interface LogRecord {
  readonly offset: number;
  /** Milliseconds; any number that a producer thought of. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
  /** Set for one that only stands for a record that could not be read; it has no key and no value. */
  readonly poison: Poison | undefined;
}

/** An unreadable batch, and the record that its bytes are shown with. */
export interface BatchPoison extends Poison {
  readonly firstOffset: number;
}

/** Numbers of one record in a table, in this order. A length of −1 stands for null; headers at −1 are none. */
export const STRIDE = 7;
export const [OFFSET, TIMESTAMP, KEY_AT, KEY_LENGTH, VALUE_AT, VALUE_LENGTH, HEADERS_AT] = [0, 1, 2, 3, 4, 5, 6] as const;

/**
 * Records of one partition in the order of their offsets: the bytes in which they came, and a table that says where each has its key, value and headers. An object, two buffers and two
 * texts for each of them, as kafkajs has it, would be most of what a stream costs.
 */
export class LogRecords {
  readonly length: number;

  constructor(
    private readonly bytes: Buffer,
    private readonly table: Float64Array,
    private readonly fault?: BatchPoison,
  ) {
    this.length = table.length / STRIDE;
  }

  /** Whether they only stand for records that could not be read. */
  get poisoned(): boolean {
    return this.fault !== undefined;
  }

  offset(index: number): number {
    return this.at(index, OFFSET);
  }

  timestamp(index: number): number {
    return this.at(index, TIMESTAMP);
  }

  /** Bytes; −1 for null. */
  keyLength(index: number): number {
    return this.at(index, KEY_LENGTH);
  }

  /** Bytes; −1 for null. */
  valueLength(index: number): number {
    return this.at(index, VALUE_LENGTH);
  }

  hasHeaders(index: number): boolean {
    return this.at(index, HEADERS_AT) >= 0;
  }

  /** Copies a key, if there is one, to `at` in a buffer; gives the place after it. */
  copyKey(index: number, into: Buffer, at: number): number {
    return this.copy(this.at(index, KEY_AT), this.at(index, KEY_LENGTH), into, at);
  }

  /** Copies a value, if there is one, to `at` in a buffer; gives the place after it. */
  copyValue(index: number, into: Buffer, at: number): number {
    return this.copy(this.at(index, VALUE_AT), this.at(index, VALUE_LENGTH), into, at);
  }

  headers(index: number): IHeaders {
    const at = this.at(index, HEADERS_AT);
    return at < 0 ? {} : new RecordReader(this.bytes, at).headers();
  }

  poison(index: number): Poison | undefined {
    const { fault } = this;
    return fault && { reason: fault.reason, bytes: this.offset(index) === fault.firstOffset ? fault.bytes : undefined };
  }

  record(index: number): LogRecord {
    return {
      offset: this.offset(index),
      timestamp: this.timestamp(index),
      key: this.view(this.at(index, KEY_AT), this.at(index, KEY_LENGTH)),
      value: this.view(this.at(index, VALUE_AT), this.at(index, VALUE_LENGTH)),
      headers: this.headers(index),
      poison: this.poison(index),
    };
  }

  *[Symbol.iterator](): Generator<LogRecord, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.record(index);
  }

  /** Those at indices [from, to). */
  slice(from: number, to: number): LogRecords {
    return from <= 0 && to >= this.length ? this : new LogRecords(this.bytes, this.table.subarray(from * STRIDE, to * STRIDE), this.fault);
  }

  /** Those with offsets [from, to). */
  within(from: number, to: number): LogRecords {
    return this.slice(this.indexOf(from), this.indexOf(to));
  }

  /** Index of the first record whose offset is not before this one. */
  private indexOf(offset: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offset(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private at(index: number, column: number): number {
    return this.table[index * STRIDE + column] as number;
  }

  private copy(from: number, length: number, into: Buffer, at: number): number {
    return length <= 0 ? at : at + this.bytes.copy(into, at, from, from + length);
  }

  private view(from: number, length: number): Buffer | null {
    return length < 0 ? null : this.bytes.subarray(from, from + length);
  }
}
