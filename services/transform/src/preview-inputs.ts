import { isWeirError, parseInterval, partitionsOf, qualifiedName, WeirError, WHOLE, type Definition } from '@weir/core';
import type { RelationSegment } from '@weir/engine';
import type { Interval, UpstreamInput } from '@weir/rpc';
import type { Dependencies } from './dependencies';
import type { PreviewedModel } from './preview-definition';
import { gatherUpstream, type UpstreamDataset } from './upstream-inputs';

/** What is published of a model's inputs. */
export interface PreviewInputs {
  readonly snapshots: readonly UpstreamInput[];
  /** Of the pipeline's own datasets, by name. */
  readonly segments: ReadonlyMap<string, readonly RelationSegment[]>;
  /** The partitions that the model can be run over, the newest first. */
  readonly partitions: readonly string[];
  /** What the model reads of other pipelines when it runs over these partitions. */
  upstream(partitions: readonly string[]): Promise<ReadonlyMap<string, UpstreamDataset>>;
}

/** Looks up what is published of a model's inputs. Throws NOT_POSSIBLE where nothing is, INVALID_INTERVAL, UNKNOWN_DATASET, MODEL_FAILED. */
export async function previewInputs(dependencies: Pick<Dependencies, 'lake' | 'metadata'>, { definition, model }: PreviewedModel, interval: Interval | undefined, signal: AbortSignal): Promise<PreviewInputs> {
  const { lake, metadata } = dependencies;
  const foreign = definition.upstream.filter(({ reference }) => model.inputs.includes(reference));
  const own = model.inputs.filter((input) => foreign.every(({ reference }) => reference !== input));
  const wanted = wantedPartitions(definition, model.scope, interval);
  const pinned = await publishedSnapshots(metadata, [...own.map((dataset) => ({ pipeline: definition.name, dataset })), ...foreign], { definition, model }, signal);
  // The newest of what these datasets have, together.
  const newest = Math.max(...pinned.filter(({ pipeline }) => pipeline === definition.name).map(({ snapshot }) => snapshot));
  const live = own.length === 0 ? new Map<string, never[]>() : await metadata.snapshot(definition.name, newest, own, signal);
  const segments = new Map([...live].map(([dataset, each]) => [dataset, each.map(({ path, partitions, whole }): RelationSegment => ({ absolutePath: lake.absolute(path), partitions, whole }))]));
  const references = new Set(foreign.map(({ reference }) => reference));
  const upstream = (partitions: readonly string[] | undefined): ReturnType<typeof gatherUpstream> => gatherUpstream(dependencies, { definition, references, partitions, pinned }, signal);
  if (model.scope === 'history') return { snapshots: pinned, segments, partitions: [WHOLE], upstream: () => upstream(undefined) };
  // Without a dataset of its own pipeline the model's partitions are those of the others.
  const others = own.length === 0 && !wanted ? [...(await upstream(undefined)).values()].flatMap((each) => each.segments) : [];
  const found = new Set([...segments.values(), others].flat().flatMap(({ partitions }) => partitions));
  return { snapshots: pinned, segments, partitions: wanted ?? newestOf(found, definition), upstream };
}

/** The partitions of the interval that was asked for, the newest first; undefined without one. */
function wantedPartitions({ grain, name }: Definition, scope: string, interval: Interval | undefined): string[] | undefined {
  if (!interval) return undefined;
  if (grain === undefined) throw new WeirError({ code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain, so that its models have no intervals.`, fix: 'Leave the interval out.' });
  if (scope === 'history') throw new WeirError({ code: 'INVALID_INTERVAL', message: 'A model over history has all rows there are, of no interval.', fix: 'Leave the interval out.' });
  return partitionsOf(parseInterval(interval.start, interval.end, grain), grain).reverse();
}

/** Where there are no partitions the model runs once, over whatever its inputs have. */
function newestOf(found: ReadonlySet<string>, { grain }: Definition): string[] {
  const partitions = grain === undefined ? [] : [...found].filter((partition) => partition !== WHOLE).sort().reverse();
  return partitions.length === 0 ? [WHOLE] : partitions;
}

async function publishedSnapshots(metadata: Dependencies['metadata'], inputs: readonly Pick<UpstreamInput, 'pipeline' | 'dataset'>[], { definition, model }: Pick<PreviewedModel, 'definition' | 'model'>, signal: AbortSignal): Promise<UpstreamInput[]> {
  const published = new Map<string, ReadonlyMap<string, number>>();
  for (const pipeline of new Set(inputs.map((input) => input.pipeline))) published.set(pipeline, await snapshotsOf(metadata, pipeline, signal));
  return inputs.map(({ pipeline, dataset }) => {
    const snapshot = published.get(pipeline)?.get(dataset) ?? 0;
    if (snapshot > 0) return { pipeline, dataset, snapshot };
    const name = pipeline === definition.name ? dataset : `${pipeline}.${dataset}`;
    const fix = `Publish it with \`weir run ${pipeline}\` first, or try the model on rows of your own with \`weir test\`.`;
    throw new WeirError({ code: 'NOT_POSSIBLE', message: `\`${qualifiedName(model)}\` reads \`${name}\`, of which nothing is published.`, fix });
  });
}

/** A pipeline that was never applied has published nothing. */
async function snapshotsOf(metadata: Dependencies['metadata'], pipeline: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  try {
    return await metadata.published(pipeline, signal);
  } catch (error) {
    if (isWeirError(error) && error.code === 'PIPELINE_NOT_FOUND') return new Map();
    throw error;
  }
}
