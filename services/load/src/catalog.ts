import type { Clients, Interval, LiveSegment } from '@weir/rpc';

/** Segments of a dataset by what two snapshots say of their partitions; paths are below the lake's root. */
export interface CatalogDifference {
  readonly before: readonly LiveSegment[];
  readonly after: readonly LiveSegment[];
  readonly unchanged: readonly LiveSegment[];
}

/** What load asks of the catalog. */
export interface Catalog {
  /** `from` 0 is nothing. Throws INVALID_VALUE for a snapshot that the pipeline does not have. */
  difference(request: { pipeline: string; dataset: string; from: number; to: number }, signal: AbortSignal): Promise<CatalogDifference>;
  /** The newest snapshot from `after` on that a load of this definition version may go to. Throws INVALID_VALUE for a snapshot that the pipeline does not have. */
  target(request: { pipeline: string; definitionVersion: number; after: number }, signal: AbortSignal): Promise<number>;
  /** What the live partitions of a dataset were made from, all of them or those of an interval, by name. */
  sources(request: { pipeline: string; dataset: string; interval: Interval | undefined }, signal: AbortSignal): Promise<string[]>;
}

/** Lists of sources come in pages, and may take longer than one answer. */
const LIST_TIMEOUT_MS = 300_000;

/** The catalog of the metadata service. */
export function remoteCatalog(clients: Pick<Clients, 'catalog'>): Catalog {
  return {
    async difference({ pipeline, dataset, from, to }, signal) {
      const whole: Record<keyof CatalogDifference, LiveSegment[]> = { before: [], after: [], unchanged: [] };
      for await (const page of clients.catalog.getDifference({ pipeline, dataset, fromSnapshot: from, toSnapshot: to }, { signal })) {
        whole.before.push(...page.before);
        whole.after.push(...page.after);
        whole.unchanged.push(...page.unchanged);
      }
      return whole;
    },
    async target(request, signal) {
      const { snapshot } = await clients.catalog.getLoadTarget(request, { signal });
      return snapshot;
    },
    async sources(request, signal) {
      const names: string[] = [];
      for await (const { files } of clients.catalog.listSources(request, { signal, timeoutMs: LIST_TIMEOUT_MS })) names.push(...files.map(({ source }) => source));
      return names;
    },
  };
}
