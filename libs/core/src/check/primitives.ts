import type { MeasureKind, MeasureOf } from './measure';
import { columns } from './primitive/columns';
import { count } from './primitive/count';
import { distinct } from './primitive/distinct';
import { distinctSet } from './primitive/distinct-set';
import { freshness } from './primitive/freshness';
import { length } from './primitive/length';
import { nullShare } from './primitive/null-share';
import { pair } from './primitive/pair';
import { pattern } from './primitive/pattern';
import type { Primitive } from './primitive/primitive';
import { quantileRange } from './primitive/quantile-range';
import { range } from './primitive/range';
import { reference } from './primitive/reference';
import { row } from './primitive/row';
import { valueSet } from './primitive/set';
import { sql } from './primitive/sql';
import { statistic } from './primitive/statistic';
import { type } from './primitive/type';
import { unique } from './primitive/unique';
import { volume } from './primitive/volume';

/** Every kind of measure. */
export const PRIMITIVES: { readonly [Kind in MeasureKind]: Primitive<MeasureOf<Kind>> } = Object.freeze({
  nullShare,
  unique,
  range,
  quantileRange,
  set: valueSet,
  pattern,
  length,
  type,
  pair,
  row,
  reference,
  count,
  volume,
  freshness,
  statistic,
  distinct,
  distinctSet,
  columns,
  sql,
});

/** What a primitive is, whatever its arguments. */
export type PrimitiveFacts = Pick<Primitive<{ readonly kind: string }>, 'kind' | 'summary' | 'type' | 'gives' | 'unit' | 'share' | 'schema'>;

/** The primitive of a measure. */
export function primitiveOf<Kind extends MeasureKind>(measure: MeasureOf<Kind>): Primitive<MeasureOf<Kind>> {
  return PRIMITIVES[measure.kind];
}
