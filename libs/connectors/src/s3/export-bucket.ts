import { open } from 'node:fs/promises';
import { isWeirError, WeirError, type S3ConnectionSettings, type S3Export } from '@weir/core';
import type { ExportStore, LocalFile, StoredFile, TaggedFile } from '../export/store';
import { Bucket } from './bucket';
import { BucketWriter } from './bucket-writer';
import type { S3Options } from './config';

/** Larger files go up in parts of this size; each is in memory while it is on its way. */
const PART_BYTES = 16 * 1024 * 1024;

/** The keys of a bucket that begin alike, as the place of an export. */
export class ExportBucket implements ExportStore {
  readonly name: string;
  private conditional = false;

  private constructor(
    private readonly bucket: Bucket,
    private readonly writer: BucketWriter,
    private readonly prefix: string,
    private readonly signal: AbortSignal,
  ) {
    this.name = `${bucket.name}/${prefix}`;
  }

  /** Reaches nothing yet. Throws SECRET_MISSING. To be closed. */
  static open({ bucket: name, prefix }: Pick<S3Export, 'bucket' | 'prefix'>, connection: S3ConnectionSettings, options: S3Options): ExportBucket {
    const bucket = Bucket.open({ bucket: name }, connection, options);
    return new ExportBucket(bucket, new BucketWriter(bucket, options.signal), prefix, options.signal);
  }

  async read(path: string, mostBytes: number): Promise<TaggedFile | undefined> {
    return asDestination(() => this.bucket.read(this.at(path), mostBytes, this.signal));
  }

  async write(path: string, bytes: Buffer): Promise<void> {
    await asDestination(() => this.writer.put(this.at(path), bytes));
    await this.assertConditional(path, bytes);
  }

  async add(path: string, { file, bytes, sha256 }: LocalFile): Promise<void> {
    const handle = await open(file, 'r');
    try {
      const part = async (from: number): Promise<Buffer> => {
        const buffer = Buffer.allocUnsafe(Math.min(PART_BYTES, bytes - from));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
        if (bytesRead < buffer.length) throw new WeirError({ code: 'INTERNAL', message: `${path} became shorter while it was sent.` });
        return buffer;
      };
      await asDestination(async () => {
        if (bytes <= PART_BYTES) await this.writer.put(this.at(path), await part(0), { sha256: Buffer.from(sha256, 'hex') });
        else await this.writer.putParts(this.at(path), Math.ceil(bytes / PART_BYTES), (nth) => part(nth * PART_BYTES));
      });
    } finally {
      await handle.close();
    }
  }

  async replace(path: string, bytes: Buffer, tag: string | undefined): Promise<boolean> {
    return asDestination(() => this.writer.putIf(this.at(path), bytes, tag));
  }

  async list(folder: string): Promise<StoredFile[]> {
    return asDestination(async () => {
      const found: StoredFile[] = [];
      for await (const page of this.bucket.list(this.at(`${folder}/`))) for (const { name, modifiedMs } of page) found.push({ path: name.slice(this.prefix.length + 1), modifiedMs });
      return found;
    });
  }

  async remove(paths: readonly string[]): Promise<void> {
    await asDestination(() => this.writer.remove(paths.map((path) => this.at(path))));
  }

  close(): void {
    this.bucket.close();
  }

  /** A store that does not look at conditions would let an old load take a new one's place: it is found out with a file that is nobody's yet. */
  private async assertConditional(path: string, bytes: Buffer): Promise<void> {
    if (this.conditional) return;
    const kept = await asDestination(async () => !(await this.writer.putIf(this.at(path), bytes, undefined)) && !(await this.writer.putIf(this.at(path), bytes, '"00000000000000000000000000000000"')));
    if (!kept) throw new WeirError({ code: 'DESTINATION_INCOMPATIBLE', message: `The store of ${this.name} does not keep conditions of writes (If-Match, If-None-Match): loads could take each other's place.`, place: this.name, fix: 'Use a store that does, as AWS and most others do.' });
    this.conditional = true;
  }

  private at(path: string): string {
    return `${this.prefix}/${path}`;
  }
}

/** What a source says of its store, said of a destination. */
async function asDestination<T>(body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isWeirError(error) || !error.code.startsWith('SOURCE_')) throw error;
    const { message, place, fix } = error;
    throw new WeirError({ code: 'DESTINATION_REFUSED', message, place, fix: fix.replace('`source.bucket`', '`bucket` of the destination') }, { cause: error });
  }
}
