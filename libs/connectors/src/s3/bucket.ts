import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type GetObjectCommandOutput, type HeadObjectCommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { WeirError, type S3ConnectionSettings, type S3Source } from '@weir/core';
import type { FoundFile } from '../found-file';
import { openClient } from './client';
import { S3_LIMITS, type S3Limits, type S3Options } from './config';
import { placeOf, storeError, torn, type Asked } from './errors';
import { Tries } from './tries';
import { WholeChecksum } from './whole-checksum';

/** An object as it was at one time. */
export interface ObjectVersion {
  readonly bytes: number;
  /** Undefined where the store has none: changes then go unnoticed. */
  readonly etag: string | undefined;
  readonly checksum: WholeChecksum | undefined;
}

/** A part of one version of an object: bytes `from` to `to`, both included. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
  readonly version: ObjectVersion;
}

/** What a list says of an object. */
export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
}

/** Pages of one list: a store that always says that there is more must not be asked for ever. */
const MAX_PAGES = 10_000;

/** One bucket of a store. Its methods throw what storeError makes of failures. */
export class Bucket {
  private constructor(
    readonly name: string,
    readonly limits: S3Limits,
    private readonly client: S3Client,
    private readonly where: Pick<Asked, 'store' | 'region'>,
    private readonly signal: AbortSignal,
  ) {}

  /** Reaches nothing yet. Throws SECRET_MISSING. To be closed. */
  static open({ bucket }: Pick<S3Source, 'bucket'>, connection: S3ConnectionSettings, options: S3Options): Bucket {
    const limits = { ...S3_LIMITS, ...options.limits };
    const { host, port, tls, region } = connection;
    // Many questions listen to it at a time.
    const signal = AbortSignal.any([options.signal]);
    setMaxListeners(0, signal);
    const store = host === undefined ? `AWS ${region}` : `${host}:${port ?? (tls ? 443 : 80)}`;
    return new Bucket(bucket, limits, openClient(connection, options, limits), { store, region }, signal);
  }

  close(): void {
    this.client.destroy();
  }

  /** An object by its key; undefined where there is none. Asks for its first byte: answers to HEAD have no words, and a bucket that is not there would be a key that is not there. */
  async find(key: string): Promise<ListedObject | undefined> {
    return this.trying(key, this.signal, async () => {
      try {
        const { Body, ContentRange, ContentLength } = await this.client.send(new GetObjectCommand({ Bucket: this.name, Key: key, Range: 'bytes=0-0' }), { abortSignal: this.signal });
        // Not every store heeds ranges: what is more than the byte is not waited for.
        if (ContentLength === 1) await Body?.transformToByteArray();
        else (Body as Readable | undefined)?.destroy();
        return { key, bytes: rangeOf(ContentRange)?.total ?? ContentLength ?? 0 };
      } catch (error) {
        const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
        // An empty object has no first byte.
        if ($metadata?.httpStatusCode === 416) return { key, bytes: 0 };
        if ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket') return undefined;
        throw error;
      }
    });
  }

  /** All keys that begin with a prefix, page by page, in the order of the store. The stamp is the ETag. */
  async *list(prefix: string): AsyncGenerator<readonly FoundFile[]> {
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      // XML has no way to write some of the characters of keys.
      const input = { Bucket: this.name, Prefix: prefix, EncodingType: 'url' as const, ...(token === undefined ? {} : { ContinuationToken: token }) };
      const answer = await this.trying(undefined, this.signal, () => this.client.send(new ListObjectsV2Command(input), { abortSignal: this.signal }));
      const decode = answer.EncodingType === 'url' ? decoded : (key: string) => key;
      yield (answer.Contents ?? []).map(({ Key = '', Size = 0, ETag, LastModified }) => ({ name: decode(Key), bytes: Size, modifiedMs: LastModified?.getTime() ?? 0, stamp: ETag ?? LastModified?.toISOString() ?? '' }));
      if (!answer.IsTruncated || answer.NextContinuationToken === undefined) return;
      token = answer.NextContinuationToken;
    }
    throw new WeirError({ code: 'INVALID_VALUE', message: `The list of ${placeOf({ bucket: this.name, key: prefix })} has more than ${MAX_PAGES} pages.`, place: this.name, fix: 'Use a narrower `source.path`.' });
  }

  /** What an object is now. */
  async version(key: string, signal: AbortSignal): Promise<ObjectVersion> {
    const answer = await this.trying(key, signal, () => this.client.send(new HeadObjectCommand({ Bucket: this.name, Key: key, ChecksumMode: 'ENABLED' }), { abortSignal: signal }));
    return this.newVersion(key, answer);
  }

  /** Asks once for a whole object, or for a range of a version that is known; resolves when bytes begin to come. Throws TornRead where the object is another version now. */
  async get(key: string, range: ByteRange | undefined, signal: AbortSignal): Promise<{ readonly body: Readable; readonly version: ObjectVersion }> {
    const etag = range?.version.etag;
    const wanted = range && { Range: `bytes=${range.from}-${range.to}`, ...(etag === undefined ? {} : { IfMatch: etag }) };
    try {
      const answer = await this.client.send(new GetObjectCommand({ Bucket: this.name, Key: key, ...wanted }), { abortSignal: signal });
      return { body: answer.Body as Readable, version: range ? this.sameVersion(key, range, answer) : this.newVersion(key, answer) };
    } catch (error) {
      throw this.failure(error, key, signal);
    }
  }

  /** A small object as a whole; undefined where there is none. Throws SOURCE_REFUSED for one of more than `mostBytes`. */
  async read(key: string, mostBytes: number, signal: AbortSignal): Promise<{ readonly bytes: Buffer; readonly tag: string } | undefined> {
    return this.trying(key, signal, async () => {
      const answer = await this.client.send(new GetObjectCommand({ Bucket: this.name, Key: key }), { abortSignal: signal }).catch((error: unknown) => {
        const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
        if ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket') return undefined;
        throw error;
      });
      if (!answer) return undefined;
      if ((answer.ContentLength ?? Infinity) > mostBytes) throw this.strange(key, `has more than ${mostBytes} bytes`, answer);
      const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
      if (bytes.length !== answer.ContentLength) throw new Error('the answer ended early');
      const checksum = WholeChecksum.of(answer);
      checksum?.update(bytes);
      // Some stores answer with the head of one version and the body of another while an object is replaced: its tag would let an old load pass for a new one.
      if (checksum && !(await checksum.matches())) throw new Error('the answer is not one version of the object');
      return { bytes, tag: answer.ETag ?? '' };
    });
  }

  /** Has a writer ask the store for something, and again where what fails passes by itself. */
  async writing<T>(key: string, signal: AbortSignal, ask: (client: S3Client) => Promise<T>): Promise<T> {
    return this.trying(key, signal, () => ask(this.client), true);
  }

  /** Any failure of a request for a key, or of an answer while it is read. */
  failure(error: unknown, key: string | undefined, signal: AbortSignal, writes = false): WeirError {
    return storeError(error, { ...this.where, bucket: this.name, key, writes }, signal);
  }

  private newVersion(key: string, answer: HeadObjectCommandOutput & { readonly Body?: unknown }): ObjectVersion {
    if (answer.ContentLength === undefined) throw this.strange(key, 'does not say how long it is', answer);
    return { bytes: answer.ContentLength, etag: answer.ETag, checksum: WholeChecksum.of(answer) };
  }

  private sameVersion(key: string, { from, to, version }: ByteRange, answer: GetObjectCommandOutput): ObjectVersion {
    const given = rangeOf(answer.ContentRange);
    if (given?.from !== from) throw this.strange(key, 'gives other bytes than it is asked for', answer);
    // Not every store heeds If-Match.
    if (answer.ETag !== version.etag || given.total !== version.bytes) {
      (answer.Body as Readable).destroy();
      throw torn(placeOf({ bucket: this.name, key }));
    }
    if (answer.ContentLength !== to - from + 1) throw this.strange(key, 'gives more or fewer bytes than it is asked for', answer);
    return version;
  }

  private strange(key: string, what: string, { Body }: { readonly Body?: unknown }): WeirError {
    (Body as Readable | undefined)?.destroy();
    const place = placeOf({ bucket: this.name, key });
    return new WeirError({ code: 'SOURCE_REFUSED', message: `The store at ${this.where.store} ${what} for ${place}.`, place, fix: 'Connect to the store itself, not to something between that changes its answers.' });
  }

  private async trying<T>(key: string | undefined, signal: AbortSignal, ask: () => Promise<T>, writes = false): Promise<T> {
    const tries = new Tries(this.limits, signal);
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        await tries.after(this.failure(error, key, signal, writes));
      }
    }
  }
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    // Some stores say that they encode and do not.
    return key;
  }
}

/** `bytes 0-9/200`. */
function rangeOf(header: string | undefined): { readonly from: number; readonly total: number } | undefined {
  const [, from, total] = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15})$/.exec(header ?? '') ?? [];
  return from === undefined ? undefined : { from: Number(from), total: Number(total) };
}
