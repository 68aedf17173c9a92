import { createHash, randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawPart } from '@weir/connectors';
import { WeirError } from '@weir/core';
import { rawPath, type Segment } from '@weir/lake';
import type { CopyTarget } from './copy-file';

/** Writes a part of a source into the raw zone as it comes, under the name of its content. Throws CANCELLED, what reading the part throws, and what the lake throws; nothing of it is there then. */
export async function storePart({ name, partition, bytes }: RawPart, target: Omit<CopyTarget, 'onBytes'>): Promise<Segment> {
  const temporary = join(target.scratch, randomUUID());
  const hash = createHash('sha256');
  const file = await open(temporary, 'wx', 0o600);
  let size = 0;
  try {
    for await (const chunk of bytes) {
      if (target.signal.aborted) throw new WeirError({ code: 'CANCELLED', message: `Cancelled while reading ${name}.` });
      hash.update(chunk);
      size += chunk.length;
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  const sha256 = hash.digest('hex');
  const path = rawPath(target.pipeline, target.dataset, sha256);
  await target.lake.adopt(temporary, path, { bytes: size, sha256 });
  return { path, rows: 0, bytes: size, sha256, partitions: [partition], source: name };
}
