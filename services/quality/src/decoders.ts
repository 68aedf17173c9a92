import { createDecoder, SchemaRegistry, type RecordDecoder, type RegistryConnection } from '@weir/connectors';
import { WeirError } from '@weir/core';
import type { Dependencies } from './dependencies';

/** Decoders over one registry, whose schemas they share. */
export function decoders(connection: RegistryConnection | undefined): Dependencies['decoder'] {
  const registry = connection && new SchemaRegistry(connection);
  const made = new Map<string, RecordDecoder>();
  return (format) => {
    if (!registry) throw new WeirError({ code: 'MISSING_KEY', message: `Values of format ${format} need a schema registry, and none is set.`, place: 'WEIR_REGISTRY_URL', fix: 'Set WEIR_REGISTRY_URL for the quality service.' });
    const decoder = made.get(format) ?? createDecoder({ format, registry });
    made.set(format, decoder);
    return decoder;
  };
}
