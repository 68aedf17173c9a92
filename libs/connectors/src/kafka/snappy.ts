import { findMatches } from './matches';
import type { BatchFault } from './batch-fault';

/** What Java's snappy streams begin with: this magic, then two version numbers; after them blocks, each with its length before it. */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER_BYTES = 16;
const BLOCK_BYTES = 64 * 1024;
/** No element of a block gives more: three bytes make 64. */
const LARGEST_RATIO = 22;

/** Inflates snappy, Java's blocks in a stream or one bare block, to at most `limit` bytes. Nothing is allocated before the lengths are known. */
export function inflateSnappy(bytes: Buffer, limit: number): Buffer | BatchFault {
  let size = 0;
  const sound = eachBlock(bytes, (from, to) => {
    const length = readLength(bytes, from, to);
    if (length.value > LARGEST_RATIO * (to - from)) return false;
    size += length.value;
    return true;
  });
  if (!sound) return 'compressed_corrupt';
  if (size > limit) return 'inflated_too_large';
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  const inflated = eachBlock(bytes, (from, to) => {
    at = inflateBlock(bytes, from, to, out, at);
    return at >= 0;
  });
  return inflated ? out : 'compressed_corrupt';
}

/** Compresses as Java's producers do. */
export function deflateSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])];
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const block = deflateBlock(bytes, from, Math.min(from + BLOCK_BYTES, bytes.length));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** Visits the blocks until one is refused; false for that and for bytes that do not divide into blocks. */
function eachBlock(bytes: Buffer, visit: (from: number, to: number) => boolean): boolean {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return bytes.length > 0 && visit(0, bytes.length);
  let at = HEADER_BYTES;
  while (at + 4 <= bytes.length) {
    const from = at + 4;
    at = from + bytes.readUInt32BE(at);
    if (at === from || at > bytes.length || !visit(from, at)) return false;
  }
  return at === bytes.length;
}

/** The length that a block announces, and where its elements begin; not finite when it is no number of 32 bits. */
function readLength(bytes: Buffer, from: number, to: number): { value: number; end: number } {
  let value = 0;
  for (let i = from, scale = 1; i < to && i < from + 5; i++, scale *= 128) {
    const byte = bytes[i] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: i + 1 };
  }
  return { value: Infinity, end: to };
}

/** Inflates one block into `out` from `start`; gives where it ends there, or -1 for what is no block. */
function inflateBlock(bytes: Buffer, from: number, to: number, out: Buffer, start: number): number {
  const { value, end: first } = readLength(bytes, from, to);
  const end = start + value;
  let i = first;
  let at = start;
  while (i < to) {
    const tag = bytes[i++] as number;
    let length = (tag >>> 2) + 1;
    if ((tag & 3) === 0) {
      if (length > 60) {
        const extra = length - 60;
        if (i + extra > to) return -1;
        length = bytes.readUIntLE(i, extra) + 1;
        i += extra;
      }
      if (i + length > to || at + length > end) return -1;
      if (length > 24) bytes.copy(out, at, i, i + length);
      else for (let k = 0; k < length; k++) out[at + k] = bytes[i + k] as number;
      i += length;
      at += length;
      continue;
    }
    let offset: number;
    const width = (tag & 3) === 3 ? 4 : tag & 3;
    if (i + width > to) return -1;
    if (width === 1) {
      length = ((tag >>> 2) & 7) + 4;
      offset = ((tag >>> 5) << 8) | (bytes[i] as number);
    } else offset = width === 2 ? bytes.readUInt16LE(i) : bytes.readUInt32LE(i);
    i += width;
    if (offset === 0 || offset > at - start || at + length > end) return -1;
    // Byte by byte: a copy may read what it has just written.
    for (const stop = at + length; at < stop; at++) out[at] = out[at - offset] as number;
  }
  return at === end ? end : -1;
}

function deflateBlock(bytes: Buffer, from: number, to: number): Buffer {
  const out = Buffer.allocUnsafe(32 + (to - from) + Math.ceil((to - from) / 6));
  let at = 0;
  for (let rest = to - from; ; rest >>>= 7) {
    out[at++] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
    if (rest < 0x80) break;
  }
  const literals = (start: number, end: number): void => {
    const length = end - start;
    if (length === 0) return;
    if (length <= 60) out[at++] = (length - 1) << 2;
    else {
      out[at++] = 61 << 2;
      at = out.writeUInt16LE(length - 1, at);
    }
    at += bytes.copy(out, at, start, end);
  };
  const last = findMatches(bytes, from, to, (start, match, offset, length) => {
    literals(start, match);
    for (let rest = length; rest > 0; rest -= 64) {
      out[at++] = ((Math.min(rest, 64) - 1) << 2) | 2;
      at = out.writeUInt16LE(offset, at);
    }
  });
  literals(last, to);
  return out.subarray(0, at);
}
