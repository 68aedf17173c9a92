import { grainMs, partitionsOf, WeirError, WHOLE, type Interval, type S3Source } from '@weir/core';
import { placeOf, type Bucket, type ListedObject } from '@weir/s3';
import { datedPaths } from '../file/dated-paths';
import { MAX_FILES } from '../file/source';
import { fixedPrefix, matchesPath } from '../file/wildcard';
import type { FoundFile } from '../found-file';

/** An object that belongs to a slice. */
export interface S3Object extends ListedObject {
  readonly partition: string;
}

/** The part of a bucket that belongs to an interval. */
export interface S3Slice {
  /** All partitions of the interval, those without an object included. */
  readonly partitions: readonly string[];
  /** In the order of partitions, then keys. */
  readonly objects: readonly S3Object[];
}

/** Questions to a store at a time. */
const CONCURRENT_FINDS = 32;
/** Keys that one list looks at, as many as a walk over folders. */
const MAX_LISTED = 1_000_000;

/**
 * The objects of an interval: the dated keys of each partition, or all that match the path when there are no intervals. Throws SOURCE_MISSING, naming bucket and key, when the bucket is not there, and when an object is not and
 * `empty` is not `allow`; INVALID_INTERVAL when the interval and the path do not go together; INVALID_VALUE for too many objects; what the bucket throws.
 */
export async function sliceBucket(bucket: Bucket, source: Pick<S3Source, 'path' | 'empty'>, interval: Interval | undefined, grain: string | undefined): Promise<S3Slice> {
  if (interval && grain !== undefined) return datedObjects(bucket, source, interval, grain);
  return { partitions: [WHOLE], objects: (await allObjects(bucket, source)).map((object) => ({ ...object, partition: WHOLE })) };
}

async function datedObjects(bucket: Bucket, { path, empty }: Pick<S3Source, 'path' | 'empty'>, interval: Interval, grain: string): Promise<S3Slice> {
  const partitions = partitionsOf(interval, grain);
  const wanted = partitions.flatMap((partition) => datedPaths(path, partition, grainMs(grain)).map((key) => ({ key, partition })));
  if (wanted.length > MAX_FILES) throw tooMany(bucket, path, wanted.length);
  const objects: S3Object[] = [];
  for (let from = 0; from < wanted.length; from += CONCURRENT_FINDS) {
    const batch = wanted.slice(from, from + CONCURRENT_FINDS);
    const found = await Promise.all(batch.map(({ key }) => bucket.find(key)));
    for (const [at, { key, partition }] of batch.entries()) {
      const object = found[at];
      if (object) objects.push({ ...object, partition });
      else if (empty !== 'allow') throw missing(`The object of the interval ${partition} is missing: ${placeOf({ bucket: bucket.name, key })}.`, bucket, key);
    }
  }
  return { partitions, objects };
}

async function allObjects(bucket: Bucket, { path, empty }: Pick<S3Source, 'path' | 'empty'>): Promise<ListedObject[]> {
  if (path.includes('{')) throw new WeirError({ code: 'INVALID_INTERVAL', message: `${path} needs an interval.`, place: placeOf({ bucket: bucket.name, key: path }) });
  const objects = /[*?]/.test(path) ? await matchingObjects(bucket, path) : await oneObject(bucket, path);
  if (objects.length === 0 && empty !== 'allow') throw missing(`No object matches ${placeOf({ bucket: bucket.name, key: path })}.`, bucket, path);
  return objects;
}

/** A login that may read an object need not be allowed to list its bucket. */
async function oneObject(bucket: Bucket, key: string): Promise<ListedObject[]> {
  const found = await bucket.find(key);
  return found ? [found] : [];
}

async function matchingObjects(bucket: Bucket, pattern: string): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of listObjects(bucket, pattern)) {
    for (const { name, bytes } of page) objects.push({ key: name, bytes });
    if (objects.length > MAX_FILES) throw tooMany(bucket, pattern, objects.length);
  }
  // Not every store lists its keys in order.
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The objects whose keys match a path without dates, in pages, in the order of the store. Throws INVALID_VALUE beyond a million keys, and what the bucket throws. */
export async function* listObjects(bucket: Bucket, pattern: string): AsyncGenerator<readonly FoundFile[]> {
  let listed = 0;
  for await (const page of bucket.list(fixedPrefix(pattern))) {
    listed += page.length;
    yield page.filter(({ name }) => matchesPath(pattern, name));
    if (listed > MAX_LISTED) throw new WeirError({ code: 'INVALID_VALUE', message: `${bucket.name} has more than ${MAX_LISTED} keys that begin with ${fixedPrefix(pattern)}.`, place: placeOf({ bucket: bucket.name, key: pattern }), fix: 'Use a narrower `source.path`.' });
  }
}

function tooMany({ name }: Bucket, path: string, count: number): WeirError {
  const place = placeOf({ bucket: name, key: path });
  return new WeirError({ code: 'INVALID_VALUE', message: `${place} names ${count} objects or more, and a run reads at most ${MAX_FILES}.`, place, fix: 'Use a narrower path or a smaller interval.' });
}

function missing(message: string, { name }: Bucket, key: string): WeirError {
  return new WeirError({ code: 'SOURCE_MISSING', message, place: placeOf({ bucket: name, key }), fix: 'Check bucket and path, or set `source.empty: allow` where intervals without an object are normal.' });
}
