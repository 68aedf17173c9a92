import type { TableSpec } from '@weir/connectors';
import { quoteIdent, quoteLiteral, type Column, type ColumnType } from '@weir/core';
import type { Engine, RelationSegment } from '@weir/engine';

/** Segments whose ranges are remembered, a few hundred bytes each; the oldest are forgotten first. */
const REMEMBERED = 40_000;

/** More changed segments than this are taken together as one range. */
const MAX_COMPARED = 100;

/** Longer texts are not remembered. */
const MAX_TEXT_BYTES = 256;

type Bound = bigint | Buffer;

interface Range {
  readonly low: Bound;
  readonly high: Bound;
}

/** For each column of the key; undefined where nothing is known, as with a null or a very long text in it. */
type KeyRange = readonly (Range | undefined)[];

/** What the query gives of a segment: bounds as text, `known` false where they do not hold for every row. */
type BoundsRow = Readonly<Record<string, string | boolean | null>> & { readonly filename: string };

/**
 * Between which keys the rows of each segment lie. A key that changed can be only in segments that reach over it, so that a new partition
 * does not make the engine open all the others: of keys that grow with time next to none are left. A segment never changes, so what was
 * learnt of it holds for good.
 */
export class KeyRanges {
  private readonly known = new Map<string, KeyRange>();

  /** Whether the segments that `overlapping` leaves out can be told at all for this table. */
  static applyTo(spec: TableSpec): boolean {
    return keyColumns(spec).some(({ type }) => comparable('k', type) !== undefined);
  }

  /** Reads the ranges of the segments that are not known yet, all in one statement over their key columns. */
  async learn(engine: Engine, spec: TableSpec, segments: readonly RelationSegment[]): Promise<void> {
    const paths = [...new Set(segments.map(({ absolutePath }) => absolutePath))].filter((path) => !this.known.has(keyOf(spec, path)));
    if (paths.length === 0) return;
    const columns = keyColumns(spec);
    for (const row of await engine.rows<BoundsRow>(boundsSql(columns, paths), `${spec.name} key ranges`)) {
      this.remember(keyOf(spec, row.filename), columns.map(({ type }, at) => rangeOf(row, at, type)));
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

  private remember(key: string, range: KeyRange): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= REMEMBERED && oldest !== undefined) this.known.delete(oldest);
    this.known.set(key, range);
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

/** An expression that orders as the column does and whose text is exact; undefined for types whose order is not worth telling. */
function comparable(column: string, type: ColumnType): string | undefined {
  if (type === 'VARCHAR') return `case when strlen(${column}) <= ${MAX_TEXT_BYTES} then ${column} end`;
  if (type === 'DATE') return `case when isfinite(${column}) then ${column} - date '1970-01-01' end`;
  if (type === 'TIMESTAMP') return `case when isfinite(${column}) then epoch_us(${column}) end`;
  return type === 'BIGINT' || type.startsWith('DECIMAL') ? column : undefined;
}

/** A segment of an older definition may lack a column of the key, which is then null, or have it with another type. */
function boundsSql(columns: readonly Column[], paths: readonly string[]): string {
  const typed = columns.map(({ name, type }) => `null::${type} as ${quoteIdent(name)}`).join(', ');
  const bounds = columns.flatMap(({ name, type }, at) => {
    const value = comparable(`${quoteIdent(name)}::${type}`, type);
    return value === undefined ? [] : [`min(${value})::VARCHAR as low${at}`, `max(${value})::VARCHAR as high${at}`, `count(${value}) = count(*) as known${at}`];
  });
  const rows = `select ${typed}, null::VARCHAR as filename where false union all by name select * from read_parquet([${paths.map(quoteLiteral).join(', ')}], union_by_name = true, filename = true)`;
  return `select filename, ${bounds.join(', ')} from (${rows}) group by filename`;
}

function rangeOf(row: BoundsRow, at: number, type: ColumnType): Range | undefined {
  const [low, high] = [row[`low${at}`], row[`high${at}`]];
  if (row[`known${at}`] !== true || typeof low !== 'string' || typeof high !== 'string') return undefined;
  const bound = (text: string): Bound => (type === 'VARCHAR' ? Buffer.from(text) : BigInt(text.replace('.', '')));
  return { low: bound(low), high: bound(high) };
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
