import { WeirError, type ConnectionSettings, type Definition } from '@weir/core';
import type { Egress, Secret } from '@weir/platform';

/** What connections of definitions need of this service. */
export interface ConnectionDependencies {
  readonly egress: Egress;
  /** Throws SECRET_MISSING. */
  readonly secretOf: (name: string) => Secret;
}

/** The settings of a connection that the source of a definition names. Throws UNKNOWN_CONNECTION for one that the definition does not have, or of another type. */
export function connectionOf<Type extends ConnectionSettings['type']>({ name: pipeline, connections = {} }: Definition, name: string, type: Type): Extract<ConnectionSettings, { type: Type }> {
  const found = Object.hasOwn(connections, name) ? connections[name] : undefined;
  if (found?.type === type) return found as Extract<ConnectionSettings, { type: Type }>;
  throw new WeirError({ code: 'UNKNOWN_CONNECTION', message: `The pipeline ${pipeline} has no connection \`${name}\` of type ${type}.` });
}
