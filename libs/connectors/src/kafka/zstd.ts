import * as zlib from 'node:zlib';
import * as wasm from '@bokuweb/zstd-wasm';
import type { BatchFault } from './batch-fault';
import { zstdFrames } from './zstd-frames';

/** What Node has from 22.15 on. */
interface NodeZstd {
  readonly zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer;
  readonly zstdCompressSync?: (bytes: Buffer) => Buffer;
}

const { zstdDecompressSync, zstdCompressSync } = zlib as NodeZstd;
const LEVEL = 3;
/** The library's word for an output that did not fit (ZSTD_error_dstSize_tooSmall). */
const DOES_NOT_FIT = /-70$/;

let ready: Promise<void> | undefined;

/**
 * Inflates zstd to at most `limit` bytes: with Node's own library where there is one, else with the same library as WebAssembly. Node's reads the first frame and takes one that is cut short for a whole
 * one, so that it gets single frames that are whole by their headers, and nothing else.
 */
export async function inflateZstd(bytes: Buffer, limit: number): Promise<Buffer | BatchFault> {
  const frames = zstdFrames(bytes);
  if (!frames) return 'compressed_corrupt';
  const single = frames.length === 1 && frames[0]?.from === 0 && frames[0].to === bytes.length;
  if (!zstdDecompressSync || !single) return inflateByWasm(bytes, limit);
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? 'inflated_too_large' : 'compressed_corrupt';
  }
}

export async function deflateZstd(bytes: Buffer): Promise<Buffer> {
  if (zstdCompressSync) return zstdCompressSync(bytes);
  await (ready ??= wasm.init());
  return asBuffer(wasm.compress(bytes, LEVEL));
}

/** The WebAssembly library allocates what a frame announces: frames are measured before it sees them. */
export async function inflateByWasm(bytes: Buffer, limit: number): Promise<Buffer | BatchFault> {
  await (ready ??= wasm.init());
  const frames = zstdFrames(bytes);
  if (!frames) return 'compressed_corrupt';
  const parts: Buffer[] = [];
  let room = limit;
  for (const { from, to, announced, bound } of frames) {
    if (announced !== undefined && announced > bound) return 'compressed_corrupt';
    if (announced !== undefined && announced > room) return 'inflated_too_large';
    try {
      // At least one byte: nothing is where the library cannot allocate.
      const part = asBuffer(wasm.decompress(bytes.subarray(from, to), { defaultHeapSize: Math.max(1, Math.min(bound, room)) }));
      parts.push(part);
      room -= part.length;
    } catch (error) {
      return bound > room && DOES_NOT_FIT.test(String(error)) ? 'inflated_too_large' : 'compressed_corrupt';
    }
  }
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
