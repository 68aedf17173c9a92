import type { Definition, Interval } from '@weir/core';
import { cachedDefinitions, newestDefinition, type Clients, type DefinitionReader, type ListSourcesResponse, type ListTakesRequest, type ListTakesResponse, type TakenFile } from '@weir/rpc';

/** Longest list of sources; each page that comes in time is used at once. */
const LIST_TIMEOUT_MS = 3_600_000;

/** What ingest asks of the metadata service. */
export interface Metadata {
  /** One version of a pipeline's definition. Throws PIPELINE_NOT_FOUND. */
  readonly definition: DefinitionReader;
  /** A pipeline's newest definition. Throws PIPELINE_NOT_FOUND. */
  newest(pipeline: string, signal: AbortSignal): Promise<Definition>;
  /** What the published partitions of an interval, or of all, were read from; pages in the order of partitions. */
  sources(pipeline: string, interval: Interval | undefined, signal: AbortSignal): AsyncIterable<ListSourcesResponse>;
  /** Of a source that is read in sequence: where it stands, and what the intervals of a range took. */
  takes(request: ListTakesRequest, signal: AbortSignal): AsyncIterable<ListTakesResponse>;
  /** The files of some names, at most 5,000, that a pipeline has taken, each as it was taken last. */
  takenFiles(pipeline: string, names: readonly string[], signal: AbortSignal): Promise<readonly TakenFile[]>;
}

/** The metadata service over the wire; definitions are read once per version. */
export function remoteMetadata(clients: Pick<Clients, 'definitions' | 'catalog'>): Metadata {
  return {
    definition: cachedDefinitions(clients),
    newest: (pipeline, signal) => newestDefinition(clients, pipeline, { signal }),
    sources: (pipeline, interval, signal) => clients.catalog.listSources({ pipeline, interval }, { signal, timeoutMs: LIST_TIMEOUT_MS }),
    takes: (request, signal) => clients.catalog.listTakes(request, { signal, timeoutMs: LIST_TIMEOUT_MS }),
    takenFiles: async (pipeline, names, signal) => (await clients.catalog.findTakenFiles({ pipeline, names: [...names] }, { signal })).files,
  };
}
