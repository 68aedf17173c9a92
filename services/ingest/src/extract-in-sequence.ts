import { listedPath, listFiles, listObjects, type IdBounds } from '@weir/connectors';
import { FILES, WeirError, type Definition, type FileSource, type S3Source } from '@weir/core';
import type { Lake } from '@weir/lake';
import { withoutSpans, withSpan } from '@weir/platform';
import type { StageContext } from '@weir/rpc';
import { Bucket } from '@weir/s3';
import { copyFile } from './copy-file';
import type { ExtractCall } from './extract';
import type { ExtractedFiles } from './extract-parts';
import { storeObject } from './extract-s3';
import type { FileBounds } from './find-new-files';
import type { Metadata } from './metadata';
import { connectionOf, type ConnectionDependencies } from './source-connections';
import { takeFiles } from './take-files';
import { takeIds } from './take-ids';
import { standingOf } from './take-standing';

/** What extracting in sequence takes. */
export interface SequenceDependencies extends ConnectionDependencies, Pick<Metadata, 'takes' | 'takenFiles'> {
  readonly lake: Lake;
  /** Those of TAKE_BOUNDS that are to be others. */
  readonly takeBounds?: Partial<FileBounds & IdBounds> | undefined;
}

/**
 * What one interval takes at most: a manifest of 20,000 files has 6 MiB, and 10 GiB are copied within minutes. A writer of a file that pauses for longer than 5 s must write under another name; a transaction that takes longer than
 * 30 s holds up what an interval takes of its table.
 */
const TAKE_BOUNDS: FileBounds & IdBounds = { files: 20_000, bytes: 10 * 1024 ** 3, settleMs: 5_000, rows: 10_000_000, waitMs: 30_000 };

/**
 * Brings what the intervals of a run take of a source that is read in sequence into the raw zone: the same as before, or what is new, which is taken once the run publishes.
 * Throws SOURCE_MISSING, SOURCE_UNREADABLE, POSITION_LOST, UNKNOWN_CONNECTION, INVALID_INTERVAL, CANCELLED, and what catalog, source and lake throw.
 */
export async function extractInSequence(deps: SequenceDependencies, context: StageContext, definition: Definition, call: ExtractCall): Promise<ExtractedFiles> {
  const { source } = definition;
  switch (source.type) {
    case 'file':
      return takeFromFolder(deps, context, definition, source, call);
    case 's3':
      return takeFromBucket(deps, context, definition, source, call);
    case 'postgres':
      return takeIds(deps, context, definition, { source, bounds: { ...TAKE_BOUNDS, ...deps.takeBounds } }, call);
    default:
      throw new WeirError({ code: 'INVALID_VALUE', message: `A source of type ${source.type} cannot be read in sequence.` });
  }
}

async function takeFromFolder(deps: SequenceDependencies, context: StageContext, definition: Definition, source: FileSource, call: ExtractCall): Promise<ExtractedFiles> {
  const { lake, takenFiles } = deps;
  const { path, dataset, empty } = source;
  const standing = await standingOf(deps, context, definition, FILES, call.signal);
  const scratch = await lake.scratch(context.runId, context.attempt);
  const target = { lake, pipeline: context.pipeline, dataset, scratch: scratch.dir, onBytes: () => undefined };
  const store = {
    place: path,
    empty,
    list: (signal: AbortSignal) => listFiles(path, signal),
    store: ({ name }: { readonly name: string }, partition: string, signal: AbortSignal) => copyFile({ path: listedPath(path, name), name, partition }, { ...target, signal }),
  };
  try {
    return await takeFiles({ takenFiles, bounds: { ...TAKE_BOUNDS, ...deps.takeBounds } }, store, standing, call);
  } finally {
    await scratch.dispose();
  }
}

async function takeFromBucket(deps: SequenceDependencies, context: StageContext, definition: Definition, source: S3Source, call: ExtractCall): Promise<ExtractedFiles> {
  const { lake, takenFiles, egress, secretOf } = deps;
  const { path, dataset, empty } = source;
  const connection = connectionOf(definition, source.connection, 's3');
  const standing = await standingOf(deps, context, definition, FILES, call.signal);
  return withSpan('read s3', { 'aws.s3.bucket': source.bucket, ...(connection.host === undefined ? {} : { 'server.address': connection.host }), 'weir.dataset': dataset }, (span) =>
    // A span for each object would make the trace of a run as long as the bucket.
    withoutSpans(async () => {
      const scratch = await lake.scratch(context.runId, context.attempt);
      const bucket = Bucket.open(source, connection, { signal: call.signal, address: (host, port) => egress.address(host, port), secretOf });
      const target = { lake, pipeline: context.pipeline, dataset, scratch: scratch.dir };
      const store = {
        place: `${source.bucket}/${path}`,
        empty,
        list: () => listObjects(bucket, path),
        store: ({ name, bytes }: { readonly name: string; readonly bytes: number }, partition: string, signal: AbortSignal) => storeObject(bucket, { key: name, bytes, partition }, { ...target, signal }),
      };
      try {
        // An object appears whole, or not at all.
        const bounds = { ...TAKE_BOUNDS, ...deps.takeBounds, settleMs: 0 };
        const taken = await takeFiles({ takenFiles, bounds }, store, standing, call);
        span.setAttribute('weir.objects', taken.segments.length);
        return taken;
      } finally {
        bucket.close();
        await scratch.dispose();
      }
    }),
  );
}
