import { qualifiedName, readByInterval, WeirError, WHOLE, winnerRule, type Column, type Definition, type Upstream } from '@weir/core';
import type { RelationSegment, UpstreamRows } from '@weir/engine';
import type { LiveSegment, UpstreamInput } from '@weir/rpc';
import type { Dependencies } from './dependencies';

/** A dataset of another pipeline as one call reads it. */
export interface UpstreamDataset extends UpstreamRows {
  /** What was pinned; 0 when nothing was published then. */
  readonly snapshot: number;
}

/** What of other pipelines a call reads. */
export interface UpstreamNeed {
  readonly definition: Definition;
  readonly references: ReadonlySet<string>;
  /** The partitions of the run; undefined for history models, which see all. */
  readonly partitions: readonly string[] | undefined;
  /** What BeginRun pinned. */
  readonly pinned: readonly UpstreamInput[];
}

/**
 * Looks up the datasets of other pipelines, by reference: their live segments at the pinned snapshots, read as their pipelines define them now.
 * Throws INVALID_VALUE for one without a pinned snapshot, UNKNOWN_DATASET for one that is no longer made, MODEL_FAILED for one whose partitions are no longer the reader's.
 */
export async function gatherUpstream({ lake, metadata }: Pick<Dependencies, 'lake' | 'metadata'>, need: UpstreamNeed, signal: AbortSignal): Promise<ReadonlyMap<string, UpstreamDataset>> {
  const needed = need.definition.upstream.filter(({ reference }) => need.references.has(reference));
  const datasets = await Promise.all(
    [...new Set(needed.map(({ pipeline }) => pipeline))].map(async (pipeline) => {
      const newest = await metadata.newest(pipeline, signal);
      return Promise.all(
        needed.filter((upstream) => upstream.pipeline === pipeline).map(async (upstream): Promise<UpstreamDataset> => {
          const snapshot = pinnedSnapshot(upstream, need);
          const shape = shapeNow(upstream, newest, need);
          // Snapshot 0 is the newest for the catalog, and nothing for a run that pinned it.
          const live = snapshot === 0 ? undefined : (await metadata.snapshot(pipeline, snapshot, [upstream.dataset], signal)).get(upstream.dataset);
          const whole = need.partitions === undefined || !upstream.byInterval;
          const wanted = whole ? shape.ownPartition : (partition: string) => need.partitions?.includes(partition) === true;
          return { ...shape, snapshot, whole, segments: (live ?? []).flatMap((segment) => partOf(segment, lake.absolute(segment.path), wanted)) };
        }),
      );
    }),
  );
  return new Map(datasets.flat().map((dataset) => [dataset.reference, dataset]));
}

function pinnedSnapshot(upstream: Upstream, { pinned, definition }: UpstreamNeed): number {
  const input = pinned.find(({ pipeline, dataset }) => pipeline === upstream.pipeline && dataset === upstream.dataset);
  if (!input) throw new WeirError({ code: 'INVALID_VALUE', message: `The request pins no snapshot of \`${upstream.reference}\`, which ${definition.name} reads.`, fix: 'Give what BeginRun answered as `upstream`.' });
  return input.snapshot;
}

type Shape = Pick<UpstreamDataset, 'reference' | 'columns' | 'visible' | 'gone' | 'key' | 'winner'> & { readonly ownPartition: (partition: string) => boolean };

/** A dataset as its pipeline defines it now, beside what its reader was compiled with. */
function shapeNow(upstream: Upstream, newest: Definition, { definition: reader, partitions }: UpstreamNeed): Shape {
  const { reference, dataset, byInterval } = upstream;
  const fix = `Apply ${reader.name} again; it then says what has to change.`;
  const model = newest.models.find((each) => qualifiedName(each) === dataset);
  if (!model) throw new WeirError({ code: 'UNKNOWN_DATASET', message: `\`${reference}\` is read by ${reader.name}, and no longer a dataset of ${newest.name}: ${dataset} is gone.`, fix });
  if (partitions && byInterval && !readByInterval(reader.grain, newest, model)) {
    throw new WeirError({ code: 'MODEL_FAILED', message: `\`${reference}\` had the partitions of ${reader.name} when that was applied, and now has others: it is over ${model.scope}, of grain ${newest.grain ?? 'none'}.`, fix });
  }
  const has = ({ name }: Column): boolean => model.columns.some((column) => column.name === name);
  const visible = upstream.columns.filter(has);
  const gone = upstream.columns.filter((column) => !has(column)).map(({ name }) => name);
  const overAll = model.scope === 'history' || newest.grain === undefined;
  // What was published before a change of scope or grain may still be live beside it.
  return { reference, columns: model.columns, visible, gone, key: model.key, winner: winnerRule(model, newest.source), ownPartition: (partition) => (partition === WHOLE) === overAll };
}

function partOf({ partitions, whole }: LiveSegment, absolutePath: string, wanted: (partition: string) => boolean): RelationSegment[] {
  const taken = partitions.filter(wanted);
  return taken.length === 0 ? [] : [{ absolutePath, partitions: taken, whole: whole && taken.length === partitions.length }];
}
