import type { Columns } from './primitive/columns';
import type { Count } from './primitive/count';
import type { Distinct } from './primitive/distinct';
import type { DistinctSet } from './primitive/distinct-set';
import type { Freshness } from './primitive/freshness';
import type { Length } from './primitive/length';
import type { NullShare } from './primitive/null-share';
import type { Pair } from './primitive/pair';
import type { Pattern } from './primitive/pattern';
import type { QuantileRange } from './primitive/quantile-range';
import type { Range } from './primitive/range';
import type { Reference } from './primitive/reference';
import type { Row } from './primitive/row';
import type { ValueSet } from './primitive/set';
import type { Sql } from './primitive/sql';
import type { Statistic } from './primitive/statistic';
import type { Type } from './primitive/type';
import type { Unique } from './primitive/unique';
import type { Volume } from './primitive/volume';

/** What a dataset check measures: the arguments of one primitive. It is stored with the definition, as JSON. */
export type Measure =
  | NullShare | Unique | Range | QuantileRange | ValueSet | Pattern | Length | Type | Count | Volume | Pair | Row | Freshness | Reference | Statistic | Distinct | DistinctSet | Columns | Sql;

export type MeasureKind = Measure['kind'];

/** The arguments of a kind. */
export type MeasureOf<Kind extends MeasureKind> = Extract<Measure, { readonly kind: Kind }>;
