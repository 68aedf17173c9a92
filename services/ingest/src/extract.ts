import { sliceSource, type SourceSlice } from '@weir/connectors';
import { isReadInSequence, WeirError, type Definition } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import type { ExtractRequest, ExtractResult, Progress, StageContext } from '@weir/rpc';
import { copyFile } from './copy-file';
import { extractApi } from './extract-api';
import { extractInSequence, type SequenceDependencies } from './extract-in-sequence';
import { extractLog, type ExtractLogDependencies } from './extract-log';
import type { ExtractedFiles } from './extract-parts';
import { extractS3 } from './extract-s3';
import { extractPostgres } from './extract-postgres';
import { storeMany } from './store-many';

/** What extracting takes. */
export interface ExtractDependencies extends ExtractLogDependencies, SequenceDependencies {
  /** The definition that the run pinned. */
  readonly definition: (pipeline: string, version: number, signal: AbortSignal) => Promise<Definition>;
}

export interface ExtractCall {
  readonly signal: AbortSignal;
  /** Takes every step of the work; sends what it likes of it. */
  readonly report: (progress: Progress) => void;
}

/**
 * Brings the source slice of a run into immutable raw segments, as received, and lists them in a manifest in the order of the slice; of a topic see extract-log.ts, of what is read in sequence extract-in-sequence.ts.
 * Throws SOURCE_MISSING and SOURCE_UNREADABLE naming the path, CANCELLED, and what the lake throws. Nothing is listed then.
 */
export async function extract(deps: ExtractDependencies, request: ExtractRequest, { signal, report }: ExtractCall): Promise<ExtractResult> {
  const { context } = request;
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  const definition = await deps.definition(context.pipeline, context.definitionVersion, signal);
  const { source } = definition;
  if (source.type === 'kafka') return extractLog(deps, request, definition, { signal, report });
  const { partitions, segments, taking, take } = await readSource(deps, context, definition, { signal, report });
  const raw = await deps.lake.writeManifest({
    version: 1,
    pipeline: context.pipeline,
    runId: context.runId,
    stage: 'extract',
    attempt: context.attempt,
    datasets: [{ dataset: `raw.${source.dataset}`, partitions: partitions.map((partition) => ({ partition, rows: 0 })), segments: [...segments] }],
    ...(taking ? { taking } : {}),
  });
  return {
    raw,
    files: segments.length,
    bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    // Of what is read in sequence the take is the position; the names of all its files may be more than one answer.
    positions: take ? [] : segments.map(({ source, bytes }) => ({ source: source ?? '', value: String(bytes) })),
    take,
  };
}

async function readSource(deps: ExtractDependencies, context: StageContext, definition: Definition, call: ExtractCall): Promise<ExtractedFiles> {
  const { source, grain } = definition;
  if (isReadInSequence(source)) return extractInSequence(deps, context, definition, call);
  switch (source.type) {
    case 'file': {
      call.report({ step: 'list files', done: 0, total: 0 });
      const slice = await sliceSource(source, context.interval, grain);
      return { partitions: slice.partitions, segments: await copySlice(deps.lake, context, source.dataset, slice, call) };
    }
    case 'api':
      return extractApi(deps, context, definition, source, call);
    case 's3':
      return extractS3(deps, context, definition, source, call);
    case 'postgres':
      return extractPostgres(deps, context, definition, source, call);
    default:
      throw new WeirError({ code: 'INVALID_VALUE', message: `Sources of type ${source.type} cannot be read yet.` });
  }
}

async function copySlice(lake: Lake, context: StageContext, dataset: string, { files }: SourceSlice, { signal, report }: ExtractCall): Promise<Segment[]> {
  const scratch = await lake.scratch(context.runId, context.attempt);
  const target = { lake, pipeline: context.pipeline, dataset, scratch: scratch.dir, onBytes: () => undefined };
  try {
    return await storeMany(files, (file, either) => copyFile(file, { ...target, signal: either }), signal, (done) => report({ step: 'copy files', done, total: files.length }));
  } finally {
    await scratch.dispose();
  }
}
