import { ZstdFault } from './zstd-fault';

/** Bytes that must lie before a stream in its array: a look ahead at its start reads them. */
export const BITS_PADDING = 4;

/**
 * Reads bits from the end of a stream to its start (RFC 8878, 4.1): the last byte has a mark above its first bit. Reading past the start gives zeros or what lies there, and
 * makes `left` negative: whoever reads checks it in the end.
 */
export class BackwardBits {
  /** Bits that were not read yet. */
  left: number;
  private readonly start: number;

  /** The stream is bytes[from, to); there are BITS_PADDING bytes before it. */
  constructor(
    private readonly bytes: Uint8Array,
    from: number,
    to: number,
  ) {
    const last = to > from ? (bytes[to - 1] as number) : 0;
    if (last === 0) throw new ZstdFault('a bit stream has no end mark');
    this.start = from;
    this.left = (to - from) * 8 - (Math.clz32(last) - 24) - 1;
  }

  /** The next `count` bits, at most 24, as a number. */
  read(count: number): number {
    this.left -= count;
    return this.at(this.left) & ((1 << count) - 1);
  }

  /** As read, but of at most 32 bits. */
  readLong(count: number): number {
    if (count <= 24) return this.read(count);
    const high = this.read(count - 16);
    return high * 0x10000 + this.read(16);
  }

  /** The next `count` bits, at most 24, which stay unread. */
  peek(count: number): number {
    return this.at(this.left - count) & ((1 << count) - 1);
  }

  /** At least 25 bits from a place on, counted from the start. */
  private at(bit: number): number {
    const { bytes } = this;
    // No further back than the padding reaches: there a stream is at fault, and what is read does not matter.
    const byte = this.start + (bit < -8 * BITS_PADDING ? -BITS_PADDING : bit >> 3);
    return ((bytes[byte] as number) | ((bytes[byte + 1] as number) << 8) | ((bytes[byte + 2] as number) << 16) | ((bytes[byte + 3] as number) << 24)) >>> (bit & 7);
  }
}
