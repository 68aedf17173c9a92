import type { EnvReader } from './environment';
import type { PostgresConfig } from './postgres';
import type { Secret } from './secret';

/** Where a service listens. */
export interface ListenSettings {
  readonly host: string;
  readonly port: number;
  /** Whether the server describes itself to whoever asks. */
  readonly reflection: boolean;
}

/** What a service may use for stages. */
export interface StageSettings {
  /** Of each engine; there is one for each stage that runs. */
  readonly engine: { readonly memoryLimit: string; readonly threads: number };
  /** Places for stages that run at once; more wait. */
  readonly maxStages: number;
}

/** What connections of definitions may use of a service. */
export interface EgressSettings {
  /** Addresses of this machine and of private networks that they may reach. */
  readonly egressAllow: readonly string[];
  /** A secret by the name that a definition uses. Throws SECRET_MISSING. */
  readonly secretOf: (name: string) => Secret;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
const MAX_PORT = 65_535;

/** WEIR_HOST, WEIR_PORT and WEIR_REFLECTION, which is on by default only where nobody from outside can ask. Throws INVALID_VALUE. */
export function listenSettings(env: EnvReader, port: number): ListenSettings {
  const host = env.text('WEIR_HOST', '127.0.0.1');
  return { host, port: env.integer('WEIR_PORT', port, { min: 0, max: MAX_PORT }), reflection: env.flag('WEIR_REFLECTION', LOOPBACK.has(host)) };
}

/** WEIR_MEMORY_LIMIT, WEIR_ENGINE_THREADS and WEIR_MAX_STAGES. Throws INVALID_VALUE. */
export function stageSettings(env: EnvReader): StageSettings {
  return {
    engine: { memoryLimit: env.text('WEIR_MEMORY_LIMIT', '256MB'), threads: env.integer('WEIR_ENGINE_THREADS', 2, { min: 1, max: 64 }) },
    maxStages: env.integer('WEIR_MAX_STAGES', 2, { min: 1, max: 64 }),
  };
}

/** WEIR_EGRESS_ALLOW, addresses with commas between them, and WEIR_SECRET_<NAME>. */
export function egressSettings(env: EnvReader): EgressSettings {
  return { egressAllow: (env.optional('WEIR_EGRESS_ALLOW') ?? '').split(',').map((text) => text.trim()).filter(Boolean), secretOf: (name) => env.secretOf(name) };
}

/** WEIR_<NAME>_HOST, _PORT, _DATABASE, _USER and _PASSWORD; `database` is the default of the third. Throws MISSING_KEY and INVALID_VALUE. */
export function postgresSettings(env: EnvReader, name: 'POSTGRES' | 'WAREHOUSE', database: string): PostgresConfig {
  return {
    host: env.text(`WEIR_${name}_HOST`, '127.0.0.1'),
    port: env.integer(`WEIR_${name}_PORT`, 5432, { min: 1, max: MAX_PORT }),
    database: env.text(`WEIR_${name}_DATABASE`, database),
    user: env.text(`WEIR_${name}_USER`, 'weir'),
    password: env.secret(`WEIR_${name}_PASSWORD`),
  };
}
