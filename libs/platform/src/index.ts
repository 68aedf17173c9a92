export { readEnvironment, type EnvReader } from './environment';
export { createLog, type Logger } from './log';
export { migrate } from './migrate';
export { inTransaction, mapPostgresError, openPool, type PostgresConfig } from './postgres';
export { Readiness, type ReadinessOptions } from './readiness';
export { Secret } from './secret';
export { onShutdown } from './shutdown';
export { StageGate } from './stage-gate';
export { activeTraceId, markFailed, spanProcessor, startTelemetry, stopTelemetry, telemetryResource, withoutSpans, withSpan } from './telemetry';
