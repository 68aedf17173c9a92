import './telemetry';
import { Lake } from '@weir/lake';
import { createLog, Egress, onShutdown, StageGate, stopTelemetry } from '@weir/platform';
import { connect, serve } from '@weir/rpc';
import { AnsweredKeys } from './answered-keys';
import { readConfig } from './config';
import { kafkaClients } from './kafka';
import { remoteMetadata } from './metadata';
import type { PushAnswer } from './push';
import { services } from './rpc';

const log = createLog('ingest');

/** Calls that write to Kafka at a time; each holds two batches of 1 MB. */
const CONCURRENT_PUSHES = 16;

async function main(): Promise<void> {
  const config = readConfig();
  const clients = connect(config.services);
  const kafka = kafkaClients(config.kafka, log);
  const pushing = { pushed: new AnsweredKeys<PushAnswer>(), pushes: new StageGate(CONCURRENT_PUSHES) };
  const dependencies = { lake: new Lake(config.lake), engine: config.engine, clients, log, egress: new Egress(config.egressAllow), secretOf: config.secretOf, ...remoteMetadata(clients), ...kafka, ...pushing };
  const server = await serve({ ...config, services: services(dependencies, new StageGate(config.maxStages)) });
  server.setReady(true);
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await server.drain(15_000);
    await kafka.close();
    clients.close();
    await stopTelemetry();
  });
}

main().catch((error: unknown) => {
  log.error({ error }, 'Cannot start.');
  process.exit(1);
});
