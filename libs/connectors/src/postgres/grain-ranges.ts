/** Records of a partition that follow each other and are of one grain. */
export interface GrainRange {
  readonly partition: number;
  readonly offset: number;
  readonly count: number;
  /** Canonical start of the grain; "all" without one. */
  readonly grain: string;
}

/** The grain of the record at a position such as `clicks:3:1234`; undefined for one that is in none of the ranges. */
export function grainAt(ranges: readonly GrainRange[], position: string): string | undefined {
  const [, partition, offset] = /:(\d{1,10}):(\d{1,16})$/.exec(position) ?? [];
  if (partition === undefined || offset === undefined) return undefined;
  const at = Number(offset);
  return ranges.find((range) => range.partition === Number(partition) && range.offset <= at && at < range.offset + range.count)?.grain;
}
