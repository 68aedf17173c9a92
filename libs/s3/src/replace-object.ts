import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { WeirError } from '@weir/core';
import type { Bucket } from './bucket';
import { placeOf, statusOf } from './errors';
import { WholeChecksum } from './whole-checksum';

/** A small object as a whole, and what tells this version of it from any other. */
export interface TaggedObject {
  readonly bytes: Buffer;
  /** The ETag. */
  readonly tag: string;
}

/** Reads an object that is replaced now and then; undefined where there is none. Throws SOURCE_REFUSED for one of more than `mostBytes`. */
export async function readTagged(bucket: Bucket, key: string, mostBytes: number, signal: AbortSignal): Promise<TaggedObject | undefined> {
  return bucket.ask({ key, doing: 'read' }, signal, async (client) => {
    const answer = await client.send(new GetObjectCommand({ Bucket: bucket.name, Key: key }), { abortSignal: signal }).catch((error: unknown) => {
      if (statusOf(error) === 404 && (error as { name?: string }).name !== 'NoSuchBucket') return undefined;
      throw error;
    });
    if (!answer) return undefined;
    if ((answer.ContentLength ?? Infinity) > mostBytes) throw tooLarge(placeOf({ bucket: bucket.name, key }), mostBytes, answer.Body);
    const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    if (bytes.length !== answer.ContentLength) throw new Error('the answer ended early');
    const checksum = WholeChecksum.of(answer);
    checksum?.update(bytes);
    // Some stores answer with the head of one version and the body of another while an object is replaced: its tag would let an old writer pass for a new one.
    if (checksum && !(await checksum.matches())) throw new Error('the answer is not one version of the object');
    return { bytes, tag: answer.ETag ?? '' };
  });
}

/** Writes an object in the place of the version with this ETag, or where there is none; false where it is another one. A repeated try finds its own version there, and says false too. */
export async function replaceObject(bucket: Bucket, key: string, body: Uint8Array, tag: string | undefined, signal: AbortSignal): Promise<boolean> {
  const condition = tag === undefined ? { IfNoneMatch: '*' } : { IfMatch: tag };
  return bucket.ask({ key, doing: 'written' }, signal, async (client) => {
    try {
      await client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: body, ContentLength: body.length, ChecksumAlgorithm: 'SHA256', ...condition }), { abortSignal: signal });
      return true;
    } catch (error) {
      // 409: another write is on its way. 404: there is nothing to replace.
      if ([404, 409, 412].includes(statusOf(error) ?? 0) && (error as { name?: string }).name !== 'NoSuchBucket') return false;
      throw error;
    }
  });
}

function tooLarge(place: string, mostBytes: number, body: unknown): WeirError {
  (body as { destroy?: () => void } | undefined)?.destroy?.();
  return new WeirError({ code: 'SOURCE_REFUSED', message: `${place} has more than ${mostBytes} bytes, which nothing has that Weir writes there.`, place });
}
