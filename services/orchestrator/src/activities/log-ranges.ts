import type { LogRange, Position, PositionMove } from '@weir/rpc';
import type { RangeNumbers } from '../workflows/request';

/** What a run adds to the archive of a topic. */
export interface ArchivedRanges {
  readonly topic: string;
  readonly ranges: readonly RangeNumbers[];
}

/** A range as a history carries it. */
export function rangeNumbers({ partition, from, to, greatestBeforeFrom, greatestBeforeTo }: LogRange): RangeNumbers {
  return [partition, from, to, greatestBeforeFrom, greatestBeforeTo];
}

/** A range as the wire carries it. */
export function logRange([partition, from, to, greatestBeforeFrom, greatestBeforeTo]: RangeNumbers): LogRange {
  return { partition, from, to, greatestBeforeFrom, greatestBeforeTo };
}

/**
 * How ranges move the positions of an archive, which are `<next>@<greatest timestamp>`. A partition that the catalog does not know begins with its range. One that stands
 * before its range lost what is between, and goes on from where it stands; any other stands where the range begins, or the catalog refuses the move.
 */
export function positionMoves({ topic, ranges }: ArchivedRanges, stored: readonly Position[]): PositionMove[] {
  const known = new Map(stored.map(({ source, value }) => [source, value]));
  return ranges.map(([partition, from, to, greatestBeforeFrom, greatestBeforeTo]) => {
    const source = `${topic}:${partition}`;
    const stands = known.get(source);
    const begins = stands === undefined || nextOf(stands) < from ? (stands ?? '') : `${from}@${greatestBeforeFrom}`;
    return { source, from: begins, to: `${to}@${greatestBeforeTo}` };
  });
}

function nextOf(position: string): number {
  return Number(position.slice(0, position.indexOf('@')));
}
