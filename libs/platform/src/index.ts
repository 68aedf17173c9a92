export { readEnvironment, type EnvReader } from './environment';
export { createLog, type Logger } from './log';
export { migrate } from './migrate';
export { inTransaction, mapPostgresError, openPool, type PostgresConfig } from './postgres';
export { Secret } from './secret';
export { onShutdown } from './shutdown';
export { activeTraceId, markFailed, spanProcessor, startTelemetry, stopTelemetry, withSpan } from './telemetry';
