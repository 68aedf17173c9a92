import { listenSettings, readEnvironment, stageSettings, type ListenSettings, type StageSettings } from '@weir/platform';

export interface Config extends ListenSettings, Pick<StageSettings, 'maxStages'> {
  /** Folder of the lake. */
  readonly lake: string;
  /** host:port of the metadata service. */
  readonly metadata: string;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  return {
    ...listenSettings(settings, 7411),
    lake: settings.text('WEIR_LAKE'),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    maxStages: stageSettings(settings).maxStages,
  };
}
