import type { PostgresConnection } from '@weir/connectors';
import { egressSettings, lakeSettings, listenSettings, postgresSettings, readEnvironment, stageSettings, type EgressSettings, type LakeSettings, type ListenSettings, type StageSettings } from '@weir/platform';

export interface Config extends ListenSettings, StageSettings, EgressSettings {
  readonly lake: LakeSettings;
  /** host:port of the quality service, which keeps the quarantine. */
  readonly quality: string;
  /** host:port of the metadata service. */
  readonly metadata: string;
  /** Where definitions may deliver to, by name. */
  readonly connections: Readonly<Record<string, PostgresConnection>>;
  /** Folder below which destinations of type file lie; undefined where there are none. */
  readonly exports: string | undefined;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  return {
    ...listenSettings(settings, 7414),
    ...stageSettings(settings),
    ...egressSettings(settings),
    lake: lakeSettings(settings),
    quality: settings.text('WEIR_QUALITY_ADDRESS', '127.0.0.1:7412'),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    connections: { warehouse: postgresSettings(settings, 'WAREHOUSE', 'warehouse') },
    exports: settings.optional('WEIR_EXPORTS'),
  };
}
