import { WeirError, isWeirError, parseDefinition, type AppliedPipelines, type Definition } from '@weir/core';
import type { CallOptions, Clients } from './clients';

/** Versions that are kept; each is some kilobytes. */
const KEPT = 256;

/** Gives one version of a pipeline's definition. */
export type DefinitionReader = (pipeline: string, version: number, signal: AbortSignal) => Promise<Definition>;

/**
 * Fetches definitions from the metadata service, each version once: it never changes.
 * The reader throws PIPELINE_NOT_FOUND, INVALID_VALUE for what is no version, UNAVAILABLE.
 */
export function cachedDefinitions(clients: Pick<Clients, 'definitions'>): DefinitionReader {
  const kept = new Map<string, Definition>();
  return async (pipeline, version, signal) => {
    if (version < 1) throw new WeirError({ code: 'INVALID_VALUE', message: `${version} is not a version of a definition.` });
    const key = `${pipeline}@${version}`;
    const known = kept.get(key);
    if (known) return known;
    const { definitionJson } = await clients.definitions.getDefinition({ pipeline, version }, { signal });
    const definition = parseDefinition(definitionJson);
    const [oldest] = kept.keys();
    if (kept.size >= KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, definition);
    return definition;
  };
}

/** A pipeline's newest definition. Throws PIPELINE_NOT_FOUND, UNAVAILABLE. */
export async function newestDefinition(clients: Pick<Clients, 'definitions'>, pipeline: string, options?: CallOptions): Promise<Definition> {
  return (await newestVersion(clients, pipeline, options)).definition;
}

/** The newest definition with the number of its version. Throws as newestDefinition does. */
export async function newestVersion(clients: Pick<Clients, 'definitions'>, pipeline: string, options?: CallOptions): Promise<{ version: number; definition: Definition }> {
  const { version, definitionJson } = await clients.definitions.getDefinition({ pipeline, version: 0 }, options);
  return { version, definition: parseDefinition(definitionJson) };
}

/** The pipelines of the metadata service, for definitions whose models read each other's datasets. Throws UNAVAILABLE. */
export function appliedPipelines({ definitions }: Pick<Clients, 'definitions'>, options?: CallOptions): AppliedPipelines {
  return {
    async newest(pipeline) {
      try {
        return await newestDefinition({ definitions }, pipeline, options);
      } catch (error) {
        if (isWeirError(error) && error.code === 'PIPELINE_NOT_FOUND') return undefined;
        throw error;
      }
    },
    names: async () => (await definitions.listPipelines({}, options)).pipelines.map(({ pipeline }) => pipeline),
  };
}
