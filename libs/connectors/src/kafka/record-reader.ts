import type { BatchFault } from './batch-fault';

/** Thrown for bytes that give no records; never leaves `decodeRecordBatch`. */
export class UnreadableRecord extends Error {
  constructor(readonly reason: BatchFault = 'records_corrupt') {
    super(reason);
  }
}

/** Reads the variable-length numbers and bytes of Kafka's record format 2, and never past the end it is given. */
export class RecordReader {
  at = 0;

  constructor(private readonly bytes: Buffer) {}

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

  /** A length and as many bytes, all before `end`; null for the length −1. */
  nullableBytes(end: number): Buffer | null {
    const length = this.varint();
    if (length === -1) return null;
    return this.take(length, end);
  }

  text(end: number): string {
    const length = this.varint();
    const { at } = this;
    return this.take(length, end).length === 0 ? '' : this.bytes.toString('utf8', at, this.at);
  }

  /** The end of what a length in front of it announces, at most `limit`. */
  end(limit = this.bytes.length): number {
    const length = this.varint();
    if (length < 0 || length > limit - this.at) throw new UnreadableRecord();
    return this.at + length;
  }

  private take(length: number, end: number): Buffer {
    if (length < 0 || length > end - this.at) throw new UnreadableRecord();
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  private byte(): number {
    if (this.at >= this.bytes.length) throw new UnreadableRecord();
    return this.bytes[this.at++] as number;
  }
}
