import { listenSettings, readEnvironment, type ListenSettings } from '@weir/platform';
import type { Addresses } from '@weir/rpc';

/** Settings of this service. */
export interface Config extends ListenSettings {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly services: Required<Addresses>;
}

/** Reads the environment, once, at start. Throws INVALID_VALUE naming the variable. */
export function readConfig(env = readEnvironment()): Config {
  return {
    ...listenSettings(env, 7416),
    temporal: { address: env.text('WEIR_TEMPORAL_ADDRESS', '127.0.0.1:7233'), namespace: env.text('WEIR_TEMPORAL_NAMESPACE', 'default') },
    services: {
      ingest: env.text('WEIR_INGEST_ADDRESS', '127.0.0.1:7411'),
      quality: env.text('WEIR_QUALITY_ADDRESS', '127.0.0.1:7412'),
      transform: env.text('WEIR_TRANSFORM_ADDRESS', '127.0.0.1:7413'),
      load: env.text('WEIR_LOAD_ADDRESS', '127.0.0.1:7414'),
      metadata: env.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    },
  };
}
