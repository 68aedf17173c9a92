import { isWeirError, partitionsOf, qualifiedName, WeirError, type Check, type Column, type Definition, type OtherDataset } from '@weir/core';
import { livingRelation, type Measured, type RelationSegment } from '@weir/engine';
import type { Lake } from '@weir/lake';
import type { LiveSegment } from '@weir/rpc';
import type { Catalog } from './catalog';
import type { Dependencies } from './dependencies';
import type { StageRequest } from './stage-request';

/** What checks look at besides the rows that they judge. */
export interface Surroundings {
  /** Of one dataset, by its qualified name. */
  readonly of: (dataset: string) => Pick<Measured, 'until' | 'grains' | 'others' | 'history'>;
  /** Absolute paths of segments that they read. */
  readonly inputs: readonly string[];
}

/** Checks of one dataset of a run. */
export interface DatasetChecks {
  /** Qualified. */
  readonly dataset: string;
  readonly checks: readonly Check[];
  /** Whether it is one partition, whatever the grain of its pipeline. */
  readonly whole: boolean;
}

/** Rows that a run has staged itself: they come before what was published of their partitions. */
export interface Staged {
  readonly dataset: string;
  readonly partitions: readonly string[];
  readonly segments: readonly RelationSegment[];
}

/** Whose surroundings are asked for. */
export interface SurroundingsNeed {
  readonly datasets: readonly DatasetChecks[];
  readonly staged: readonly Staged[];
  readonly signal: AbortSignal;
}

/**
 * Asks the catalog for what the checks of a run need: counts of earlier grains, and datasets that values refer to, as they are published now and as this run staged them.
 * Asks nothing where no check needs it. Throws UNAVAILABLE and CANCELLED.
 */
export async function surroundingsOf(dependencies: Pick<Dependencies, 'catalog' | 'lake' | 'now'>, definition: Definition, stage: StageRequest, { datasets, staged, signal }: SurroundingsNeed): Promise<Surroundings> {
  const { catalog, lake, now } = dependencies;
  const { interval } = stage;
  const histories = new Map<string, readonly number[]>();
  for (const { dataset, checks, whole } of datasets) {
    const last = Math.max(0, ...checks.map(({ measure }) => (measure.kind === 'volume' ? measure.last : 0)));
    if (last > 0) histories.set(dataset, await catalog.history(definition.name, dataset, whole ? '' : (interval?.start ?? ''), last, signal));
  }
  const references = new Set(datasets.flatMap(({ checks }) => checks.flatMap(({ measure }) => (measure.kind === 'reference' ? [measure.dataset] : []))));
  const others = new Map<string, OtherDataset>();
  const inputs: string[] = [];
  for (const reference of references) {
    const found = await otherRows(catalog, lake, definition, reference, staged, signal).catch(faultOf);
    if ('fault' in found) others.set(reference, found);
    else if (found.segments.length > 0) others.set(reference, { relation: livingRelation(found.segments, found.columns) });
    if ('segments' in found) inputs.push(...found.segments.map(({ absolutePath }) => absolutePath));
  }
  // Rows of a stream's archive are as old as they are: no interval says when they should have come.
  const until = definition.mode === 'realtime' || !interval ? now().toISOString() : interval.end;
  const grains = partitionsOf(interval, definition.grain).length;
  const wholes = new Set(datasets.filter(({ whole }) => whole).map(({ dataset }) => dataset));
  return { of: (dataset) => ({ until, grains: wholes.has(dataset) ? 1 : grains, others, history: histories.get(dataset) ?? [] }), inputs };
}

/** A dataset that is gone makes its check fail, and no other one; what passes by itself fails the attempt. */
function faultOf(error: unknown): { fault: string } {
  if (isWeirError(error) && (error.code === 'UNKNOWN_DATASET' || error.code === 'PIPELINE_NOT_FOUND')) return { fault: error.message };
  throw error;
}

interface OtherRows {
  readonly columns: readonly Column[];
  readonly segments: readonly RelationSegment[];
}

async function otherRows(catalog: Catalog, lake: Lake, definition: Definition, reference: string, staged: readonly Staged[], signal: AbortSignal): Promise<OtherRows> {
  const own = columnsOf(definition, reference);
  if (own) {
    const mine = staged.find(({ dataset }) => dataset === reference);
    const live = await catalog.live(definition.name, reference, signal);
    return { columns: own, segments: [...(mine?.segments ?? []), ...live.flatMap((segment) => without(segment, mine?.partitions ?? [], lake))] };
  }
  const [pipeline = '', name = ''] = reference.split('.');
  const other = await catalog.newest(pipeline, signal);
  const model = other.models.find((one) => one.name === name);
  if (!model) throw new WeirError({ code: 'UNKNOWN_DATASET', place: reference, message: `\`${reference}\` is no longer a dataset of ${pipeline}.` });
  const live = await catalog.live(pipeline, qualifiedName(model), signal);
  return { columns: model.columns, segments: live.flatMap((segment) => without(segment, [], lake)) };
}

function columnsOf({ source, contract, models }: Definition, reference: string): readonly Column[] | undefined {
  if (reference === `bronze.${source.dataset}`) return contract.datasets.find(({ name }) => name === source.dataset)?.columns;
  return models.find((each) => qualifiedName(each) === reference)?.columns;
}

/** A segment without partitions that were staged anew. */
function without({ path, partitions, whole }: LiveSegment, replaced: readonly string[], lake: Lake): RelationSegment[] {
  const left = partitions.filter((partition) => !replaced.includes(partition));
  return left.length === 0 ? [] : [{ absolutePath: lake.absolute(path), partitions: left, whole: whole && left.length === partitions.length }];
}
