import { assertFileSize, objectPart, sliceBucket, type S3Object, type S3Slice } from '@weir/connectors';
import type { Definition, S3Source } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import { withoutSpans, withSpan } from '@weir/platform';
import type { StageContext } from '@weir/rpc';
import { Bucket, TornRead } from '@weir/s3';
import type { CopyTarget } from './copy-file';
import type { ExtractCall } from './extract';
import type { ExtractedFiles } from './extract-parts';
import { connectionOf, type ConnectionDependencies } from './source-connections';
import { storeMany } from './store-many';
import { storePart } from './store-part';

/** What extracting from a store takes. */
interface S3Dependencies extends ConnectionDependencies {
  readonly lake: Lake;
}

/**
 * Stores the objects of a bucket that belong to a run, each as it came, eight at a time, in the order of the slice. An object that changes while it is read is read again, once. Throws UNKNOWN_CONNECTION, SOURCE_UNREADABLE naming
 * an object that changes again, what sliceBucket and reading throw, and what the lake throws.
 */
export async function extractS3({ lake, egress, secretOf }: S3Dependencies, context: StageContext, definition: Definition, source: S3Source, call: ExtractCall): Promise<ExtractedFiles> {
  const connection = connectionOf(definition, source.connection, 's3');
  return withSpan('read s3', { 'aws.s3.bucket': source.bucket, ...(connection.host === undefined ? {} : { 'server.address': connection.host }), 'weir.dataset': source.dataset }, async (span) => {
    const bucket = Bucket.open(source, connection, { signal: call.signal, address: (host, port) => egress.address(host, port), secretOf });
    try {
      call.report({ step: 'list objects', done: 0, total: 0 });
      const slice = await sliceBucket(bucket, source, context.interval, definition.grain);
      span.setAttribute('weir.objects', slice.objects.length);
      // A span for each object would make the trace of a run as long as the bucket.
      const segments = await withoutSpans(() => storeSlice(lake, context, source.dataset, { bucket, slice }, call));
      return { partitions: slice.partitions, segments };
    } finally {
      bucket.close();
    }
  });
}

async function storeSlice(lake: Lake, context: StageContext, dataset: string, { bucket, slice }: { readonly bucket: Bucket; readonly slice: S3Slice }, { signal, report }: ExtractCall): Promise<Segment[]> {
  const scratch = await lake.scratch(context.runId, context.attempt);
  const target = { lake, pipeline: context.pipeline, dataset, scratch: scratch.dir };
  const total = slice.objects.length;
  try {
    return await storeMany(slice.objects, (object, either) => storeObject(bucket, object, { ...target, signal: either }), signal, (done) => report({ step: 'read objects', done, total }));
  } finally {
    await scratch.dispose();
  }
}

/** One object into the raw zone; again, once, when it changes while it is read. Throws FILE_TOO_LARGE before anything is read. */
export async function storeObject(bucket: Bucket, object: S3Object, target: Omit<CopyTarget, 'onBytes'>): Promise<Segment> {
  assertFileSize(object.bytes, `${bucket.name}/${object.key}`);
  const attempt = (): Promise<Segment> => storePart(objectPart(bucket, object, target.signal), target);
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof TornRead) return attempt();
    throw error;
  }
}
