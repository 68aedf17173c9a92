import type { Definition } from '@weir/core';
import { newestDefinition, newestVersion, RunStatus, type Clients, type LiveSegment } from '@weir/rpc';

/** What quality asks of the catalog, for checks that look at more than the rows of a run. */
export interface Catalog {
  /** A pipeline's newest definition. Throws PIPELINE_NOT_FOUND. */
  newest(pipeline: string, signal: AbortSignal): Promise<Definition>;
  /** The same with the number of its version. Throws PIPELINE_NOT_FOUND. */
  newestVersion(pipeline: string, signal: AbortSignal): Promise<{ readonly version: number; readonly definition: Definition }>;
  /** The live segments of a dataset in the newest snapshot; none where it was never published. */
  live(pipeline: string, dataset: string, signal: AbortSignal): Promise<readonly LiveSegment[]>;
  /** Rows of the last partitions of a dataset before the start of a grain, or of the last versions of one without a grain (`before` is ''); the newest first. */
  history(pipeline: string, dataset: string, before: string, limit: number, signal: AbortSignal): Promise<readonly number[]>;
  /** Rows of the source that the last 1,000 runs dropped: copies of others, and those that lost to another of their key. */
  dropped(pipeline: string, signal: AbortSignal): Promise<number>;
}

/** The catalog of the metadata service. */
export function remoteCatalog(clients: Pick<Clients, 'definitions' | 'catalog' | 'runs'>): Catalog {
  return {
    newest: (pipeline, signal) => newestDefinition(clients, pipeline, { signal }),
    newestVersion: (pipeline, signal) => newestVersion(clients, pipeline, { signal }),
    async live(pipeline, dataset, signal) {
      const segments: LiveSegment[] = [];
      for await (const page of clients.catalog.getSnapshot({ pipeline, snapshot: 0, datasets: [dataset] }, { signal })) segments.push(...page.segments);
      return segments;
    },
    async history(pipeline, dataset, before, limit, signal) {
      const { partitions } = await clients.catalog.listPartitionRows({ pipeline, dataset, before, limit }, { signal });
      return partitions.map(({ rows }) => rows);
    },
    async dropped(pipeline, signal) {
      const { runs } = await clients.runs.listRuns({ pipeline, limit: 1_000, status: RunStatus.UNSPECIFIED, backfill: '' }, { signal });
      return runs.reduce((sum, { accounts }) => sum + (accounts?.duplicate ?? 0), 0);
    },
  };
}
