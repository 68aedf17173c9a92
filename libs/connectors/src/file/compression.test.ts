import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tempDir, type TempDir } from '@weir/testkit';
import { compressionOf } from './compression';

let dir: TempDir;
let path: string;
beforeAll(async () => {
  dir = await tempDir();
  path = join(dir.path, 'file');
});
afterAll(() => dir.dispose());

const gzip = gzipSync('a,b\n1,2\n');
const zstd = Buffer.from('KLUv/SQHOQAAYSxiCjEsMnHSxbE=', 'base64');
const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);

test.each([
  ['day.csv.gz', 'auto', gzip, 'gzip'],
  ['day.csv.GZ', 'auto', gzip, 'gzip'],
  ['day.csv.zst', 'auto', zstd, 'zstd'],
  ['day.zstd', 'auto', skippable, 'zstd'],
  ['day.csv', 'auto', gzip, 'gzip'],
  ['page 3', 'auto', zstd, 'zstd'],
  ['day.csv', 'auto', Buffer.from('a,b\n'), undefined],
  ['day.csv', 'auto', Buffer.alloc(0), undefined],
  ['day.bin', 'gzip', gzip, 'gzip'],
  ['day.gz', 'zstd', zstd, 'zstd'],
  ['day.gz', 'none', gzip, undefined],
] as const)('%s with compression %s is read by its content', async (name, layout, content, expected) => {
  await writeFile(path, content);
  expect(await compressionOf(path, name, layout)).toBe(expected);
});

test.each([
  ['day.csv.gz', 'auto', Buffer.from('a,b\n1,2\n'), 'FILE_MALFORMED', 'By its name the file is gzip, by its content not compressed.'],
  ['day.csv.gz', 'auto', zstd, 'FILE_MALFORMED', 'By its name the file is gzip, by its content zstd.'],
  ['day.csv', 'zstd', gzip, 'FILE_MALFORMED', 'By its source the file is zstd, by its content gzip.'],
  ['day.csv', 'gzip', Buffer.from('a,b\n'), 'FILE_MALFORMED', 'by its content not compressed'],
  ['day.csv', 'auto', Buffer.from('PK\x03\x04abc'), 'FILE_MALFORMED', 'compressed by ZIP'],
  ['day.csv.gz', 'auto', Buffer.from('BZh91AY&SY\0'), 'FILE_MALFORMED', 'compressed by bzip2'],
  ['day.csv', 'auto', Buffer.from('\xfd7zXZ\0\0', 'latin1'), 'FILE_MALFORMED', 'compressed by xz'],
  ['day.csv', 'auto', Buffer.from([0x04, 0x22, 0x4d, 0x18]), 'FILE_MALFORMED', 'compressed by LZ4'],
  ['day.csv.zst', 'auto', Buffer.alloc(0), 'FILE_TRUNCATED', 'is to be zstd, and has 0 bytes'],
  ['day.csv', 'gzip', gzip.subarray(0, 3), 'FILE_TRUNCATED', 'is to be gzip, and has 3 bytes'],
] as const)('%s with compression %s is refused for what it is', async (name, layout, content, code, message) => {
  await writeFile(path, content);
  await expect(compressionOf(path, name, layout)).rejects.toMatchObject({ code, place: name, message: expect.stringContaining(message) });
});
