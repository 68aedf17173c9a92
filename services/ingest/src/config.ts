import { readEnvironment } from '@weir/platform';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly reflection: boolean;
  /** Folder of the lake. */
  readonly lake: string;
  /** host:port of the metadata service. */
  readonly metadata: string;
  /** Stages that run at once; more wait. */
  readonly maxStages: number;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  const host = settings.text('WEIR_HOST', '127.0.0.1');
  return {
    host,
    port: settings.integer('WEIR_PORT', 7411, { min: 0, max: 65_535 }),
    reflection: settings.flag('WEIR_REFLECTION', host === '127.0.0.1' || host === '::1' || host === 'localhost'),
    lake: settings.text('WEIR_LAKE'),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    maxStages: settings.integer('WEIR_MAX_STAGES', 2, { min: 1, max: 64 }),
  };
}
