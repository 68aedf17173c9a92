import type { Definition } from '@weir/core';
import { cachedDefinitions, newestDefinition, type Clients, type DefinitionReader, type LiveSegment } from '@weir/rpc';

/** What transform asks of the metadata service. */
export interface Metadata {
  /** One version of a pipeline's definition. Throws PIPELINE_NOT_FOUND. */
  readonly definition: DefinitionReader;
  /** A pipeline's newest definition. Throws PIPELINE_NOT_FOUND. */
  newest(pipeline: string, signal: AbortSignal): Promise<Definition>;
  /** Live segments by dataset, each dataset present, at a snapshot (0: the newest). Throws INVALID_VALUE for a snapshot that does not exist. */
  snapshot(pipeline: string, snapshot: number, datasets: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, readonly LiveSegment[]>>;
}

/** The metadata service over the wire; definitions are read once per version. */
export function remoteMetadata(clients: Pick<Clients, 'definitions' | 'catalog'>): Metadata {
  return {
    definition: cachedDefinitions(clients),
    newest: (pipeline, signal) => newestDefinition(clients, pipeline, { signal }),
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
