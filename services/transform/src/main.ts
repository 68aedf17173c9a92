import './telemetry';
import { WarmEngines } from '@weir/engine';
import { Lake } from '@weir/lake';
import { createLog, onShutdown, StageGate, stopTelemetry } from '@weir/platform';
import { connect, serve } from '@weir/rpc';
import { readConfig } from './config';
import { remoteMetadata } from './metadata';
import { services } from './rpc';

const log = createLog('transform');

async function main(): Promise<void> {
  const config = readConfig();
  const clients = connect({ metadata: config.metadata });
  // One thread each: a micro-batch is some thousand rows.
  const warm = new WarmEngines({ ...config.engine, threads: 1 });
  const dependencies = { lake: new Lake(config.lake), metadata: remoteMetadata(clients), compaction: clients.catalog, engine: config.engine, warm };
  const server = await serve({ ...config, services: services(dependencies, new StageGate(config.maxStages)) });
  server.setReady(true);
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await server.drain(15_000);
    warm.close();
    clients.close();
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
