import { lakeSettings, listenSettings, postgresSettings, readEnvironment, type LakeSettings, type ListenSettings, type PostgresConfig } from '@weir/platform';

export interface Config extends ListenSettings {
  readonly lake: LakeSettings;
  readonly postgres: PostgresConfig;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  return {
    ...listenSettings(settings, 7415),
    lake: lakeSettings(settings),
    postgres: postgresSettings(settings, 'POSTGRES', 'weir'),
  };
}
