import type { Lake } from '@weir/lake';
import type { LiveSegment } from '@weir/rpc';
import type { CatalogDifference } from './catalog';
import type { RangedSegment } from './key-ranges';
import type { SegmentDifference } from './write-difference';

/** Segments of the catalog where the engine finds them. */
export function located(lake: Lake, segments: readonly LiveSegment[]): RangedSegment[] {
  return segments.map(({ path, partitions, whole, zoneMap }) => ({ absolutePath: lake.absolute(path), partitions, whole, ranges: zoneMap?.columns }));
}

/** The segments of a difference where the engine finds them. */
export function locatedDifference(lake: Lake, { before, after, unchanged }: CatalogDifference): SegmentDifference {
  return { before: located(lake, before), after: located(lake, after), unchanged: located(lake, unchanged) };
}

/** What segments have of some partitions. */
export function segmentsOf(segments: readonly RangedSegment[], wanted: (partition: string) => boolean): RangedSegment[] {
  return segments.flatMap((segment) => {
    const partitions = segment.partitions.filter(wanted);
    return partitions.length === 0 ? [] : [{ ...segment, partitions, whole: segment.whole && partitions.length === segment.partitions.length }];
  });
}
