import { WHOLE, WeirError, partitionsOf, qualifiedName, type Model } from '@weir/core';
import type { ModelWork, RelationSegment } from '@weir/engine';
import { Scope, type StageContext, type TransformRequest } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import { gatherUpstream, type UpstreamDataset } from './upstream-inputs';

/** What a call runs, and over what. */
export interface Work extends ModelWork {
  readonly context: StageContext;
  /** In dependency order. */
  readonly models: readonly Model[];
  /** Segments of the pipeline's own datasets that no model of this call makes. */
  readonly sources: ReadonlyMap<string, readonly RelationSegment[]>;
  /** What models read of other pipelines, by the name that they use. */
  readonly upstream: ReadonlyMap<string, UpstreamDataset>;
}

/** Looks up all that a request names. Throws PIPELINE_NOT_FOUND, INVALID_VALUE, UNKNOWN_DATASET, MODEL_FAILED, SEGMENT_CORRUPT and UNAVAILABLE. */
export async function gatherWork(dependencies: Dependencies, request: TransformRequest, signal: AbortSignal): Promise<Work> {
  const { context } = request;
  if (!context?.pipeline || !context.runId || !context.attempt) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no whole stage context.', fix: 'Give pipeline, run_id, definition_version and attempt.' });
  const definition = await dependencies.metadata.definition(context.pipeline, context.definitionVersion, signal);
  const history = request.scope === Scope.HISTORY;
  if (!history && request.scope !== Scope.INTERVAL) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no scope.', fix: 'Use SCOPE_INTERVAL or SCOPE_HISTORY.' });
  const models = definition.models.filter((model) => (model.scope === 'history') === history);
  const partitions = history ? [WHOLE] : partitionsOf(context.interval, definition.grain);
  const references = readFrom(models);
  const foreign = new Set(definition.upstream.map(({ reference }) => reference));
  const own = new Set([...references].filter((reference) => !foreign.has(reference)));
  const [sources, upstream] = await Promise.all([
    history ? published(dependencies, context.pipeline, request.snapshot, own, signal) : staged(dependencies, request, own),
    gatherUpstream(dependencies, { definition, references, partitions: history ? undefined : partitions, pinned: request.upstream }, signal),
  ]);
  return { context, definition, models, partitions, sources, upstream };
}

/** This run's bronze, all of it. */
async function staged({ lake }: Dependencies, { bronze }: TransformRequest, read: ReadonlySet<string>): Promise<Map<string, RelationSegment[]>> {
  if (!bronze) throw new WeirError({ code: 'INVALID_VALUE', message: 'The request has no bronze.', fix: 'Give the segments that Validate staged.' });
  const manifest = await lake.readManifest(bronze);
  const datasets = manifest.datasets.filter(({ dataset }) => read.has(dataset));
  return new Map(datasets.map(({ dataset, segments }) => [dataset, segments.map((segment) => ({ absolutePath: lake.absolute(segment.path), partitions: segment.partitions, whole: true }))]));
}

/** Datasets at a published snapshot. */
async function published({ lake, metadata }: Dependencies, pipeline: string, snapshot: number, read: ReadonlySet<string>, signal: AbortSignal): Promise<Map<string, RelationSegment[]>> {
  const live = await metadata.snapshot(pipeline, snapshot, [...read], signal);
  return new Map([...live].map(([dataset, segments]) => [dataset, segments.map((segment) => ({ absolutePath: lake.absolute(segment.path), partitions: segment.partitions, whole: segment.whole }))]));
}

/** The datasets that models read and none of them makes. */
function readFrom(models: readonly Model[]): ReadonlySet<string> {
  const made = new Set(models.map(qualifiedName));
  return new Set(models.flatMap((model) => model.inputs).filter((input) => !made.has(input)));
}
