import './telemetry';
import { join } from 'node:path';
import { createLog, onShutdown, spanProcessor, stopTelemetry } from '@weir/platform';
import { connect, serve } from '@weir/rpc';
import { createActivities } from './activities';
import { readConfig } from './config';
import { installRuntime } from './runtime';
import { TASK_QUEUE, keepWorking } from './worker';

const DRAIN_MS = 20_000;

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog('orchestrator');
  installRuntime(log);
  const clients = connect(config.services);
  // No rpc of its own: health and reflection only, so that `weir status` asks it like every other service.
  const server = await serve({ host: config.host, port: config.port, services: [], reflection: config.reflection });
  const stopping = new AbortController();
  const workflowBundle = { codePath: join(__dirname, 'workflows.js') };
  const activities = createActivities({ clients, log });
  const settings = { ...config.temporal, taskQueue: TASK_QUEUE, activities, workflowBundle, spans: spanProcessor(), version: config.version };
  const working = keepWorking(settings, log, stopping.signal, (ready) => server.setReady(ready));
  const stop = async () => {
    stopping.abort();
    await working;
    await server.drain(1_000);
    clients.close();
    await stopTelemetry();
  };
  onShutdown(log, stop, DRAIN_MS);
}

void main().catch((error: unknown) => {
  createLog('orchestrator').fatal({ error }, 'Cannot start.');
  process.exitCode = 1;
});
