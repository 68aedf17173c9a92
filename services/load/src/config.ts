import type { PostgresConnection } from '@weir/connectors';
import { readEnvironment } from '@weir/platform';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly reflection: boolean;
  /** Folder of the lake. */
  readonly lake: string;
  /** host:port of the metadata service. */
  readonly metadata: string;
  /** Of the engine that computes differences; there is one at a time. */
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
  /** Stages that run at once; more wait. */
  readonly maxStages: number;
  /** Where definitions may deliver to, by name. */
  readonly connections: Readonly<Record<string, PostgresConnection>>;
}

/** The service's settings. Throws MISSING_KEY and INVALID_VALUE, naming the variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const settings = readEnvironment(env);
  const host = settings.text('WEIR_HOST', '127.0.0.1');
  return {
    host,
    port: settings.integer('WEIR_PORT', 7414, { min: 0, max: 65_535 }),
    reflection: settings.flag('WEIR_REFLECTION', host === '127.0.0.1' || host === '::1' || host === 'localhost'),
    lake: settings.text('WEIR_LAKE'),
    metadata: settings.text('WEIR_METADATA_ADDRESS', '127.0.0.1:7415'),
    engine: { memoryLimit: settings.text('WEIR_MEMORY_LIMIT', '256MB'), threads: settings.integer('WEIR_ENGINE_THREADS', 2, { min: 1, max: 64 }) },
    maxStages: settings.integer('WEIR_MAX_STAGES', 2, { min: 1, max: 64 }),
    connections: {
      warehouse: {
        host: settings.text('WEIR_WAREHOUSE_HOST', '127.0.0.1'),
        port: settings.integer('WEIR_WAREHOUSE_PORT', 5432, { min: 1, max: 65_535 }),
        database: settings.text('WEIR_WAREHOUSE_DATABASE', 'warehouse'),
        user: settings.text('WEIR_WAREHOUSE_USER', 'weir'),
        password: settings.secret('WEIR_WAREHOUSE_PASSWORD'),
      },
    },
  };
}
