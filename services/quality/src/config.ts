import type { RegistryConnection } from '@weir/connectors';
import { lakeSettings, listenSettings, postgresSettings, readEnvironment, stageSettings, type EnvReader, type LakeSettings, type ListenSettings, type PostgresConfig, type StageSettings } from '@weir/platform';

export interface Config extends ListenSettings, StageSettings {
  readonly lake: LakeSettings;
  readonly postgres: PostgresConfig;
  /** host:port of the metadata service. */
  readonly metadata: string;
  /** Undefined where no pipeline needs one: values are JSON. */
  readonly registry: RegistryConnection | undefined;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  return {
    ...listenSettings(settings, 7412),
    ...stageSettings(settings),
    lake: lakeSettings(settings),
    postgres: postgresSettings(settings, 'POSTGRES', 'weir'),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    registry: registrySettings(settings),
  };
}

function registrySettings(settings: EnvReader): RegistryConnection | undefined {
  const [url, user] = [settings.optional('WEIR_REGISTRY_URL'), settings.optional('WEIR_REGISTRY_USER')];
  if (url === undefined) return undefined;
  return user === undefined ? { url } : { url, user, password: settings.secret('WEIR_REGISTRY_PASSWORD') };
}
