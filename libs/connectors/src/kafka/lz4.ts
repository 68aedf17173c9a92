import { findMatches } from './matches';
import type { BatchFault } from './batch-fault';
import { xxHash32 } from './xxhash';

const MAGIC = 0x184d2204;
const BLOCK_BYTES = 64 * 1024;
/** A length byte adds at most 255 to a match: no block inflates further. */
const LARGEST_RATIO = 255;

const enum Flag {
  DictionaryId = 0x01,
  ContentChecksum = 0x04,
  ContentSize = 0x08,
  BlockChecksum = 0x10,
  IndependentBlocks = 0x20,
  Version = 0xc0,
}

interface Frame {
  readonly flags: number;
  readonly blockBytes: number;
  /** Where its blocks begin, and where the frame ends. */
  readonly from: number;
  readonly to: number;
  /** What its blocks cannot exceed together. */
  readonly bound: number;
}

/** Inflates an LZ4 frame to at most `limit` bytes; what follows the frame is ignored, as Java does. The blocks' own lengths bound what is allocated. */
export function inflateLz4(bytes: Buffer, limit: number): Buffer | BatchFault {
  const frame = readFrame(bytes);
  if (!frame) return 'compressed_corrupt';
  const out = Buffer.allocUnsafe(Math.min(frame.bound, limit));
  const size = inflateFrame(bytes, frame, out);
  if (size === 'inflated_too_large' && frame.bound <= limit) return 'compressed_corrupt';
  return typeof size === 'string' ? size : out.subarray(0, size);
}

/** Compresses as Java's producers do: independent blocks of 64 KiB without checksums. */
export function deflateLz4(bytes: Buffer): Buffer {
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40 | Flag.IndependentBlocks, 0x40, 0]);
  header[6] = (xxHash32(header, 4, 6) >>> 8) & 0xff;
  const parts: Buffer[] = [header];
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const to = Math.min(from + BLOCK_BYTES, bytes.length);
    const block = deflateBlock(bytes, from, to);
    const size = Buffer.alloc(4);
    const stored = block.length >= to - from;
    size.writeUInt32LE(stored ? ((to - from) | 0x80000000) >>> 0 : block.length);
    parts.push(size, stored ? bytes.subarray(from, to) : block);
  }
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

/** Reads the frame's header and steps over its blocks; undefined for what is no frame. */
function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const flags = bytes[4] as number;
  const blockCode = ((bytes[5] as number) >>> 4) & 7;
  if ((flags & Flag.Version) !== 0x40 || (flags & Flag.DictionaryId) !== 0 || blockCode < 4) return undefined;
  const blockBytes = 1 << (8 + 2 * blockCode);
  const from = 7 + ((flags & Flag.ContentSize) === 0 ? 0 : 8);
  if (from > bytes.length || bytes[from - 1] !== ((xxHash32(bytes, 4, from - 1) >>> 8) & 0xff)) return undefined;
  let bound = 0;
  for (let at = from; at + 4 <= bytes.length; ) {
    const word = bytes.readUInt32LE(at);
    at += 4;
    if (word === 0) {
      const to = at + ((flags & Flag.ContentChecksum) === 0 ? 0 : 4);
      return to > bytes.length ? undefined : { flags, blockBytes, from, to, bound };
    }
    const size = word & 0x7fffffff;
    const next = at + size + ((flags & Flag.BlockChecksum) === 0 ? 0 : 4);
    if (size > blockBytes || next > bytes.length) return undefined;
    bound += word >= 0x80000000 ? size : Math.min(blockBytes, LARGEST_RATIO * size);
    at = next;
  }
  return undefined;
}

/** Inflates the frame's blocks into `out`; gives how many bytes they are. */
function inflateFrame(bytes: Buffer, frame: Frame, out: Buffer): number | BatchFault {
  const { flags, blockBytes } = frame;
  let at = 0;
  let i = frame.from;
  for (let word = bytes.readUInt32LE(i); word !== 0; word = bytes.readUInt32LE(i)) {
    const from = i + 4;
    const to = from + (word & 0x7fffffff);
    const limit = Math.min(at + blockBytes, out.length);
    const base = (flags & Flag.IndependentBlocks) === 0 ? 0 : at;
    const end = word >= 0x80000000 ? storeBlock(bytes, from, to, out, at) : inflateBlock(bytes, from, to, out, at, base, limit);
    if (typeof end === 'string') return end === 'inflated_too_large' && limit < out.length ? 'compressed_corrupt' : end;
    if ((flags & Flag.BlockChecksum) !== 0 && bytes.readUInt32LE(to) !== xxHash32(bytes, from, to)) return 'compressed_corrupt';
    i = to + ((flags & Flag.BlockChecksum) === 0 ? 0 : 4);
    at = end;
  }
  const sized = (flags & Flag.ContentSize) === 0 || bytes.readBigUInt64LE(frame.from - 9) === BigInt(at);
  const sound = (flags & Flag.ContentChecksum) === 0 || bytes.readUInt32LE(frame.to - 4) === xxHash32(out, 0, at);
  return sized && sound ? at : 'compressed_corrupt';
}

function storeBlock(bytes: Buffer, from: number, to: number, out: Buffer, at: number): number | BatchFault {
  return at + to - from > out.length ? 'inflated_too_large' : at + bytes.copy(out, at, from, to);
}

/** Inflates one block into `out[start, limit)`. Matches reach back to `base`. */
function inflateBlock(bytes: Buffer, from: number, to: number, out: Buffer, start: number, base: number, limit: number): number | BatchFault {
  let i = from;
  let at = start;
  while (i < to) {
    const token = bytes[i++] as number;
    let length = token >>> 4;
    if (length === 15) {
      let byte = 255;
      while (byte === 255 && i < to) length += byte = bytes[i++] as number;
    }
    if (i + length > to) return 'compressed_corrupt';
    if (at + length > limit) return 'inflated_too_large';
    if (length > 24) bytes.copy(out, at, i, i + length);
    else for (let k = 0; k < length; k++) out[at + k] = bytes[i + k] as number;
    i += length;
    at += length;
    if (i === to) return at;
    if (i + 2 > to) return 'compressed_corrupt';
    const offset = bytes.readUInt16LE(i);
    i += 2;
    length = (token & 15) + 4;
    if (length === 19) {
      let byte = 255;
      while (byte === 255 && i < to) length += byte = bytes[i++] as number;
    }
    if (offset === 0 || offset > at - base) return 'compressed_corrupt';
    if (at + length > limit) return 'inflated_too_large';
    // Byte by byte: a match may read what it has just written.
    for (const stop = at + length; at < stop; at++) out[at] = out[at - offset] as number;
  }
  return 'compressed_corrupt';
}

function deflateBlock(bytes: Buffer, from: number, to: number): Buffer {
  const out = Buffer.allocUnsafe(16 + (to - from) + Math.ceil((to - from) / 255));
  let at = 0;
  const extend = (length: number): void => {
    let rest = length;
    for (; rest >= 255; rest -= 255) out[at++] = 255;
    out[at++] = rest;
  };
  const literals = (start: number, end: number, matchCode: number): void => {
    const length = end - start;
    out[at++] = (Math.min(length, 15) << 4) | matchCode;
    if (length >= 15) extend(length - 15);
    at += bytes.copy(out, at, start, end);
  };
  const last = findMatches(bytes, from, to, (start, match, offset, length) => {
    literals(start, match, Math.min(length - 4, 15));
    at = out.writeUInt16LE(offset, at);
    if (length >= 19) extend(length - 19);
  });
  literals(last, to, 0);
  return out.subarray(0, at);
}
