import { lakeSettings, listenSettings, readEnvironment, stageSettings, type LakeSettings, type ListenSettings, type StageSettings } from '@weir/platform';

export interface Config extends ListenSettings, StageSettings {
  readonly lake: LakeSettings;
  /** host:port of the metadata service. */
  readonly metadata: string;
}

/**
 * Files are written in the order of their rows, and that the engine does with several threads only if its limit is at least 16 MiB for each column. For a million rows of 17 columns one
 * thread takes 0.8 s with 256MB while the other waits; with this each has half of them, in no more memory.
 */
const MEMORY_LIMIT = '320MB';

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  const stages = stageSettings(settings);
  return {
    ...listenSettings(settings, 7413),
    ...stages,
    engine: { ...stages.engine, memoryLimit: settings.text('WEIR_MEMORY_LIMIT', MEMORY_LIMIT) },
    lake: lakeSettings(settings),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
  };
}
