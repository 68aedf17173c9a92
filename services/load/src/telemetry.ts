// Imported first by main.ts: gRPC and pg are traced only when they are loaded after this.
import { startTelemetry } from '@weir/platform';

startTelemetry('load');
