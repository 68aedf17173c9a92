import { createGzip } from 'node:zlib';
import fc from 'fast-check';
import { deflateGzip, inflateGzip } from './gzip';
import { inflate, MAX_INFLATED_BYTES } from './inflate';
import { deflateLz4, inflateLz4 } from './lz4';
import type { BatchFault } from './batch-fault';
import { deflateSnappy, inflateSnappy } from './snappy';
import { deflateZstd, inflateByWasm, inflateZstd } from './zstd';

/** CI takes 200 cases; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 200);
const MiB = 1024 * 1024;

type Inflate = (bytes: Buffer, limit: number) => Buffer | BatchFault | Promise<Buffer | BatchFault>;
const CODECS: readonly (readonly [name: string, inflate: Inflate, deflate: (bytes: Buffer) => Buffer | Promise<Buffer>])[] = [
  ['gzip', inflateGzip, deflateGzip],
  ['snappy', inflateSnappy, deflateSnappy],
  ['lz4', inflateLz4, deflateLz4],
  ['zstd', inflateZstd, deflateZstd],
  ['zstd as WebAssembly', inflateByWasm, deflateZstd],
];

/** What batches look like: words that repeat at all distances, runs, and bytes without any order. */
const chunk = fc.oneof(
  fc.constantFrom('{"country":"DE","amount":', '"status":"paid"}\n', 'a', 'ab', '0'.repeat(300)).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.nat(255), fc.integer({ min: 1, max: 70_000 })).map(([byte, length]) => Buffer.alloc(length, byte)),
);
const content = fc.array(chunk, { maxLength: 60 }).map((chunks) => Buffer.concat(chunks));

describe.each(CODECS)('%s', (name, inflate, deflate) => {
  it('gives back what was compressed', async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const inflated = await inflate(await deflate(bytes), bytes.length + 1);
        expect(Buffer.isBuffer(inflated) && inflated.equals(bytes)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('makes repeats smaller', async () => {
    expect((await deflate(Buffer.from('{"country":"DE"}\n'.repeat(10_000)))).length).toBeLessThan(20_000);
  });

  it('gives up one byte above the limit', async () => {
    const compressed = await deflate(Buffer.alloc(300_000));
    expect(await inflate(compressed, 299_999)).toBe('inflated_too_large');
    expect(await inflate(compressed, 300_000)).toHaveLength(300_000);
  });

  it('neither throws nor gives more than the limit, whatever the bytes are', async () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(content, edits, fc.nat(), async (bytes, changes, cut) => {
        const compressed = Buffer.from(await deflate(bytes));
        for (const [at, byte] of changes) compressed[at % compressed.length] = byte;
        const inflated = await inflate(cut % 3 === 0 ? compressed.subarray(0, cut % compressed.length) : compressed, 2 * bytes.length + 100);
        if (typeof inflated === 'string') expect(['compressed_corrupt', 'inflated_too_large']).toContain(inflated);
        else expect(inflated.length).toBeLessThanOrEqual(2 * bytes.length + 100);
      }),
      { numRuns: RUNS },
    );
  });

  it('takes random bytes for corrupt', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), async (bytes) => {
        const inflated = await inflate(Buffer.from(bytes), 100);
        // Few bytes can be a snappy block by chance.
        if (name !== 'snappy') expect(inflated).toBe('compressed_corrupt');
        else if (typeof inflated !== 'string') expect(inflated.length).toBeLessThanOrEqual(100);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('what others compressed', () => {
  const PATTERN = '0123456789abcdef';
  // By the command-line tools zstd 1.5 and lz4 1.9 and by Google's snappy.
  test.each<[string, Inflate, string, string]>([
    ['zstd without a content size', inflateZstd, 'KLUv/QRYxAAAgDAxMjM0NTY3ODlhYmNkZWYBANr/J59LXQAAIDBlbmQBAHySB0KuIFMM', PATTERN.repeat(9000) + 'end'],
    ['zstd in two frames with a skippable one between', inflateByWasm, 'KLUv/QRYxQAAgDAxMjM0NTY3ODlhYmNkZWYBAFo4o88lR35lO1MqTRgDAAAAAQIDKLUv/QRo3QAAmDAxMjM0NTY3ODlhYmNkZWZlbmQBAFosJ59LzrA98w==', PATTERN.repeat(9000) + 'end'],
    ['lz4 with linked blocks and checksums', inflateLz4, 'BCJNGFRArhsBAAD/ATAxMjM0NTY3ODlhYmNkZWYQAP/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////YUGJjZGVmU95enAoBAAAPEAD/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////6FBiY2RlZp9HDgk8AAAADxAA//////////////////////////////////////////////////////////////////+dUGVmZW5k+C+V8QAAAACms54+', PATTERN.repeat(9000) + 'end'],
    ['lz4 with its content size', inflateLz4, 'BCJNGGxAoA8AAAAAAAAvKgAAAP8BMDEyMzQ1Njc4OWFiY2RlZhAA////////////////////h1BiY2RlZgAAAABx/KNY', PATTERN.repeat(250)],
    ['one bare block of snappy', inflateSnappy, 'wAc8MDEyMzQ1Njc4OWFiY2RlZv4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAP4QAL4QAA==', PATTERN.repeat(60)],
  ])('%s', async (_, inflate, compressed, expected) => {
    const inflated = await inflate(Buffer.from(compressed, 'base64'), MAX_INFLATED_BYTES);
    expect(typeof inflated === 'string' ? inflated : inflated.toString() === expected).toBe(true);
  });

  it('is refused when a checksum inside lz4 is wrong', () => {
    const linked = Buffer.from('BCJNGFRArhsBAAD/ATAxMjM0NTY3ODlhYmNkZWYQAP/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////YUGJjZGVmU95enAoBAAAPEAD/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////6FBiY2RlZp9HDgk8AAAADxAA//////////////////////////////////////////////////////////////////+dUGVmZW5k+C+V8QAAAACms54+', 'base64');
    // The last four bytes are the content's checksum.
    linked.writeUInt8(linked.readUInt8(linked.length - 1) ^ 1, linked.length - 1);
    expect(inflateLz4(linked, MAX_INFLATED_BYTES)).toBe('compressed_corrupt');
  });
});

describe('bombs', () => {
  /** 300 MB of zeros, 300 KB compressed. */
  async function gzipBomb(): Promise<Buffer> {
    const gzip = createGzip({ level: 9 });
    const zeros = Buffer.alloc(MiB);
    const write = async (): Promise<void> => {
      for (let written = 0; written < 300; written++) await new Promise((resolve) => gzip.write(zeros, resolve));
      gzip.end();
    };
    const parts: Buffer[] = [];
    await Promise.all([write(), (async () => { for await (const part of gzip) parts.push(part as Buffer); })()]);
    return Buffer.concat(parts);
  }

  /** 2,400 blocks of 128 KiB, each one byte repeated: 300 MB in 10 KB. */
  function zstdBomb(): Buffer {
    const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
    const last = Buffer.from([0x03, 0x00, 0x10, 0x00]);
    return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), ...Array.from({ length: 2399 }, () => block), last]);
  }

  /** 64 KiB blocks, again and again the same one: 300 MB in 1.3 MB of lz4 and 15 MB of snappy. */
  function repeated(compressed: Buffer, header: number, trailer: number): Buffer {
    const block = compressed.subarray(header, compressed.length - trailer);
    return Buffer.concat([compressed.subarray(0, header), ...Array.from({ length: 4800 }, () => block), compressed.subarray(compressed.length - trailer)]);
  }

  test.each<[string, number, () => Buffer | Promise<Buffer>]>([
    ['gzip', 1, gzipBomb],
    ['snappy', 2, () => repeated(deflateSnappy(Buffer.alloc(64 * 1024)), 16, 0)],
    ['lz4', 3, () => repeated(deflateLz4(Buffer.alloc(64 * 1024)), 7, 4)],
    ['zstd', 4, zstdBomb],
  ])('of %s end at 32 MiB and leave memory alone', async (_, codec, make) => {
    const bomb = await make();
    const before = process.memoryUsage().rss;
    for (let times = 0; times < 5; times++) expect(await inflate(codec, bomb)).toBe('inflated_too_large');
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * MiB);
  });

  test.each<[string, number, Buffer]>([
    ['snappy', 2, Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])],
    ['snappy in a stream', 2, Buffer.concat([deflateSnappy(Buffer.alloc(0)), Buffer.from([0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])])],
    ['zstd', 4, Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 0x01, 0x00, 0x00])],
  ])('of %s that only announce their size are corrupt before anything is allocated', async (_, codec, bomb) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(await inflate(codec, bomb)).toBe('compressed_corrupt');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MiB);
  });
});
