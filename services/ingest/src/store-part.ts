import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawPart } from '@weir/connectors';
import { WeirError } from '@weir/core';
import { rawPath, type Segment } from '@weir/lake';
import type { CopyTarget } from './copy-file';
import { writeHashed } from './write-hashed';

/** Writes a part of a source into the raw zone as it comes, under the name of its content. Throws CANCELLED, DISK_FULL, what reading the part throws, and what the lake throws; nothing of it is there then. */
export async function storePart({ name, partition, bytes }: RawPart, target: Omit<CopyTarget, 'onBytes'>): Promise<Segment> {
  const temporary = join(target.scratch, randomUUID());
  const file = await open(temporary, 'wx', 0o600);
  const digest = await writeHashed(file, temporary, untilCancelled(bytes, name, target.signal)).finally(() => file.close());
  const path = rawPath(target.pipeline, target.dataset, digest.sha256);
  await target.lake.adopt(temporary, path, digest);
  return { path, rows: 0, ...digest, partitions: [partition], source: name };
}

async function* untilCancelled(chunks: AsyncIterable<Buffer>, name: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (signal.aborted) throw new WeirError({ code: 'CANCELLED', message: `Cancelled while reading ${name}.` });
    yield chunk;
  }
}
