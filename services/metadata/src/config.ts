import { listenSettings, postgresSettings, readEnvironment, type ListenSettings, type PostgresConfig } from '@weir/platform';

export interface Config extends ListenSettings {
  /** Folder of the lake. */
  readonly lake: string;
  readonly postgres: PostgresConfig;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  return {
    ...listenSettings(settings, 7415),
    lake: settings.text('WEIR_LAKE'),
    postgres: postgresSettings(settings, 'POSTGRES', 'weir'),
  };
}
