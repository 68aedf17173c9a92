import { BackwardBits } from './backward-bits';
import { readHuffmanTable, type HuffmanTable } from './huffman-table';
import { ZstdFault } from './zstd-fault';

/** Most bytes of a block, as it is and compressed. */
export const BLOCK_BYTES = 128 * 1024;

const enum Kind {
  Raw,
  Repeat,
  Compressed,
  /** Compressed with the table of the block before. */
  Treeless,
}

interface Header {
  readonly kind: Kind;
  /** Bytes when they are decoded, and as they are. */
  readonly regenerated: number;
  readonly compressed: number;
  readonly streams: 1 | 4;
  readonly at: number;
}

/** Decodes the literals of blocks (RFC 8878, 3.1.1.3.1), one block after the other. */
export class Literals {
  /** The literals of the newest block, `length` of them. */
  readonly bytes = new Uint8Array(BLOCK_BYTES);
  length = 0;
  private table: HuffmanTable | undefined;

  /** Reads the literals that begin a compressed block, bytes[from, to); gives where they end. */
  read(bytes: Uint8Array, from: number, to: number): number {
    const header = readHeader(bytes, from, to);
    const { kind, regenerated, compressed, at } = header;
    const end = at + compressed;
    if (regenerated > BLOCK_BYTES || end > to) throw new ZstdFault('the literals of a block are too long');
    this.length = regenerated;
    if (kind === Kind.Raw) this.bytes.set(bytes.subarray(at, end));
    else if (kind === Kind.Repeat) this.bytes.fill(bytes[at] as number, 0, regenerated);
    else this.inflate(bytes, header, end);
    return end;
  }

  /** Before the blocks of another frame. */
  forget(): void {
    this.table = undefined;
  }

  private inflate(bytes: Uint8Array, { kind, regenerated, streams, at }: Header, end: number): void {
    let from = at;
    if (kind === Kind.Compressed) {
      const read = readHuffmanTable(bytes, at, end);
      this.table = read.table;
      from = read.end;
    }
    const { table } = this;
    if (!table) throw new ZstdFault('a block has no Huffman table to repeat');
    if (streams === 1) return decode(table, bytes, from, end, this.bytes, 0, regenerated);
    const part = (regenerated + 3) >> 2;
    const first = from + 6;
    if (first > end || 3 * part > regenerated) throw new ZstdFault('the streams of literals are too short');
    for (let stream = 0, start = first, out = 0; stream < 4; stream++, out += part) {
      const stop = stream === 3 ? end : start + ((bytes[from + 2 * stream] as number) | ((bytes[from + 2 * stream + 1] as number) << 8));
      if (stop > end) throw new ZstdFault('the streams of literals are too long');
      decode(table, bytes, start, stop, this.bytes, out, stream === 3 ? regenerated : out + part);
      start = stop;
    }
  }
}

function readHeader(bytes: Uint8Array, from: number, to: number): Header {
  const first = bytes[from] ?? 0;
  const kind = (first & 3) as Kind;
  const format = (first >> 2) & 3;
  const size = kind === Kind.Raw || kind === Kind.Repeat ? [1, 2, 1, 3][format] : [3, 3, 4, 5][format];
  const at = from + (size as number);
  if (at > to) throw new ZstdFault('a block is too short');
  const word = first + (bytes[from + 1] ?? 0) * 0x100 + (bytes[from + 2] ?? 0) * 0x10000 + (bytes[from + 3] ?? 0) * 0x1000000;
  if (kind === Kind.Raw || kind === Kind.Repeat) {
    const regenerated = format === 1 ? (word & 0xffff) >>> 4 : format === 3 ? (word & 0xffffff) >>> 4 : first >>> 3;
    return { kind, regenerated, compressed: kind === Kind.Raw ? regenerated : 1, streams: 1, at };
  }
  const width = [10, 10, 14, 18][format] as number;
  const bits = word / 16 + (bytes[from + 4] ?? 0) * 0x10000000;
  const regenerated = Math.floor(bits) % 2 ** width;
  return { kind, regenerated, compressed: Math.floor(bits / 2 ** width) % 2 ** width, streams: format === 0 ? 1 : 4, at };
}

/** Decodes the stream bytes[from, to) to exactly out[start, end). */
function decode({ width, symbols, bits }: HuffmanTable, bytes: Uint8Array, from: number, to: number, out: Uint8Array, start: number, end: number): void {
  const stream = new BackwardBits(bytes, from, to);
  for (let at = start; at < end; at++) {
    const code = stream.peek(width);
    out[at] = symbols[code] as number;
    stream.left -= bits[code] as number;
  }
  if (stream.left !== 0) throw new ZstdFault('the literals of a block do not end where they should');
}
