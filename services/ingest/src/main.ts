import './telemetry';
import { Lake } from '@weir/lake';
import { createLog, onShutdown, StageGate, stopTelemetry } from '@weir/platform';
import { connect, serve } from '@weir/rpc';
import { readConfig } from './config';
import { kafkaClients } from './kafka';
import { remoteMetadata } from './metadata';
import { services } from './rpc';

const log = createLog('ingest');

async function main(): Promise<void> {
  const config = readConfig();
  const clients = connect(config.services);
  const dependencies = { lake: new Lake(config.lake), clients, log, onLag: () => undefined, ...remoteMetadata(clients), ...kafkaClients(config.kafka, log) };
  const server = await serve({ ...config, services: services(dependencies, new StageGate(config.maxStages)) });
  server.setReady(true);
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await server.drain(15_000);
    clients.close();
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
