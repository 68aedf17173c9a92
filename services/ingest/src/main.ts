import './telemetry';
import { openLake } from '@weir/lake';
import { createLog, Egress, onShutdown, Readiness, StageGate, stopTelemetry } from '@weir/platform';
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
  const lake = await openLake(config.lake);
  const clients = connect(config.services);
  const kafka = kafkaClients(config.kafka, log);
  const pushing = { pushed: new AnsweredKeys<PushAnswer>(), pushes: new StageGate(CONCURRENT_PUSHES) };
  const dependencies = { lake, engine: config.engine, clients, log, egress: new Egress(config.egressAllow), secretOf: config.secretOf, ...remoteMetadata(clients), ...kafka, ...pushing };
  const server = await serve({ ...config, services: services(dependencies, new StageGate(config.maxStages)) });
  const readiness = new Readiness({ probe: () => lake.probe(), report: (ready) => server.setReady(ready), log });
  readiness.start();
  log.info({ port: server.port }, 'Listening.');
  onShutdown(log, async () => {
    await readiness.stop();
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
