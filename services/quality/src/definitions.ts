import type { Definition } from '@weir/core';
import type { Clients } from '@weir/rpc';

/** Versions kept in memory; each is some kilobytes. */
const KEPT = 256;

/** Fetches definitions from metadata once: a version never changes. Throws PIPELINE_NOT_FOUND, UNAVAILABLE. */
export function cachedDefinitions(clients: Pick<Clients, 'definitions'>): (pipeline: string, version: number) => Promise<Definition> {
  const kept = new Map<string, Definition>();
  return async (pipeline, version) => {
    const key = `${pipeline}\n${version}`;
    const known = kept.get(key);
    if (known) return known;
    const { definitionJson } = await clients.definitions.getDefinition({ pipeline, version });
    const definition = JSON.parse(definitionJson) as Definition;
    const [oldest] = kept.keys();
    if (kept.size === KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(key, definition);
    return definition;
  };
}
