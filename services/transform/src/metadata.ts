import type { AppliedPipelines, Definition } from '@weir/core';
import { appliedPipelines, cachedDefinitions, newestDefinition, newestVersion, type Clients, type DefinitionReader, type LiveSegment } from '@weir/rpc';

/** What transform asks of the metadata service. */
export interface Metadata {
  /** One version of a pipeline's definition. Throws PIPELINE_NOT_FOUND. */
  readonly definition: DefinitionReader;
  /** A pipeline's newest definition. Throws PIPELINE_NOT_FOUND. */
  newest(pipeline: string, signal: AbortSignal): Promise<Definition>;
  /** The same with the number of its version. Throws PIPELINE_NOT_FOUND. */
  newestVersion(pipeline: string, signal: AbortSignal): Promise<{ readonly version: number; readonly definition: Definition }>;
  /** All pipelines, for models that read each other's datasets. */
  applied(signal: AbortSignal): AppliedPipelines;
  /** The snapshot at which each dataset of a pipeline was published last; 0 where it never was. Throws PIPELINE_NOT_FOUND. */
  published(pipeline: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** Live segments by dataset, each dataset present, at a snapshot (0: the newest). Throws INVALID_VALUE for a snapshot that does not exist. */
  snapshot(pipeline: string, snapshot: number, datasets: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, readonly LiveSegment[]>>;
}

/** The metadata service over the wire; definitions are read once per version. */
export function remoteMetadata(clients: Pick<Clients, 'definitions' | 'catalog'>): Metadata {
  return {
    definition: cachedDefinitions(clients),
    newest: (pipeline, signal) => newestDefinition(clients, pipeline, { signal }),
    newestVersion: (pipeline, signal) => newestVersion(clients, pipeline, { signal }),
    applied: (signal) => appliedPipelines(clients, { signal }),
    published: async (pipeline, signal) => new Map((await clients.catalog.listDatasets({ pipeline }, { signal })).datasets.map(({ dataset, snapshot }) => [dataset, snapshot])),
    async snapshot(pipeline, snapshot, datasets, signal) {
      const live = new Map<string, LiveSegment[]>(datasets.map((dataset) => [dataset, []]));
      if (datasets.length === 0) return live;
      for await (const page of clients.catalog.getSnapshot({ pipeline, snapshot, datasets: [...datasets] }, { signal })) {
        live.get(page.dataset)?.push(...page.segments);
      }
      return live;
    },
  };
}
