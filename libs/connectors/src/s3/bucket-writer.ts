import { createHash } from 'node:crypto';
import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, PutObjectCommand, UploadPartCommand, type CompletedPart } from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';

/** Objects that are removed at a time. */
const CONCURRENT_REMOVALS = 8;

/** Writes the objects of a bucket. The store holds what it got against SHA-256 of what was sent. Methods throw what the bucket's do. */
export class BucketWriter {
  constructor(
    private readonly bucket: Bucket,
    private readonly signal: AbortSignal,
  ) {}

  /** Writes an object whose key is nobody else's, so that doing it twice is no harm. */
  async put(key: string, body: Buffer, { sha256 = hashOf(body) }: { readonly sha256?: Buffer } = {}): Promise<void> {
    await this.bucket.writing(key, this.signal, (client) => client.send(new PutObjectCommand({ ...this.object(key), Body: body, ContentLength: body.length, ChecksumSHA256: sha256.toString('base64') }), { abortSignal: this.signal }));
  }

  /** The same of an object that comes in parts, one after the other; nobody sees it before all are there. */
  async putParts(key: string, parts: number, part: (nth: number) => Promise<Buffer>): Promise<void> {
    const { UploadId } = await this.bucket.writing(key, this.signal, (client) => client.send(new CreateMultipartUploadCommand({ ...this.object(key), ChecksumAlgorithm: 'SHA256' }), { abortSignal: this.signal }));
    const upload = { ...this.object(key), UploadId };
    try {
      const sent: CompletedPart[] = [];
      for (let nth = 0; nth < parts; nth += 1) sent.push(await this.putPart(upload, nth + 1, await part(nth)));
      await this.bucket.writing(key, this.signal, (client) => client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: sent } }), { abortSignal: this.signal }));
    } catch (error) {
      // Its answer may have been lost.
      if (await this.isComplete(key, error)) return;
      await this.abandon(upload);
      throw error;
    }
  }

  /** Writes an object in the place of the version with this ETag, or where there is none; false where it is another one. A repeated try finds its own version there, and says false too. */
  async putIf(key: string, body: Buffer, etag: string | undefined): Promise<boolean> {
    const condition = etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag };
    return this.bucket.writing(key, this.signal, async (client) => {
      try {
        await client.send(new PutObjectCommand({ ...this.object(key), Body: body, ContentLength: body.length, ChecksumSHA256: hashOf(body).toString('base64'), ...condition }), { abortSignal: this.signal });
        return true;
      } catch (error) {
        const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
        // 409: another write is on its way. 404: there is nothing to replace.
        if ($metadata?.httpStatusCode === 412 || $metadata?.httpStatusCode === 409 || ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket')) return false;
        throw error;
      }
    });
  }

  /** Removes objects, those that are there. */
  async remove(keys: readonly string[]): Promise<void> {
    const waiting = keys.values();
    const remove = async (): Promise<void> => {
      for (const key of waiting) await this.bucket.writing(key, this.signal, (client) => client.send(new DeleteObjectCommand(this.object(key)), { abortSignal: this.signal }));
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENT_REMOVALS, keys.length) }, remove));
  }

  private async putPart(upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined }, number: number, body: Buffer): Promise<CompletedPart> {
    const checksum = hashOf(body).toString('base64');
    const command = { ...upload, PartNumber: number, Body: body, ContentLength: body.length, ChecksumSHA256: checksum };
    const { ETag } = await this.bucket.writing(upload.Key, this.signal, (client) => client.send(new UploadPartCommand(command), { abortSignal: this.signal }));
    return { PartNumber: number, ETag, ChecksumSHA256: checksum };
  }

  /** Whether a failure is that of an upload that is over because it is complete. */
  private async isComplete(key: string, error: unknown): Promise<boolean> {
    if (this.signal.aborted || !/NoSuchUpload/.test(String(error))) return false;
    return (await this.bucket.find(key)) !== undefined;
  }

  /** Parts of an upload that is not complete would be kept, and paid for, without anybody seeing them. */
  private async abandon(upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string | undefined }): Promise<void> {
    const signal = AbortSignal.timeout(5_000);
    await this.bucket.writing(upload.Key, signal, (client) => client.send(new AbortMultipartUploadCommand(upload), { abortSignal: signal })).catch(() => undefined);
  }

  private object(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.bucket.name, Key: key };
  }
}

function hashOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest();
}
