// Imported first by main.ts: gRPC is traced only when it is loaded after this.
import { startTelemetry } from '@weir/platform';

startTelemetry('transform');
