import { HeadObjectCommand } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';
import { statusOf } from './errors';

/** What a store knows of an object without giving its bytes. */
export interface ObjectFacts {
  readonly bytes: number;
  /** Milliseconds since 1970, by the clock of the store. */
  readonly modifiedMs: number;
  /** What its writer said of it, by names in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What is known of an object; undefined where there is none. Throws SOURCE_MISSING where the bucket is not there either. */
export async function objectFacts(bucket: Bucket, key: string, signal: AbortSignal): Promise<ObjectFacts | undefined> {
  const facts = await bucket.ask({ key, doing: 'read' }, signal, async (client): Promise<ObjectFacts | undefined> => {
    try {
      const { ContentLength = 0, LastModified, Metadata = {} } = await client.send(new HeadObjectCommand({ Bucket: bucket.name, Key: key }), { abortSignal: signal });
      return { bytes: ContentLength, modifiedMs: LastModified?.getTime() ?? 0, metadata: Metadata };
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
  // Answers to HEAD have no words, and a bucket that is not there would be an object that is not there.
  if (!facts) await bucket.find(key);
  return facts;
}
