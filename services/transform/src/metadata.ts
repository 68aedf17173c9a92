import { WeirError, type Definition } from '@weir/core';
import type { Clients, LiveSegment } from '@weir/rpc';

/** What transform asks of the metadata service. */
export interface Metadata {
  /** One version of a pipeline's definition. Throws PIPELINE_NOT_FOUND. */
  definition(pipeline: string, version: number, signal: AbortSignal): Promise<Definition>;
  /** Live segments by dataset, each dataset present, at a snapshot (0: the newest). Throws INVALID_VALUE for a snapshot that does not exist. */
  snapshot(pipeline: string, snapshot: number, datasets: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, readonly LiveSegment[]>>;
}

/** Definitions that are kept: they never change, and pipelines of one platform are few. */
const KEPT_DEFINITIONS = 100;

/** The metadata service over the wire; definitions are read once per version. */
export function remoteMetadata(clients: Pick<Clients, 'definitions' | 'catalog'>): Metadata {
  const kept = new Map<string, Definition>();
  return {
    async definition(pipeline, version, signal) {
      if (version < 1) throw new WeirError({ code: 'INVALID_VALUE', message: `${version} is not a version of a definition.` });
      const key = `${pipeline}@${version}`;
      const known = kept.get(key);
      if (known) return known;
      const response = await clients.definitions.getDefinition({ pipeline, version }, { signal });
      const definition = JSON.parse(response.definitionJson) as Definition;
      const [oldest] = kept.keys();
      if (kept.size >= KEPT_DEFINITIONS && oldest !== undefined) kept.delete(oldest);
      kept.set(key, definition);
      return definition;
    },
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
