import type { Bucket, ListedObject } from './bucket';
import { placeOf, TornRead } from './errors';
import { Tries } from './tries';

/** A try that brought so much was none in vain, however it ended. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * The bytes of an object. A large one comes in ranges of one version, a small one with one answer; one that breaks off goes on at the byte where it stopped. Throws what the bucket throws, and TornRead for an object that changes
 * meanwhile, or whose bytes are not those of its checksum.
 */
export async function* readObject(bucket: Bucket, { key, bytes }: ListedObject, signal: AbortSignal): AsyncGenerator<Buffer> {
  const { limits } = bucket;
  const tries = new Tries(limits, signal);
  let version = bytes > limits.rangeBytes ? await bucket.version(key, signal) : undefined;
  let position = 0;
  while (!version || position < version.bytes) {
    const from = position;
    const to = version && Math.min(from + limits.rangeBytes, version.bytes) - 1;
    try {
      const answer = await bucket.get(key, version && to !== undefined ? { from, to, version } : undefined, signal);
      version ??= answer.version;
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        position += chunk.length;
        version.checksum?.update(chunk);
        yield chunk;
      }
      if (position <= (to ?? version.bytes - 1)) throw new Error('the answer ended early');
      tries.begin();
    } catch (error) {
      if (position - from >= PROGRESS_BYTES) tries.begin();
      await tries.after(bucket.failure(error, { key, doing: 'read' }, signal));
    }
  }
  if (version.checksum && !(await version.checksum.matches())) throw damaged(placeOf({ bucket: bucket.name, key }));
}

function damaged(place: string): TornRead {
  return new TornRead({ code: 'SOURCE_UNREADABLE', message: `What comes of ${place} has not the checksum that the store gives for it.`, place, fix: 'Run again; if it stays so, write the object again.' });
}
