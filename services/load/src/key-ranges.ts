import type { TableSpec } from '@weir/connectors';
import type { Column } from '@weir/core';
import { columnRanges, hasRange, type ColumnRange, type Engine, type RelationSegment } from '@weir/engine';

/** Segments whose ranges are remembered, a few hundred bytes each; the oldest are forgotten first. */
const REMEMBERED = 40_000;

/** More changed segments than this are taken together as one range. */
const MAX_COMPARED = 100;

type Bound = bigint | Buffer;

interface Range {
  readonly low: Bound;
  readonly high: Bound;
}

/** For each column of the key; undefined where nothing is known, as with a null or a very long text in it. */
type KeyRange = readonly (Range | undefined)[];

/** A segment of whose columns the catalog may know between which values they lie. */
export interface RangedSegment extends RelationSegment {
  readonly ranges?: readonly ColumnRange[] | undefined;
}

/**
 * Between which keys the rows of each segment lie. A key that changed can be only in segments that reach over it, so that a new partition
 * does not make the engine open all the others: of keys that grow with time next to none are left. A segment never changes, so what was
 * learnt of it holds for good.
 */
export class KeyRanges {
  private readonly known = new Map<string, KeyRange>();

  /** Whether the segments that `overlapping` leaves out can be told at all for this table. */
  static applyTo(spec: TableSpec): boolean {
    return keyColumns(spec).some(({ type }) => hasRange(type));
  }

  /** Reads the ranges of the segments that are not known yet, all in one statement over their key columns. */
  async learn(engine: Engine, spec: TableSpec, segments: readonly RelationSegment[]): Promise<void> {
    const paths = [...new Set(segments.map(({ absolutePath }) => absolutePath))].filter((path) => !this.known.has(keyOf(spec, path)));
    if (paths.length === 0) return;
    const found = await columnRanges(engine, paths, keyColumns(spec), `${spec.name} key ranges`);
    for (const path of paths) this.remember(spec, path, found.get(path) ?? []);
  }

  /** Takes what the catalog says of segments that a compaction wrote: these need not be opened to be left out. Of a column that had another type then it says nothing. */
  know(spec: TableSpec, segments: readonly RangedSegment[]): void {
    const columns = keyColumns(spec);
    for (const { absolutePath, ranges = [] } of segments) {
      const same = ranges.filter(({ column, type }) => columns.some((one) => one.name === column && one.type === type));
      if (same.length > 0 && !this.known.has(keyOf(spec, absolutePath))) this.remember(spec, absolutePath, same);
    }
  }

  /** The segments of `unchanged` that may have a key of `changed`; one of which nothing is known may have any. */
  overlapping(spec: TableSpec, changed: readonly RelationSegment[], unchanged: readonly RelationSegment[]): RelationSegment[] {
    const ranges = changed.map(({ absolutePath }) => this.known.get(keyOf(spec, absolutePath)) ?? []);
    const compared = ranges.length > MAX_COMPARED ? [ranges.reduce(covering)] : ranges;
    return unchanged.filter(({ absolutePath }) => {
      const own = this.known.get(keyOf(spec, absolutePath)) ?? [];
      return compared.some((range) => mayMeet(own, range));
    });
  }

  private remember(spec: TableSpec, path: string, ranges: readonly ColumnRange[]): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= REMEMBERED && oldest !== undefined) this.known.delete(oldest);
    this.known.set(keyOf(spec, path), keyColumns(spec).map(({ name }) => boundsOf(ranges.find(({ column }) => column === name))));
  }
}

/** A model's key may change, and its columns their types. */
function keyOf(spec: TableSpec, path: string): string {
  return `${keyColumns(spec).map(({ name, type }) => `${name} ${type}`).join()}:${path}`;
}

function keyColumns({ columns, identity }: TableSpec): readonly Column[] {
  if (identity.by === 'row') return [];
  return identity.columns.flatMap((name) => columns.find((column) => column.name === name) ?? []);
}

function boundsOf(range: ColumnRange | undefined): Range | undefined {
  if (range === undefined) return undefined;
  const bound = (text: string): Bound => (range.type === 'VARCHAR' ? Buffer.from(text) : BigInt(text));
  return { low: bound(range.low), high: bound(range.high) };
}

function mayMeet(one: KeyRange, other: KeyRange): boolean {
  return one.every((range, at) => {
    const against = other[at];
    return !range || !against || !(isBelow(range.high, against.low) || isBelow(against.high, range.low));
  });
}

function covering(one: KeyRange, other: KeyRange): KeyRange {
  return one.map((range, at) => {
    const next = other[at];
    return range && next && { low: isBelow(next.low, range.low) ? next.low : range.low, high: isBelow(range.high, next.high) ? next.high : range.high };
  });
}

function isBelow(one: Bound, other: Bound): boolean {
  if (typeof one === 'bigint' || typeof other === 'bigint') return one < other;
  return Buffer.compare(one, other) < 0;
}
