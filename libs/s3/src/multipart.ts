import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { WeirError } from '@weir/core';
import type { Bucket } from './bucket';
import { placeOf, statusOf } from './errors';
import type { ObjectWords } from './write-object';

/** Pages of one list of uploads: a store that always says that there is more must not be asked for ever. */
const MAX_PAGES = 1_000;

/** An upload that was begun and neither completed nor given up. */
export interface OpenUpload {
  readonly key: string;
  readonly uploadId: string;
  /** Milliseconds since 1970, by the clock of the store. */
  readonly begunMs: number;
}

/**
 * Writes an object from parts, read one after the other, where there is none under its key when the last of them is there; false where there is one. Parts are 5 MiB at least, save for the last, and 10,000 at most. What fails gives the
 * upload up. When the answer to the end was lost the object may be this one: whoever asks compares.
 */
export async function putPartsIfAbsent(bucket: Bucket, key: string, parts: AsyncIterable<Uint8Array>, { metadata }: ObjectWords, signal: AbortSignal): Promise<boolean> {
  const asked = { key, doing: 'written' } as const;
  const named = { Bucket: bucket.name, Key: key };
  const { UploadId } = await bucket.ask(asked, signal, (client) => client.send(new CreateMultipartUploadCommand({ ...named, ...(metadata ? { Metadata: { ...metadata } } : {}) }), { abortSignal: signal }));
  if (UploadId === undefined) throw new WeirError({ code: 'SOURCE_REFUSED', message: `The store begins no upload of parts for ${placeOf({ bucket: bucket.name, key })}.`, place: placeOf({ bucket: bucket.name, key }) });
  try {
    const done: { PartNumber: number; ETag: string | undefined }[] = [];
    for await (const body of parts) {
      const PartNumber = done.length + 1;
      const { ETag } = await bucket.ask(asked, signal, (client) => client.send(new UploadPartCommand({ ...named, UploadId, PartNumber, Body: body, ContentLength: body.length }), { abortSignal: signal }));
      done.push({ PartNumber, ETag });
    }
    const complete = await bucket.ask(asked, signal, async (client) => {
      try {
        await client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, IfNoneMatch: '*', MultipartUpload: { Parts: done } }), { abortSignal: signal });
        return true;
      } catch (error) {
        // 404: the upload was completed, and its answer lost; or somebody gave it up, and then there is no object. 409: somebody else writes it at this moment, and the upload has to be begun anew.
        if ([404, 409, 412].includes(statusOf(error) ?? 0)) return false;
        throw error;
      }
    });
    if (!complete) await abandonUpload(bucket, { key, uploadId: UploadId }, signal);
    return complete;
  } catch (error) {
    // Cancelled work is tidied up too. What stays because the store is gone, a collection finds.
    await abandonUpload(bucket, { key, uploadId: UploadId }, AbortSignal.timeout(bucket.limits.connectMs)).catch(() => undefined);
    throw error;
  }
}

/** Gives an upload up; nothing where there is none. */
export async function abandonUpload(bucket: Bucket, { key, uploadId }: Pick<OpenUpload, 'key' | 'uploadId'>, signal: AbortSignal): Promise<void> {
  await bucket.ask({ key, doing: 'removed' }, signal, async (client) => {
    try {
      await client.send(new AbortMultipartUploadCommand({ Bucket: bucket.name, Key: key, UploadId: uploadId }), { abortSignal: signal });
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  });
}

/** The uploads that are open under keys that begin with a prefix, page by page. */
export async function* openUploads(bucket: Bucket, prefix: string, signal: AbortSignal): AsyncGenerator<readonly OpenUpload[]> {
  let after: { KeyMarker?: string; UploadIdMarker?: string } = {};
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await bucket.ask({ doing: 'listed' }, signal, (client) => client.send(new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: prefix, ...after }), { abortSignal: signal }));
    yield (answer.Uploads ?? []).flatMap(({ Key, UploadId, Initiated }) => (Key === undefined || UploadId === undefined ? [] : [{ key: Key, uploadId: UploadId, begunMs: Initiated?.getTime() ?? 0 }]));
    if (!answer.IsTruncated || answer.NextKeyMarker === undefined) return;
    after = { KeyMarker: answer.NextKeyMarker, ...(answer.NextUploadIdMarker === undefined ? {} : { UploadIdMarker: answer.NextUploadIdMarker }) };
  }
}
