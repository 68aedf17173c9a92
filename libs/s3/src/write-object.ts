import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';
import { statusOf } from './errors';

/** What a store is told of an object, besides its bytes. */
export interface ObjectWords {
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes an object where there is none under its key; false where there is one. The store refuses bytes that are not those of the signature. When an answer was lost the object may be this one:
 * whoever asks compares.
 */
export async function putIfAbsent(bucket: Bucket, key: string, body: Uint8Array, { metadata }: ObjectWords, signal: AbortSignal): Promise<boolean> {
  return bucket.ask({ key, doing: 'written' }, signal, async (client) => {
    try {
      await client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: body, ContentLength: body.length, IfNoneMatch: '*', ...(metadata ? { Metadata: { ...metadata } } : {}) }), { abortSignal: signal });
      return true;
    } catch (error) {
      if (statusOf(error) === 412) return false;
      throw error;
    }
  });
}

/** Writes an object, whatever was under its key. */
export async function putObject(bucket: Bucket, key: string, body: Uint8Array, signal: AbortSignal): Promise<void> {
  await bucket.ask({ key, doing: 'written' }, signal, (client) => client.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: body, ContentLength: body.length }), { abortSignal: signal }));
}

/** Removes an object; nothing where there is none. */
export async function removeObject(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  await bucket.ask({ key, doing: 'removed' }, signal, (client) => removal(bucket, key, client, signal));
}

/** Asks once: of a failure nobody knows whether the object is gone, or goes later. */
export async function removeObjectOnce(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  await bucket.askOnce({ key, doing: 'removed' }, signal, (client) => removal(bucket, key, client, signal));
}

function removal(bucket: Bucket, key: string, client: Parameters<Parameters<Bucket['ask']>[2]>[0], signal: AbortSignal): Promise<unknown> {
  return client.send(new DeleteObjectCommand({ Bucket: bucket.name, Key: key }), { abortSignal: signal });
}
