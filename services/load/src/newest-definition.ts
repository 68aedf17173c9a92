import { parseDefinition, type Definition } from '@weir/core';
import type { Clients } from '@weir/rpc';

/** Asks the metadata service for the newest definition of a pipeline, every time: it changes. Throws PIPELINE_NOT_FOUND and UNAVAILABLE. */
export function newestDefinition(clients: Pick<Clients, 'definitions'>): (pipeline: string, signal: AbortSignal) => Promise<Definition> {
  return async (pipeline, signal) => parseDefinition((await clients.definitions.getDefinition({ pipeline, version: 0 }, { signal })).definitionJson);
}
