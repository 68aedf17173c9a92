/** Zstandard frames (RFC 8878) by their headers alone. */
export interface ZstdFrame {
  readonly from: number;
  readonly to: number;
  /** The content size that its header states, if it does. */
  readonly announced: number | undefined;
  /** What its blocks cannot exceed together. */
  readonly bound: number;
}

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const BLOCK_BYTES = 128 * 1024;
/** Java's producers write one frame; the bound keeps thousands of empty ones from costing a call each. */
const MAX_FRAMES = 1000;
/** The largest window that the library accepts on 32 bits, as a power of two. */
const MAX_WINDOW_LOG = 30;

/** The frames of `bytes` without the skippable ones; undefined for bytes that do not divide into frames. */
export function zstdFrames(bytes: Buffer): readonly ZstdFrame[] | undefined {
  const frames: ZstdFrame[] = [];
  let at = 0;
  for (let count = 0; at < bytes.length; count++) {
    if (at + 8 > bytes.length || count === MAX_FRAMES) return undefined;
    const magic = bytes.readUInt32LE(at);
    if ((magic & 0xfffffff0) === SKIPPABLE) {
      at += 8 + bytes.readUInt32LE(at + 4);
      continue;
    }
    const frame = magic === MAGIC ? readFrame(bytes, at) : undefined;
    if (!frame) return undefined;
    frames.push(frame);
    at = frame.to;
  }
  return at === bytes.length && frames.length > 0 ? frames : undefined;
}

function readFrame(bytes: Buffer, from: number): ZstdFrame | undefined {
  const descriptor = bytes[from + 4] as number;
  const single = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x08) !== 0 || (!single && 10 + ((bytes[from + 5] as number) >>> 3) > MAX_WINDOW_LOG)) return undefined;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >>> 6] as number;
  const sizeAt = from + 5 + (single ? 0 : 1) + dictionaryBytes;
  if (sizeAt + sizeBytes > bytes.length) return undefined;
  let at = sizeAt + sizeBytes;
  let bound = 0;
  for (let last = false; !last; ) {
    if (at + 3 > bytes.length) return undefined;
    const header = bytes.readUIntLE(at, 3);
    const size = header >>> 3;
    const type = (header >>> 1) & 3;
    last = (header & 1) === 1;
    // Types: as it is, one byte repeated, compressed, reserved.
    if (type === 3 || size > BLOCK_BYTES) return undefined;
    bound += type === 2 ? BLOCK_BYTES : size;
    at += 3 + (type === 1 ? 1 : size);
  }
  const to = at + ((descriptor & 0x04) === 0 ? 0 : 4);
  return to > bytes.length ? undefined : { from, to, announced: contentSize(bytes, sizeAt, sizeBytes), bound };
}

function contentSize(bytes: Buffer, at: number, width: number): number | undefined {
  if (width === 0) return undefined;
  if (width === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, width) + (width === 2 ? 256 : 0);
}
