import type { RegistryConnection } from '@weir/connectors';
import { listenSettings, postgresSettings, readEnvironment, stageSettings, type ListenSettings, type PostgresConfig, type StageSettings } from '@weir/platform';

export interface Config extends ListenSettings, StageSettings {
  /** Folder of the lake. */
  readonly lake: string;
  readonly postgres: PostgresConfig;
  /** host:port of the metadata service. */
  readonly metadata: string;
  /** Undefined where no pipeline needs one: values are JSON. */
  readonly registry: RegistryConnection | undefined;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  return {
    ...listenSettings(settings, 7412),
    ...stageSettings(settings),
    lake: settings.text('WEIR_LAKE'),
    postgres: postgresSettings(settings, 'POSTGRES', 'weir'),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    registry: isSet('WEIR_REGISTRY_URL') ? { url: settings.text('WEIR_REGISTRY_URL'), ...(isSet('WEIR_REGISTRY_USER') ? { user: settings.text('WEIR_REGISTRY_USER'), password: settings.secret('WEIR_REGISTRY_PASSWORD') } : {}) } : undefined,
  };
}
