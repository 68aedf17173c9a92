import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, type GetObjectCommandOutput, type HeadObjectCommandOutput, type ListObjectsV2CommandOutput, type S3Client } from '@aws-sdk/client-s3';
import { WeirError, type S3ConnectionSettings } from '@weir/core';
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

/** An object as a page of a list shows it. */
export interface FoundObject {
  /** The key. */
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970, by the clock of the store. */
  readonly modifiedMs: number;
  /** Another one where the content may be another. */
  readonly stamp: string;
}

/** What is asked for; no key: the bucket's keys. */
export type AskedObject = Pick<Asked, 'key' | 'doing'>;

interface ListPage extends Pick<ListObjectsV2CommandOutput, 'Contents' | 'CommonPrefixes'> {
  readonly decode: (key: string) => string;
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
  static open({ bucket }: { readonly bucket: string }, connection: S3ConnectionSettings, options: S3Options): Bucket {
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
    return this.ask({ key, doing: 'read' }, this.signal, async (client) => {
      try {
        const { Body, ContentRange, ContentLength } = await client.send(new GetObjectCommand({ Bucket: this.name, Key: key, Range: 'bytes=0-0' }), { abortSignal: this.signal });
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
  async *list(prefix: string): AsyncGenerator<readonly FoundObject[]> {
    for await (const { Contents = [], decode } of this.pages(prefix)) {
      yield Contents.map(({ Key = '', Size = 0, ETag, LastModified }) => ({ name: decode(Key), bytes: Size, modifiedMs: LastModified?.getTime() ?? 0, stamp: ETag ?? LastModified?.toISOString() ?? '' }));
    }
  }

  /** The names that follow a prefix, up to the next slash. */
  async names(prefix: string): Promise<string[]> {
    const names = new Set<string>();
    for await (const { Contents = [], CommonPrefixes = [], decode } of this.pages(prefix, '/')) {
      for (const key of [...Contents.map(({ Key = '' }) => decode(Key)), ...CommonPrefixes.map(({ Prefix = '' }) => decode(Prefix))]) names.add(key.slice(prefix.length).replace(/\/$/, ''));
    }
    names.delete('');
    return [...names];
  }

  private async *pages(prefix: string, delimiter?: string): AsyncGenerator<ListPage> {
    let token: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      // XML has no way to write some of the characters of keys.
      const input = { Bucket: this.name, Prefix: prefix, EncodingType: 'url' as const, ...(delimiter === undefined ? {} : { Delimiter: delimiter }), ...(token === undefined ? {} : { ContinuationToken: token }) };
      const answer = await this.ask({ doing: 'listed' }, this.signal, (client) => client.send(new ListObjectsV2Command(input), { abortSignal: this.signal }));
      const decode = answer.EncodingType === 'url' ? decoded : (key: string) => key;
      yield { Contents: answer.Contents, CommonPrefixes: answer.CommonPrefixes, decode };
      if (!answer.IsTruncated || answer.NextContinuationToken === undefined) return;
      token = answer.NextContinuationToken;
    }
    throw new WeirError({ code: 'INVALID_VALUE', message: `The list of ${placeOf({ bucket: this.name, key: prefix })} has more than ${MAX_PAGES} pages.`, place: this.name, fix: 'Use a narrower `source.path`.' });
  }

  /** What an object is now. */
  async version(key: string, signal: AbortSignal): Promise<ObjectVersion> {
    const answer = await this.ask({ key, doing: 'read' }, signal, (client) => client.send(new HeadObjectCommand({ Bucket: this.name, Key: key, ChecksumMode: 'ENABLED' }), { abortSignal: signal }));
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
      throw this.failure(error, { key, doing: 'read' }, signal);
    }
  }

  /** Any failure of a request for a key, or of an answer while it is read. */
  failure(error: unknown, asked: AskedObject, signal: AbortSignal): WeirError {
    return storeError(error, { ...this.where, bucket: this.name, ...asked }, signal);
  }

  /** Asks once. */
  async askOnce<T>(asked: AskedObject, signal: AbortSignal, send: (client: S3Client) => Promise<T>): Promise<T> {
    return send(this.client).catch((error: unknown) => {
      throw this.failure(error, asked, signal);
    });
  }

  /** Asks until there is an answer, or a failure that does not pass by itself, or the tries are used up. */
  async ask<T>(asked: AskedObject, signal: AbortSignal, send: (client: S3Client) => Promise<T>): Promise<T> {
    const tries = new Tries(this.limits, signal);
    for (;;) {
      try {
        return await send(this.client);
      } catch (error) {
        await tries.after(this.failure(error, asked, signal));
      }
    }
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
