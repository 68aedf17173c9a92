import './telemetry';
import { WarmEngines } from '@weir/engine';
import { openLake } from '@weir/lake';
import { createLog, onShutdown, Readiness, StageGate, stopTelemetry } from '@weir/platform';
import { connect, serve } from '@weir/rpc';
import { readConfig } from './config';
import { remoteMetadata } from './metadata';
import { services } from './rpc';

const log = createLog('transform');

async function main(): Promise<void> {
  const config = readConfig();
  const lake = await openLake(config.lake);
  const clients = connect({ metadata: config.metadata });
  // One thread each: a micro-batch is some thousand rows.
  const warm = new WarmEngines({ ...config.engine, threads: 1 });
  const dependencies = { lake, metadata: remoteMetadata(clients), compaction: clients.catalog, engine: config.engine, warm };
  const server = await serve({ ...config, services: services(dependencies, new StageGate(config.maxStages)) });
  const readiness = new Readiness({ probe: () => lake.probe(), report: (ready) => server.setReady(ready), log });
  readiness.start();
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await readiness.stop();
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
