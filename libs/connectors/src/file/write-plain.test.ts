import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGzip, gzipSync } from 'node:zlib';
import { toWeirError } from '@weir/core';
import { tempDir, type TempDir } from '@weir/testkit';
import fc from 'fast-check';
import { deflateZstd } from '../kafka/zstd';
import type { Compression } from './compression';
import { writePlain, type PlainFile, type PlainOptions } from './write-plain';

/** CI takes 100 cases of each compression; WEIR_FUZZ_RUNS asks for more. */
const RUNS = Number(process.env['WEIR_FUZZ_RUNS'] ?? 100);
const MiB = 1024 * 1024;

let dir: TempDir;
let path: string;
let to: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'raw');
  to = join(dir.path, 'plain');
});
afterEach(() => dir.dispose());

async function write(content: Buffer, options: Omit<PlainOptions, 'name'>): Promise<PlainFile> {
  await writeFile(path, content);
  return writePlain(path, to, { name: 'day.csv', ...options });
}

const text = Buffer.from(Array.from({ length: 60_000 }, (_, n) => `${n},${(n * 7919) % 997},é\n`).join(''));
const COMPRESSIONS: readonly (readonly [Compression, (bytes: Buffer) => Promise<Buffer>])[] = [
  ['gzip', async (bytes) => gzipSync(bytes)],
  ['zstd', deflateZstd],
];

describe.each(COMPRESSIONS)('a file that is %s', (compression, compress) => {
  it('is inflated to a file, whose digest is told', async () => {
    const read: number[] = [];
    const content = await compress(text);
    expect(await write(content, { compression, onChunk: (bytes) => void read.push(bytes) })).toEqual({ bytes: text.length, sha256: createHash('sha256').update(text).digest('hex') });
    expect((await readFile(to)).equals(text)).toBe(true);
    expect(read.at(-1)).toBeGreaterThan(content.length - 10);
    expect(read).toEqual(read.toSorted((a, b) => a - b));
  });

  it('of several parts in a row is all of them', async () => {
    const parts = await Promise.all([text, Buffer.alloc(0), Buffer.from('end\n')].map(compress));
    await write(Buffer.concat(parts), { compression });
    expect((await readFile(to)).equals(Buffer.concat([text, Buffer.from('end\n')]))).toBe(true);
  });

  it('is refused wherever it is cut, and leaves no file', async () => {
    const whole = await compress(text.subarray(0, 3_000));
    for (let at = 1; at < whole.length; at += 13) {
      await expect(write(whole.subarray(0, at), { compression })).rejects.toMatchObject({ code: 'FILE_TRUNCATED', place: 'day.csv' });
    }
    expect(await readdir(dir.path)).toEqual(['raw']);
  });

  it.each([['garbage', Buffer.from('garbage')], ['a second header that is none', Buffer.from([0x1f, 0x33, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])]])('with %s behind its end is refused', async (_what, rest) => {
    await expect(write(Buffer.concat([await compress(text), rest]), { compression })).rejects.toMatchObject({ code: 'FILE_MALFORMED', place: 'day.csv' });
  });

  it('is its text or a typed error, whatever is changed in it', async () => {
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
    const small = text.subarray(0, 20_000);
    const whole = await compress(small);
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(), async (edits, cut) => {
        const damaged = Buffer.from(whole);
        for (const [at, byte] of edits) damaged[at % damaged.length] = byte;
        const result = await write(cut % 3 === 0 ? damaged.subarray(0, cut % damaged.length) : damaged, { compression, maxBytes: MiB }).catch((error: unknown) => error);
        if (!('sha256' in (result as object))) {
          expect(['FILE_MALFORMED', 'FILE_TOO_LARGE', 'FILE_TRUNCATED']).toContain(toWeirError(result).code);
          expect(await readdir(dir.path)).toEqual(['raw']);
        } else {
          // A frame without a checksum, as here, may be wrong in a literal.
          const bytes = await readFile(to);
          expect(result).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
          if (compression === 'gzip') expect(bytes.equals(small)).toBe(true);
        }
        await rm(to, { force: true });
      }),
      { numRuns: RUNS },
    );
  });

  it('is refused above the size that is allowed', async () => {
    await expect(write(await compress(text), { compression, maxBytes: text.length - 1 })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE', message: expect.stringContaining(`more than ${text.length - 1} bytes`) });
    expect(await write(await compress(text), { compression, maxBytes: text.length })).toMatchObject({ bytes: text.length });
  });

  it('may be of like rows only while it is small', async () => {
    const zeros = Buffer.alloc(15 * MiB);
    expect(await write(await compress(zeros), { compression })).toMatchObject({ bytes: zeros.length });
  });

  it('is not inflated after a cancel', async () => {
    const stop = new AbortController();
    await expect(write(await compress(text), { compression, signal: stop.signal, onChunk: () => stop.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(dir.path)).toEqual(['raw']);
  });
});

describe('a bomb', () => {
  /** 1 GB of zeros. */
  async function gzipBomb(): Promise<Buffer> {
    const gzip = createGzip({ level: 9 });
    const zeros = Buffer.alloc(MiB);
    const pour = async (): Promise<void> => {
      for (let written = 0; written < 1_000; written++) await new Promise((resolve) => gzip.write(zeros, resolve));
      gzip.end();
    };
    const parts: Buffer[] = [];
    await Promise.all([pour(), (async () => { for await (const part of gzip) parts.push(part as Buffer); })()]);
    return Buffer.concat(parts);
  }

  /** 1 GB in 32 KB: 8,000 blocks of 128 KiB, each one byte repeated. */
  const zstdBomb = async (): Promise<Buffer> => Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88]), ...Array.from({ length: 8_000 }, (_, n) => Buffer.from([n === 7_999 ? 3 : 2, 0x00, 0x10, 0x00]))]);

  it.each([['gzip', gzipBomb], ['zstd', zstdBomb]] as const)('that is %s is refused at once, and leaves memory and disk alone', async (compression, make) => {
    const bomb = await make();
    const before = process.memoryUsage().rss;
    const start = performance.now();
    await expect(write(bomb, { compression })).rejects.toMatchObject({ code: 'FILE_TOO_LARGE', message: expect.stringContaining('more than 100 times') });
    expect(performance.now() - start).toBeLessThan(1_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MiB);
    expect(await readdir(dir.path)).toEqual(['raw']);
  });
});

it('zeros may follow gzip, as on tapes, however many', async () => {
  for (const zeros of [1, 500, 3 * MiB]) {
    expect(await write(Buffer.concat([gzipSync(text), Buffer.alloc(zeros)]), { compression: 'gzip' })).toMatchObject({ bytes: text.length });
    await rm(to);
  }
  await expect(write(Buffer.concat([gzipSync(text), Buffer.alloc(2 * MiB), Buffer.from('x')]), { compression: 'gzip' })).rejects.toMatchObject({ code: 'FILE_MALFORMED', message: expect.stringContaining('follows the gzip data') });
});

it('a file that is there is not written over', async () => {
  await writeFile(to, 'mine');
  await expect(write(gzipSync(text), { compression: 'gzip' })).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(to, 'utf8')).toBe('mine');
});

it('a compressed file in another encoding becomes UTF-8', async () => {
  await write(gzipSync(Buffer.from('a;b\n1;é\n', 'latin1')), { compression: 'gzip', encoding: 'latin1' });
  expect(await readFile(to, 'utf8')).toBe('a;b\n1;é\n');
});
