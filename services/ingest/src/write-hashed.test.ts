import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tempDir } from '@weir/testkit';
import { writeHashed } from './write-hashed';

async function* chunks(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test('a disk without room is DISK_FULL, which is tried again once there is some', async () => {
  // Linux says ENOSPC of every write to this device.
  const full = await open('/dev/full', 'w');
  await expect(writeHashed(full, 'tmp/part', chunks('a'))).rejects.toMatchObject({ code: 'DISK_FULL', retry: 'transient', message: expect.stringContaining('tmp/part') });
  await full.close();
});

test('what the chunks throw is thrown as it is', async () => {
  const folder = await tempDir();
  const path = join(folder.path, 'part');
  const file = await open(path, 'wx');
  const broken = Object.assign(new Error('The line broke.'), { code: 'ENOSPC' });
  const failing = async function* (): AsyncGenerator<Buffer> {
    yield* chunks('a');
    throw broken;
  };
  await expect(writeHashed(file, path, failing())).rejects.toBe(broken);
  expect(await writeHashed(file, path, chunks('b', 'c'))).toEqual({ bytes: 2, sha256: createHash('sha256').update('bc').digest('hex') });
  await file.close();
  expect(await readFile(path, 'utf8')).toBe('abc');
  await folder.dispose();
});
