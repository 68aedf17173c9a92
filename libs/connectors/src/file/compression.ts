import { open } from 'node:fs/promises';
import { WeirError, type FileLayout } from '@weir/core';

export type Compression = Exclude<FileLayout['compression'], 'auto' | 'none'>;

/** Longest beginning that tells a file's kind. */
const MAGIC_BYTES = 10;
const SHORTEST_MAGIC = 4;

const EXTENSIONS: readonly (readonly [RegExp, Compression])[] = [
  [/\.gz$/i, 'gzip'],
  [/\.zstd?$/i, 'zstd'],
];

/** How files begin, in hexadecimal; nothing of it can begin text. */
const MAGIC: readonly (readonly [RegExp, Compression | 'ZIP' | 'bzip2' | 'xz' | 'LZ4' | '7z'])[] = [
  [/^1f8b/, 'gzip'],
  // The second is a frame that is to be skipped.
  [/^(28b52ffd|5.2a4d18)/, 'zstd'],
  [/^504b(0304|0506)/, 'ZIP'],
  [/^425a683.314159265359/, 'bzip2'],
  [/^fd377a585a00/, 'xz'],
  [/^04224d18/, 'LZ4'],
  [/^377abcaf271c/, '7z'],
];

/**
 * How a file of text is compressed, if it is. Where the layout says it, the content must be that. Where it does not (`auto`), the first bytes say it, and a name that ends with .gz, .zst or .zstd must
 * not say something else. Throws FILE_MALFORMED where they differ and for another compression, and FILE_TRUNCATED for a compressed file that is too short to be one.
 */
export async function compressionOf(path: string, name: string, layout: FileLayout['compression']): Promise<Compression | undefined> {
  if (layout === 'none') return undefined;
  const expected = layout === 'auto' ? EXTENSIONS.find(([extension]) => extension.test(name))?.[1] : layout;
  const start = await readStart(path);
  const found = MAGIC.find(([magic]) => magic.test(start.toString('hex')))?.[1];
  if (expected !== undefined && start.length < SHORTEST_MAGIC) throw new WeirError({ code: 'FILE_TRUNCATED', message: `The file is to be ${expected}, and has ${start.length} bytes.`, place: name });
  if (found !== undefined && found !== 'gzip' && found !== 'zstd') {
    throw new WeirError({ code: 'FILE_MALFORMED', message: `The file is compressed by ${found}, which Weir does not inflate.`, place: name, fix: 'Have the producer write .gz or .zst.' });
  }
  if (expected === undefined || found === expected) return found;
  const [by, fix] = layout === 'auto' ? ['name', 'Name the file after what it is: .gz for gzip, .zst for Zstandard; or state `source.compression`.'] : ['source', 'Correct `source.compression`; `auto` looks at each file.'];
  throw new WeirError({ code: 'FILE_MALFORMED', message: `By its ${by} the file is ${expected}, by its content ${found ?? 'not compressed'}.`, place: name, fix });
}

async function readStart(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
