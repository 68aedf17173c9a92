import type { TableSpec } from '@weir/connectors';
import type { WinnerRule } from '@weir/core';
import { withEngine, type Engine, type EngineOptions, type RelationSegment } from '@weir/engine';
import type { Scratch } from '@weir/lake';
import { withSpan } from '@weir/platform';
import { KeyRanges } from './key-ranges';
import { writeDifference, type RowDifference, type SegmentDifference } from './write-difference';

/** Gives a body an engine that can read these segments. */
export type EngineRunner = <T>(segments: readonly RelationSegment[], body: (engine: Engine) => Promise<T>) => Promise<T>;

/** Engines that read segments, which the scratch holds then, and write into its folder, within the service's limits. */
export function enginesIn(scratch: Scratch, limits: Pick<EngineOptions, 'memoryLimit' | 'threads'>, signal: AbortSignal): EngineRunner {
  return async (segments, body) => {
    const inputs = [...new Set(segments.map(({ absolutePath }) => absolutePath))];
    await scratch.hold(inputs, signal);
    return withEngine({ ...limits, inputs, staging: scratch.dir, signal }, body);
  };
}

/** Where a difference is computed. */
export interface DifferencePlace {
  readonly over: EngineRunner;
  readonly ranges: KeyRanges;
  /** The engine's staging folder. */
  readonly dir: string;
}

/** Computes the rows that take a table from one snapshot to another. */
export function computeDifference(place: DifferencePlace, spec: TableSpec, winner: WinnerRule, difference: SegmentDifference): Promise<RowDifference> {
  return computeOver(place, spec, difference, (engine, unchanged) => writeDifference(engine, spec, winner, { ...difference, unchanged }, place.dir));
}

/** Has the engine do what is asked for, with those of the unchanged segments that matter for it. */
export type OverSegments<T> = (engine: Engine, unchanged: readonly RelationSegment[]) => Promise<T>;

/**
 * Opens the segments of a difference in an engine. Of those that did not change it opens only those which may have a key that did: where rows are told
 * apart by partition and id there are none.
 */
export async function computeOver<T>({ over, ranges }: DifferencePlace, spec: TableSpec, difference: SegmentDifference, body: OverSegments<T>): Promise<T> {
  const changed = [...difference.before, ...difference.after];
  if (spec.identity.by === 'row' || difference.unchanged.length === 0) return over(changed, (engine) => body(engine, []));
  if (!KeyRanges.applyTo(spec)) return over([...changed, ...difference.unchanged], (engine) => body(engine, difference.unchanged));
  ranges.know(spec, [...changed, ...difference.unchanged]);
  const first = await over<{ readonly done: T } | { readonly near: readonly RelationSegment[] }>(changed, async (engine) => {
    const near = await withSpan(`key ranges ${spec.name}`, { 'weir.segments.unchanged': difference.unchanged.length }, async (span) => {
      await ranges.learn(engine, spec, changed);
      const found = ranges.overlapping(spec, changed, difference.unchanged);
      span.setAttribute('weir.segments.near', found.length);
      return found;
    });
    return near.length === 0 ? { done: await body(engine, []) } : { near };
  });
  if ('done' in first) return first.done;
  // What an engine may read is fixed when it opens, so that these need another one.
  return over([...changed, ...first.near], async (engine) => {
    await ranges.learn(engine, spec, first.near);
    return body(engine, ranges.overlapping(spec, changed, first.near));
  });
}
