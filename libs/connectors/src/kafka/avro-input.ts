import { UnreadableValue } from './unreadable-value';

/** Reads Avro's binary encoding. Reading past the end throws UnreadableValue, and so does a number of more bits than its type has. */
export class AvroInput {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  /** Records inside records, to bound recursion. */
  depth = 0;

  start(bytes: Buffer): void {
    this.bytes = bytes;
    this.at = 0;
    this.depth = 0;
  }

  get atEnd(): boolean {
    return this.at === this.bytes.length;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new UnreadableValue();
    return this.bytes[this.at++] as number;
  }

  /** A zigzag number of 32 bits. */
  int(): number {
    const value = this.long();
    if (typeof value !== 'number' || value < -0x80000000 || value > 0x7fffffff) throw new UnreadableValue();
    return value;
  }

  /** A zigzag number of 64 bits; a bigint from about 2^52 on, where a number may not be exact. */
  long(): number | bigint {
    const start = this.at;
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    let high = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      high |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (high >= 2 ** 25) break;
      const value = high * 2 ** 28 + low;
      return (low & 1) === 0 ? value / 2 : -(value + 1) / 2;
    }
    return this.wideLong(start);
  }

  /** A length or count, which is never below zero; `length` bytes of what is left at the most. */
  length(): number {
    const length = this.long();
    if (typeof length !== 'number' || length < 0 || length > this.bytes.length - this.at) throw new UnreadableValue();
    return length;
  }

  /** Steps over so many bytes, and gives where they begin. */
  take(length: number): number {
    const from = this.at;
    if (length > this.bytes.length - from) throw new UnreadableValue();
    this.at += length;
    return from;
  }

  private wideLong(start: number): bigint {
    this.at = start;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (value >= 1n << 64n) break;
      return (value >> 1n) ^ -(value & 1n);
    }
    throw new UnreadableValue();
  }
}
