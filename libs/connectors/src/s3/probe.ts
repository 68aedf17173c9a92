import type { S3ConnectionSettings, S3Source } from '@weir/core';
import { Bucket, type ListedObject, type S3Options } from '@weir/s3';
import { fixedPrefix, matchesPath } from '../file/wildcard';

/** What a source would read. */
export interface S3Finding {
  /** Up to ten of them, in the order of the store. */
  readonly first: readonly ListedObject[];
  /** Objects that were found, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** The bucket has more keys than were looked at. */
  readonly more: boolean;
}

const SHOWN = 10;
/** Keys looked at: a few seconds' worth. */
const MOST_KEYS = 10_000;

/** Lists what a source would read: of dated keys those of any interval. Throws as Bucket does; what passes by itself is not waited for. */
export async function testS3(source: Pick<S3Source, 'bucket' | 'path'>, connection: S3ConnectionSettings, options: S3Options): Promise<S3Finding> {
  const bucket = Bucket.open(source, connection, { ...options, limits: { ...options.limits, tries: 1 } });
  const pattern = source.path.replaceAll('{date}', '????-??-??').replaceAll('{hour}', '????-??-??T??').replaceAll('{minute}', '????-??-??T??-??');
  const found: ListedObject[] = [];
  let keys = 0;
  try {
    for await (const page of bucket.list(fixedPrefix(pattern))) {
      if (keys >= MOST_KEYS) break;
      keys += page.length;
      for (const { name, bytes } of page) if (matchesPath(pattern, name)) found.push({ key: name, bytes });
    }
    return { first: found.slice(0, SHOWN), objects: found.length, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0), more: keys >= MOST_KEYS };
  } finally {
    bucket.close();
  }
}
