import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isWeirError, sideBySide, WeirError, type S3ConnectionSettings, type S3Export } from '@weir/core';
import { Bucket, putObject, putPartsIfAbsent, readTagged, removeObject, replaceObject, type S3Options } from '@weir/s3';
import type { ExportStore, LocalFile, StoredFile, TaggedFile } from '../export/store';

/** Larger files go up in parts of this size; each is in memory while it is on its way. */
const PART_BYTES = 16 * 1024 * 1024;

/** Objects that are removed at a time. */
const CONCURRENT_REMOVALS = 8;

/** The keys of a bucket that begin alike, as the place of an export. */
export class ExportBucket implements ExportStore {
  readonly name: string;
  private conditional = false;

  private constructor(
    private readonly bucket: Bucket,
    private readonly prefix: string,
    private readonly signal: AbortSignal,
  ) {
    this.name = `${bucket.name}/${prefix}`;
  }

  /** Reaches nothing yet. Throws SECRET_MISSING. To be closed. */
  static open({ bucket: name, prefix }: Pick<S3Export, 'bucket' | 'prefix'>, connection: S3ConnectionSettings, options: S3Options): ExportBucket {
    const bucket = Bucket.open({ bucket: name }, connection, options);
    return new ExportBucket(bucket, prefix, options.signal);
  }

  async read(path: string, mostBytes: number): Promise<TaggedFile | undefined> {
    return asDestination(() => readTagged(this.bucket, this.at(path), mostBytes, this.signal));
  }

  async write(path: string, bytes: Buffer): Promise<void> {
    await asDestination(() => putObject(this.bucket, this.at(path), bytes, this.signal));
    await this.assertConditional(path, bytes);
  }

  async add(path: string, { file, bytes }: LocalFile): Promise<void> {
    await asDestination(async () => {
      if (bytes <= PART_BYTES) return putObject(this.bucket, this.at(path), await readFile(file), this.signal);
      const written = await putPartsIfAbsent(this.bucket, this.at(path), createReadStream(file, { highWaterMark: PART_BYTES }), {}, this.signal);
      // Nobody else writes this key: it is there because an answer was lost, or it is not there.
      if (!written && (await this.bucket.find(this.at(path)))?.bytes !== bytes) throw new WeirError({ code: 'UNAVAILABLE', message: `The store did not complete ${this.name}/${path}.`, place: `${this.name}/${path}` });
    });
  }

  async replace(path: string, bytes: Buffer, tag: string | undefined): Promise<boolean> {
    return asDestination(() => replaceObject(this.bucket, this.at(path), bytes, tag, this.signal));
  }

  async list(folder: string): Promise<StoredFile[]> {
    return asDestination(async () => {
      const found: StoredFile[] = [];
      for await (const page of this.bucket.list(this.at(`${folder}/`))) for (const { name, modifiedMs } of page) found.push({ path: name.slice(this.prefix.length + 1), modifiedMs });
      return found;
    });
  }

  async remove(paths: readonly string[]): Promise<void> {
    await asDestination(() => sideBySide(paths, CONCURRENT_REMOVALS, (path) => removeObject(this.bucket, this.at(path), this.signal)));
  }

  close(): void {
    this.bucket.close();
  }

  /** A store that does not look at conditions would let an old load take a new one's place: it is found out with a file that is nobody's yet. */
  private async assertConditional(path: string, bytes: Buffer): Promise<void> {
    if (this.conditional) return;
    const kept = !(await this.replace(path, bytes, undefined)) && !(await this.replace(path, bytes, '"00000000000000000000000000000000"'));
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
