import { compress, init } from '@bokuweb/zstd-wasm';
import fc from 'fast-check';
import { inflateByWasm } from '../../kafka/zstd';
import { ZstdCut } from './byte-queue';
import { readFseTable } from './fse-table';
import { OutputWindow } from './output-window';
import { unzstd } from './unzstd';
import { XxHash64 } from './xxhash64';
import { ZstdFault } from './zstd-fault';

/** CI takes 200 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 200);
const MiB = 1024 * 1024;

beforeAll(() => init());

/** By Facebook's own library, as WebAssembly. */
const compressed = (content: Buffer, level = 3): Buffer => Buffer.from(compress(content, level));

async function inflated(bytes: Buffer, chunk = bytes.length || 1): Promise<Buffer> {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }
  const pieces: Buffer[] = [];
  for await (const piece of unzstd(chunks())) pieces.push(piece.bytes);
  return Buffer.concat(pieces);
}

/** What was inflated, or the kind of failure. */
async function attempt(bytes: Buffer): Promise<Buffer | 'cut' | 'fault'> {
  return inflated(bytes).catch((error: unknown) => {
    if (error instanceof ZstdCut) return 'cut';
    if (error instanceof ZstdFault) return 'fault';
    throw error;
  });
}

/** The blocks of one frame with a content size of four bytes and a window of its own, as the library writes them. */
function blocksOf(frame: Buffer): { kind: number; at: number; size: number }[] {
  const blocks = [];
  for (let at = 4 + 1 + ((frame[4] as number) & 0x20 ? 0 : 1) + 4, last = false; !last; ) {
    const header = frame.readUIntLE(at, 3);
    const [kind, size] = [(header >> 1) & 3, header >> 3];
    blocks.push({ kind, at: at + 3, size });
    last = (header & 1) === 1;
    at += 3 + (kind === 1 ? 1 : size);
  }
  return blocks;
}

/** Words that repeat at all distances, runs, numbers, and bytes without any order. */
const piece = fc.oneof(
  fc.constantFrom('{"country":"DE","amount":', '"status":"paid"}\n', 'a', 'ab', '0'.repeat(300), 'the quick brown fox, ').map((text) => Buffer.from(text)),
  fc.integer({ min: 0, max: 3_000 }).map((count) => Buffer.from(Array.from({ length: count }, (_, n) => `${(n * 7919) % 997},${(n * n) % 89}\n`).join(''))),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ minLength: 500, maxLength: 2_000, max: 15 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 200_000 })).map(([byte, length]) => Buffer.alloc(length, byte)),
);
const content = fc.array(piece, { maxLength: 25 }).map((pieces) => Buffer.concat(pieces));
const level = fc.constantFrom(-5, 1, 3, 6, 9, 15, 19);

describe('unzstd', () => {
  it('gives back what Facebook’s library compressed, at every level, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(content, level, fc.integer({ min: 1, max: 3_000 }), async (bytes, at, chunk) => {
        expect((await inflated(compressed(bytes, at), chunk)).equals(bytes)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('gives what that library gives of damaged frames, or says that they are damaged', async () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(content, level, edits, async (bytes, at, changes) => {
        const damaged = compressed(bytes, at);
        for (const [place, byte] of changes) damaged[place % damaged.length] = byte;
        const ours = await attempt(damaged);
        if (!Buffer.isBuffer(ours)) return;
        // That library takes some frames that are not taken here: it does not mind bits that are left over behind literals.
        const theirs = await inflateByWasm(damaged, 64 * MiB);
        expect(Buffer.isBuffer(theirs) && theirs.equals(ours)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('reads frames one after the other, and skips those that are to be skipped', async () => {
    const skipped = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const [one, other, none] = [compressed(Buffer.from('one')), compressed(Buffer.alloc(300_000, 'x')), compressed(Buffer.alloc(0))];
    const all = Buffer.concat([skipped, one, none, skipped, other, skipped]);
    for (const chunk of [1, 7, all.length]) expect((await inflated(all, chunk)).equals(Buffer.concat([Buffer.from('one'), Buffer.alloc(300_000, 'x')]))).toBe(true);
    expect(await inflated(Buffer.concat(Array.from({ length: 3_000 }, () => one)))).toHaveLength(9_000);
    expect(await inflated(Buffer.alloc(0))).toHaveLength(0);
  });

  it('finds every place where a stream is cut', async () => {
    const whole = Buffer.concat([compressed(Buffer.from('one two one two')), compressed(Buffer.from('the quick brown fox '.repeat(40)), 19)]);
    const first = compressed(Buffer.from('one two one two')).length;
    for (let at = 1; at < whole.length; at++) expect([at, await attempt(whole.subarray(0, at))]).toEqual([at, at === first ? Buffer.from('one two one two') : 'cut']);
  });

  // By the command-line tool, from a pipe: with a checksum, without a content size.
  const PIPED = 'KLUv/QRYxAAAgDAxMjM0NTY3ODlhYmNkZWYBANr/J59LXQAAIDBlbmQBAHySB0KuIFMM';
  const PATTERN = Buffer.from(`${'0123456789abcdef'.repeat(9_000)}end`);

  it('reads what the command-line tool wrote, and finds every bit in it that is wrong', async () => {
    const bytes = Buffer.from(PIPED, 'base64');
    expect((await inflated(bytes)).equals(PATTERN)).toBe(true);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const wrong = Buffer.from(bytes);
      wrong[bit >> 3] = (wrong[bit >> 3] as number) ^ (1 << (bit & 7));
      const result = await attempt(wrong);
      // A window that is larger, or a bit that is kept for later, changes nothing.
      if (Buffer.isBuffer(result)) expect([bit, result.equals(PATTERN)]).toEqual([bit, true]);
    }
  });

  it.each([
    ['text', Buffer.from('a,b\n1,2\n'), 'it does not begin with a frame'],
    ['text behind a frame', Buffer.concat([Buffer.from(PIPED, 'base64'), Buffer.from('garbage')]), 'what follows a frame is none'],
    ['a window of 144 MiB', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x89, 1, 0, 0]), 'needs a window of 150994944 bytes'],
    ['a content of 2^40 bytes as window', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0]), 'needs a window of 1099511627776 bytes'],
    ['a dictionary', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x21, 0x07, 0x00, 1, 0, 0]), 'needs a dictionary'],
    ['a later version', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x28, 0x00, 1, 0, 0]), 'later version'],
    ['less content than it says', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x05, 1, 0, 0]), 'shorter than it says'],
    ['more content than it says', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x01, 0x13, 0, 0, 0x61, 0x61]), 'longer than it says'],
    ['a repeat of what was never written', Buffer.from('28b52ffd00584d000010616201003f61e057', 'hex'), 'reaches back too far'],
    ['a block of 200 KB', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x01, 0x6a, 0x18, 0]), 'too long'],
  ])('refuses %s', async (_what, bytes, message) => {
    await expect(inflated(bytes)).rejects.toThrow(message);
  });

  it('refuses a frame whose first literals need the table of a block before, also behind a frame that has one', async () => {
    const frame = compressed(Buffer.from(Array.from({ length: 60_000 }, (_, n) => `${(n * 7919) % 997},${(n * n) % 89}\n`).join('')), 1);
    const treeless = blocksOf(frame).find(({ kind, at }) => kind === 2 && ((frame[at] as number) & 3) === 3);
    if (!treeless) throw new Error('A block without a table of its own was expected.');
    const header = Buffer.alloc(3);
    header.writeUIntLE((treeless.size << 3) | (2 << 1) | 1, 0, 3);
    const alone = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), header, frame.subarray(treeless.at, treeless.at + treeless.size)]);
    await expect(inflated(Buffer.concat([frame, alone]))).rejects.toThrow('no Huffman table to repeat');
  });

  it('takes no memory for a window that is only asked for', async () => {
    const empty = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 1, 0, 0]);
    const before = process.memoryUsage().arrayBuffers;
    expect(await inflated(Buffer.concat(Array.from({ length: 500 }, () => empty)))).toHaveLength(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * MiB);
  });
});

describe('a window', () => {
  it('repeats what was written, also what is being written, and no more than that', () => {
    const window = new OutputWindow(1_024, 4_096);
    window.prepare();
    window.add(Buffer.from('ab'), 0, 2);
    expect(() => window.repeat(3, 1)).toThrow('reaches back too far');
    window.repeat(2, 5);
    expect(window.take().toString()).toBe('abababa');
    window.fill(0x78, 2_000);
    expect(() => window.repeat(1_025, 1)).toThrow('reaches back too far');
    expect(() => window.repeat(0, 1)).toThrow('reaches back too far');
    window.repeat(1_024, 100);
    expect(window.take().equals(Buffer.alloc(2_100, 'x'))).toBe(true);
  });
});

describe('a table of states', () => {
  it.each([
    ['more exact than it may be', [0x0f, 0xff, 0xff], 'too exact'],
    ['of more symbols than there are', [0x40, 0xbb, 0x57], 'not whole'],
    ['that ends too soon', [0x00], 'not whole'],
  ])('%s is refused', (_what, bytes, message) => {
    expect(() => readFseTable(Uint8Array.from(bytes), 0, bytes.length, 6, 11)).toThrow(message);
  });
});

describe('xxHash64', () => {
  it.each([
    ['', 0xef46db3751d8e999n],
    ['a', 0xd24ec4f1a98c6e5bn],
    ['abc', 0x44bc2cf5ad770999n],
    ['Nobody inspects the spammish repetition', 0xfbcea83c8a378bf1n],
  ])('of %j is what its author says, however it comes', (text, expected) => {
    for (let cut = 0; cut <= text.length; cut++) {
      const hash = new XxHash64();
      hash.update(Buffer.from(text.slice(0, cut)));
      hash.update(Buffer.from(text.slice(cut)));
      expect(hash.digest()).toBe(expected);
    }
  });
});
