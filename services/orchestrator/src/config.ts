import { WeirError } from '@weir/core';
import { listenSettings, readEnvironment, type ListenSettings } from '@weir/platform';
import type { Addresses } from '@weir/rpc';

/** Settings of this service. */
export interface Config extends ListenSettings {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly services: Required<Addresses>;
  /** Set where workers have versions. */
  readonly version?: { readonly deploymentName: string; readonly buildId: string } | undefined;
}

/** What a setting says that is not used. */
const NONE = 'none';

/** Reads the environment, once, at start. Throws INVALID_VALUE naming the variable. */
export function readConfig(env = readEnvironment()): Config {
  const deploymentName = env.text('WEIR_DEPLOYMENT', NONE);
  const buildId = env.text('WEIR_BUILD_ID', NONE);
  if ((deploymentName === NONE) !== (buildId === NONE)) {
    const [given, missing] = buildId === NONE ? ['WEIR_DEPLOYMENT', 'WEIR_BUILD_ID'] : ['WEIR_BUILD_ID', 'WEIR_DEPLOYMENT'];
    throw new WeirError({ code: 'INVALID_VALUE', place: missing, message: `${given} is set and ${missing} is not.`, fix: 'Set both, or none where workers have no versions.' });
  }
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
    version: buildId === NONE ? undefined : { deploymentName, buildId },
  };
}
