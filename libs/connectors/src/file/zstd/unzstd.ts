import { BITS_PADDING } from './backward-bits';
import { ByteQueue } from './byte-queue';
import { BLOCK_BYTES, Literals } from './literals';
import { OutputWindow } from './output-window';
import { Sequences } from './sequences';
import { XxHash64 } from './xxhash64';
import { ZstdFault } from './zstd-fault';

/** The largest window that a frame may ask for: what the command-line tool takes without being told to. */
export const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;

/** A piece of what was inflated, and how many bytes it took so far. */
export interface Inflated {
  readonly bytes: Buffer;
  readonly consumed: number;
}

interface FrameHeader {
  /** Bytes of the whole content, if the frame says. */
  readonly content: number | undefined;
  readonly window: number;
  readonly checksum: boolean;
}

/**
 * Inflates Zstandard (RFC 8878), frame by frame and block by block: pieces of at most 128 KiB. Memory is bounded by the window, up to MAX_WINDOW_BYTES, and grows only with what is inflated.
 * Node has this from 22.15 on, but takes the first frame for the file, and a frame that is cut short for a whole one.
 * Throws ZstdFault, also for a dictionary that is asked for, and ZstdCut for a stream that stops short.
 */
export async function* unzstd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Inflated> {
  const queue = new ByteQueue(chunks);
  const literals = new Literals();
  // The block that is being read, with room for looks ahead on both sides.
  const block = new Uint8Array(BITS_PADDING + BLOCK_BYTES + BITS_PADDING);
  try {
    for (let frames = 0; await queue.more(); frames++) {
      const magic = (await queue.take(4)).readUInt32LE();
      if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) await queue.skip((await queue.take(4)).readUInt32LE());
      else if (magic !== MAGIC) throw new ZstdFault(frames === 0 ? 'it does not begin with a frame' : 'what follows a frame is none');
      else yield* readFrame(queue, literals, block);
    }
  } finally {
    await queue.close();
  }
}

async function* readFrame(queue: ByteQueue, literals: Literals, block: Uint8Array): AsyncGenerator<Inflated> {
  const { content, window, checksum } = await readHeader(queue);
  const out = new OutputWindow(window, BLOCK_BYTES);
  const sequences = new Sequences();
  const hash = checksum ? new XxHash64() : undefined;
  literals.forget();
  for (let last = false; !last; ) {
    const header = (await queue.take(3)).readUIntLE(0, 3);
    last = (header & 1) === 1;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (kind === 3 || size > BLOCK_BYTES) throw new ZstdFault('a block is of no known kind or too long');
    out.prepare();
    const bytes = await queue.take(kind === 1 ? 1 : size);
    if (kind === 0) out.add(bytes, 0, size);
    else if (kind === 1) out.fill(bytes[0] as number, size);
    else {
      block.set(bytes, BITS_PADDING);
      const end = BITS_PADDING + size;
      sequences.run(block, literals.read(block, BITS_PADDING, end), end, literals, out);
    }
    if (content !== undefined && out.produced > content) throw new ZstdFault('a frame is longer than it says');
    const piece = out.take();
    hash?.update(piece);
    yield { bytes: piece, consumed: queue.consumed };
  }
  if (content !== undefined && out.produced !== content) throw new ZstdFault('a frame is shorter than it says');
  if (hash && (await queue.take(4)).readUInt32LE() !== Number(hash.digest() & 0xffffffffn)) throw new ZstdFault('the checksum of a frame is wrong');
}

async function readHeader(queue: ByteQueue): Promise<FrameHeader> {
  const descriptor = (await queue.take(1)).readUInt8();
  const single = (descriptor & 0x20) !== 0;
  const windowBits = single ? 0 : (await queue.take(1)).readUInt8();
  const dictionary = await queue.take([0, 1, 2, 4][descriptor & 3] as number);
  const width = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
  const size = await queue.take(width);
  if ((descriptor & 0x08) !== 0) throw new ZstdFault('a frame is of a later version');
  if (dictionary.some((byte) => byte !== 0)) throw new ZstdFault('a frame needs a dictionary');
  const content = width === 0 ? undefined : width === 8 ? Number(size.readBigUInt64LE()) : size.readUIntLE(0, width) + (width === 2 ? 256 : 0);
  const base = 2 ** (10 + (windowBits >> 3));
  const window = single ? (content as number) : base + (base / 8) * (windowBits & 7);
  if (window > MAX_WINDOW_BYTES) throw new ZstdFault(`a frame needs a window of ${window} bytes, and ${MAX_WINDOW_BYTES} are the most`);
  return { content, window, checksum: (descriptor & 0x04) !== 0 };
}
