import { sliceSource } from '@weir/connectors';
import { grainFrom, isReadInSequence, parseInterval, WeirError, WHOLE, type Definition, type Interval } from '@weir/core';
import type { CompareSourceRequest, CompareSourceResult, SourceChange } from '@weir/rpc';
import { firstDifference, type CompareTarget } from './compare-partition';
import type { ExtractCall } from './extract';
import type { Metadata } from './metadata';
import { publishedPartitions } from './published-partitions';

/** Partitions that are compared at a time. */
const CONCURRENT_PARTITIONS = 8;

/** What comparing takes. */
export interface CompareDependencies extends Pick<CompareTarget, 'lake'>, Pick<Metadata, 'newest' | 'sources'> {}

/**
 * Compares the source with what was published from it, partition by partition, as the newest definition finds its files. Memory holds the partitions under way and one difference for each.
 * Sources that are no files are not compared. Throws INVALID_INTERVAL, PIPELINE_NOT_FOUND, SOURCE_MISSING when the source's folder is not there, SOURCE_UNREADABLE, CANCELLED.
 */
export async function compareSource(deps: CompareDependencies, { pipeline, interval: asked }: CompareSourceRequest, { signal, report }: ExtractCall): Promise<CompareSourceResult> {
  const definition = await deps.newest(pipeline, signal);
  const { source, grain } = definition;
  const interval = intervalOf(definition, asked);
  // Other systems are asked for their data, not for what it was; and a file that changes after it was taken is new, of a later interval.
  if (source.type !== 'file' || isReadInSequence(source)) return { changes: [] };
  // The first failure stops the other partitions too.
  const failure = new AbortController();
  const target: CompareTarget = { lake: deps.lake, pipeline, dataset: source.dataset, signal: AbortSignal.any([signal, failure.signal]) };
  const partitions = publishedPartitions(deps.sources(pipeline, interval, signal));
  const changes: SourceChange[] = [];
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let next = await partitions.next(); !next.done && !failure.signal.aborted; next = await partitions.next()) {
      const { partition, files } = next.value;
      const slice = await sliceSource({ path: source.path, empty: 'allow' }, grainAt(partition, grain), grain);
      const change = await firstDifference(slice.files, files, target);
      if (change) changes.push({ partition, ...change });
      report({ step: 'compare files', done: (done += 1), total: 0 });
    }
  };
  report({ step: 'compare files', done, total: 0 });
  try {
    await Promise.allSettled(Array.from({ length: CONCURRENT_PARTITIONS }, () => worker().catch((error: unknown) => failure.abort(error))));
    if (failure.signal.aborted) throw failure.signal.reason;
  } finally {
    await partitions.return(undefined);
  }
  return { changes: changes.sort((a, b) => (a.partition < b.partition ? -1 : 1)) };
}

/** Canonical; whole where the pipeline has no grain. */
function intervalOf({ name, grain }: Definition, asked: Interval | undefined): Interval | undefined {
  if (grain !== undefined && asked) return parseInterval(asked.start, asked.end, grain);
  if (grain === undefined && !asked) return undefined;
  throw new WeirError(
    asked ? { code: 'INVALID_INTERVAL', message: `The pipeline ${name} has no grain, so its source has no intervals.`, fix: 'Leave the interval out.' } : { code: 'INVALID_INTERVAL', message: `The pipeline ${name} has a grain of ${grain}: say which interval of its source.` },
  );
}

function grainAt(partition: string, grain: string | undefined): Interval | undefined {
  if (partition === WHOLE || grain === undefined) return undefined;
  return grainFrom(partition, grain);
}
