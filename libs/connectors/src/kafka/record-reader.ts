import type { IHeaders } from 'kafkajs';
import type { BatchFault } from './batch-fault';

/** Thrown for bytes that give no records; never leaves `decodeRecordBatch`. */
export class UnreadableRecord extends Error {
  constructor(readonly reason: BatchFault = 'records_corrupt') {
    super(reason);
  }
}

/** Reads the variable-length numbers and bytes of Kafka's record format 2, and never past the end it is given. */
export class RecordReader {
  constructor(
    private readonly bytes: Buffer,
    public at = 0,
  ) {}

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  /** Steps over one byte. */
  skip(): void {
    this.at++;
  }

  /** A zigzag number of at most 32 bits. */
  varint(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] as number;
    // Nearly all numbers here are lengths below 64.
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new UnreadableRecord();
  }

  /** A zigzag number of at most 64 bits; a bigint where it needs more than 28. */
  varlong(): number | bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (BigInt.asUintN(64, value) >> 1n) ^ -(value & 1n));
    }
    throw new UnreadableRecord();
  }

  /** Steps over a length and as many bytes, all before `end`; gives the length, which is −1 for null. */
  pass(end: number): number {
    const length = this.varint();
    if (length === -1) return length;
    if (length < 0 || length > end - this.at) throw new UnreadableRecord();
    this.at += length;
    return length;
  }

  /** Steps over headers that all end before `end`; gives how many there are, which must not be more than `most`. */
  passHeaders(end: number, most: number): number {
    const count = this.varint();
    // Before the loop, so that a count out of nowhere costs nothing.
    if (count < 0 || count > end - this.at) throw new UnreadableRecord();
    if (count > most) throw new UnreadableRecord('too_many_records');
    for (let i = 0; i < count; i++) {
      if (this.pass(end) < 0) throw new UnreadableRecord();
      this.pass(end);
    }
    return count;
  }

  /** Headers that were passed before. A name that stands twice has an array of its values, as in kafkajs. */
  headers(): IHeaders {
    const headers: IHeaders = {};
    for (let left = this.varint(); left > 0; left--) {
      const name = this.nullable()?.toString() ?? '';
      // kafkajs's types have no null here, its own decoder gives one all the same.
      addHeader(headers, name, this.nullable() as Buffer);
    }
    return headers;
  }

  /** The end of what a length in front of it announces, at most `limit`. */
  end(limit = this.bytes.length): number {
    const length = this.varint();
    if (length < 0 || length > limit - this.at) throw new UnreadableRecord();
    return this.at + length;
  }

  private nullable(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new UnreadableRecord();
    return this.bytes[this.at++] as number;
  }
}

function addHeader(headers: IHeaders, name: string, value: Buffer): void {
  if (!Object.hasOwn(headers, name)) {
    // Not by assignment: `__proto__` would set the object's prototype.
    Object.defineProperty(headers, name, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const before = headers[name] as Buffer | Buffer[];
  if (Array.isArray(before)) before.push(value);
  else headers[name] = [before, value];
}
