import { startTelemetry } from '@weir/platform';

// Imported first by main.ts: gRPC must not be loaded before its instrumentation.
startTelemetry('orchestrator');
