import { sliceSource, type SourceSlice } from '@weir/connectors';
import { WeirError, type Definition } from '@weir/core';
import type { Lake, Segment } from '@weir/lake';
import type { ExtractRequest, ExtractResult, Progress, StageContext } from '@weir/rpc';
import { copyFile } from './copy-file';
import { extractApi } from './extract-api';
import { extractLog, type ExtractLogDependencies } from './extract-log';
import type { ExtractedFiles } from './extract-parts';
import { extractPostgres } from './extract-postgres';
import type { ConnectionDependencies } from './source-connections';

/** Files that are copied at a time: enough to keep a disk busy while others hash. */
const CONCURRENT_FILES = 8;

/** What extracting takes. */
export interface ExtractDependencies extends ExtractLogDependencies, ConnectionDependencies {
  /** The definition that the run pinned. */
  readonly definition: (pipeline: string, version: number, signal: AbortSignal) => Promise<Definition>;
}

export interface ExtractCall {
  readonly signal: AbortSignal;
  /** Takes every step of the work; sends what it likes of it. */
  readonly report: (progress: Progress) => void;
}

/**
 * Brings the source slice of a run into immutable raw segments, as received, and lists them in a manifest in the order of the slice; of a topic see extract-log.ts.
 * Throws SOURCE_MISSING and SOURCE_UNREADABLE naming the path, CANCELLED, and what the lake throws. Nothing is listed then.
 */
export async function extract(deps: ExtractDependencies, request: ExtractRequest, { signal, report }: ExtractCall): Promise<ExtractResult> {
  const { context } = request;
  if (!context) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no context.' });
  const definition = await deps.definition(context.pipeline, context.definitionVersion, signal);
  const { source } = definition;
  if (source.type === 'kafka') return extractLog(deps, request, definition, { signal, report });
  const { partitions, segments } = await readSource(deps, context, definition, { signal, report });
  const raw = await deps.lake.writeManifest({
    version: 1,
    pipeline: context.pipeline,
    runId: context.runId,
    stage: 'extract',
    attempt: context.attempt,
    datasets: [{ dataset: `raw.${source.dataset}`, partitions: partitions.map((partition) => ({ partition, rows: 0 })), segments: [...segments] }],
  });
  return {
    raw,
    files: segments.length,
    bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
    positions: segments.map(({ source, bytes }) => ({ source: source ?? '', value: String(bytes) })),
  };
}

async function readSource(deps: ExtractDependencies, context: StageContext, definition: Definition, call: ExtractCall): Promise<ExtractedFiles> {
  const { source, grain } = definition;
  switch (source.type) {
    case 'file': {
      call.report({ step: 'list files', done: 0, total: 0 });
      const slice = await sliceSource(source, context.interval, grain);
      return { partitions: slice.partitions, segments: await copySlice(deps.lake, context, source.dataset, slice, call) };
    }
    case 'api':
      return extractApi(deps, context, definition, source, call);
    case 'postgres':
      return extractPostgres(deps, context, definition, source, call);
    default:
      throw new WeirError({ code: 'INVALID_VALUE', message: `Sources of type ${source.type} cannot be read yet.` });
  }
}

async function copySlice(lake: Lake, context: StageContext, dataset: string, slice: SourceSlice, { signal, report }: ExtractCall): Promise<Segment[]> {
  const scratch = await lake.scratch(context.runId, context.attempt);
  // The first failure stops the other copies too.
  const failure = new AbortController();
  const target = { lake, pipeline: context.pipeline, dataset, scratch: scratch.dir, signal: AbortSignal.any([signal, failure.signal]), onBytes: () => undefined };
  const segments: Segment[] = [];
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < slice.files.length; at = next++) {
      const file = slice.files[at];
      if (!file) return;
      segments[at] = await copyFile(file, target);
      report({ step: 'copy files', done: (done += 1), total: slice.files.length });
    }
  };
  try {
    const workers = await Promise.allSettled(Array.from({ length: CONCURRENT_FILES }, () => worker().catch((error: unknown) => stop(failure, error))));
    const failed = workers.find((one) => one.status === 'rejected');
    if (failed) throw failure.signal.aborted ? failure.signal.reason : failed.reason;
    return segments;
  } finally {
    await scratch.dispose();
  }
}

/** Keeps the first reason: what the others then throw is only that they were stopped. */
function stop(failure: AbortController, error: unknown): never {
  failure.abort(error);
  throw error;
}
